"""Known troubles, in the user's language: each a sentence that says what is wrong and what to do."""

from django.core.exceptions import ImproperlyConfigured

from kilovatt.config.cli.voice import _
from kilovatt.config.data_directory import DataDirectoryError
from kilovatt.config.demo.town_file import DemoError
from kilovatt.config.site import PortTakenError
from kilovatt.measure.metering.catalogue import MODELS, UnknownModelError
from kilovatt.wire.headend.lines import LineAddressError
from kilovatt.wire.protocols.framing.connection import LocalProtocolError
from kilovatt.wire.simulator.curves import SENTENCES, HouseholdFileError
from kilovatt.wire.simulator.gateway import ListenError
from kilovatt.wire.simulator.plan import TownPlanError
from kilovatt.wire.simulator.town_process import TownStartError

KNOWN = (
    DataDirectoryError,
    DemoError,
    HouseholdFileError,
    ImproperlyConfigured,
    LineAddressError,
    ListenError,
    LocalProtocolError,
    PortTakenError,
    TownPlanError,
    TownStartError,
    UnknownModelError,
)


def sentence(error: BaseException) -> str:
    """Return what to tell the user."""
    if isinstance(error, HouseholdFileError):
        return _(SENTENCES[error.fault]) % error.details
    if isinstance(error, UnknownModelError):
        known = ", ".join(model.key for model in MODELS)
        return _("There is no meter model {model}. Known models: {known}.").format(model=error.args[0], known=known)
    return str(error)
