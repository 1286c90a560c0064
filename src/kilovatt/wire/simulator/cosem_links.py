"""Behind what a simulated DLMS meter listens: the wrapper, HDLC at once, or HDLC behind a call."""

from datetime import datetime, timedelta

from kilovatt.measure.metering.catalogue.cosem import CosemDialect, Entry
from kilovatt.measure.metering.models import MeterModel
from kilovatt.wire.protocols.framing.hdlc.frames import server_address
from kilovatt.wire.protocols.framing.hdlc.optical import OpticalServerLink
from kilovatt.wire.protocols.framing.hdlc.parameters import LinkLimits
from kilovatt.wire.protocols.framing.hdlc.server import HdlcServerLink
from kilovatt.wire.protocols.framing.links import MessageServer, ServerLink
from kilovatt.wire.protocols.framing.sign_on import Identification
from kilovatt.wire.protocols.framing.wrapper import WrapperServerLink
from kilovatt.wire.simulator.meter import SimulatedMeterPlan

INACTIVITY = timedelta(seconds=120)
"""After such a rest a meter waits for a call again: the longest that ГОСТ Р 58940-2020 lets be set."""


def speaks_in_wrapper(model: MeterModel) -> bool:
    """Whether a meter's messages travel in the wrapper, for which TCP and UDP are the same."""
    return isinstance(model.dialect, CosemDialect) and model.dialect.over_wrapper


class CosemPort:
    """The port of one meter: its link, and how long it has rested.

    `limits` are what the meter can where that is not what its dialect asks for.
    """

    def __init__(
        self,
        plan: SimulatedMeterPlan,
        dialect: CosemDialect,
        server: MessageServer,
        limits: LinkLimits | None = None,
    ) -> None:
        self._link = _link(plan, dialect, server, limits)
        self._heard_at: datetime | None = None

    def hear(self, data: bytes, now: datetime) -> bytes | None:
        """Answer what came, or keep silent."""
        link = self._link
        if isinstance(link, OpticalServerLink) and self._heard_at is not None and now - self._heard_at > INACTIVITY:
            link.rest()
        self._heard_at = now
        return link.hear(data)

    def connected(self) -> None:
        """Hear that a connection to it was made anew."""
        self._link.connected()

    @property
    def baud(self) -> int | None:
        """At which speed it listens; None where that does not change."""
        return self._link.speed.baud if isinstance(self._link, OpticalServerLink) else None


def _link(
    plan: SimulatedMeterPlan, dialect: CosemDialect, server: MessageServer, limits: LinkLimits | None
) -> ServerLink:
    if dialect.over_wrapper:
        return WrapperServerLink(server, frozenset({dialect.logical_device}))
    address = server_address(dialect.logical_device, plan.address, dialect.address_bytes)
    can = limits or LinkLimits(transmit_info=dialect.info_bytes, receive_info=dialect.info_bytes)
    served = HdlcServerLink(frozenset({address}), server, can)
    if dialect.entry is Entry.DIRECT:
        return served
    identification = Identification(dialect.flag, dialect.baud_letter or "5", dialect.type_name, "2")
    called = str(plan.address) if dialect.calls_by_address else str(plan.serial)
    return OpticalServerLink(served, identification, called, parity_bits=dialect.parity_bits)
