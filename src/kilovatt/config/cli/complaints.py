"""Known troubles, in the user's language: each a sentence that says what is wrong and what to do."""

from django.core.exceptions import ImproperlyConfigured

from kilovatt.config.cli.voice import _
from kilovatt.config.data_directory import DataDirectoryError
from kilovatt.config.demo.town_file import DemoError
from kilovatt.config.site import PortTakenError
from kilovatt.measure.metering.catalogue import MODELS, UnknownModelError
from kilovatt.office.exchange.faults import FileFaultError
from kilovatt.office.operations.clocks.held_refusals import HeldApartError
from kilovatt.office.operations.orders.order_refusals import OrderRefusedError
from kilovatt.wire.headend.lines import LineAddressError
from kilovatt.wire.protocols.framing.connection import LocalProtocolError
from kilovatt.wire.simulator.curves import HouseholdFileError
from kilovatt.wire.simulator.gateway import ListenError
from kilovatt.wire.simulator.plan import TownPlanError
from kilovatt.wire.simulator.town_process import TownStartError

_WORDED = (
    DataDirectoryError,
    FileFaultError,
    HeldApartError,
    HouseholdFileError,
    LineAddressError,
    ListenError,
    OrderRefusedError,
    PortTakenError,
    TownPlanError,
    TownStartError,
)
"""Errors that carry an English `sentence`, marked for translation, and the `values` that fill it in."""

KNOWN = (*_WORDED, DemoError, ImproperlyConfigured, LocalProtocolError, UnknownModelError)


def sentence(error: BaseException) -> str:
    """Return what to tell the user."""
    if isinstance(error, _WORDED):
        return _(error.sentence) % error.values
    if isinstance(error, ImproperlyConfigured):
        return _(str(error))
    if isinstance(error, UnknownModelError):
        known = ", ".join(model.key for model in MODELS)
        return _("There is no meter model {model}. Known models: {known}.").format(model=error.args[0], known=known)
    return str(error)
