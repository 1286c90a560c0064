"""Mercury 230 and 234 as they behave on a line: sessions, access levels, statuses, and silence.

Silent for another address, a wrong checksum, a wrong number of bytes, a code it does not know, a write to the
universal address (unless that is its own), and for whatever is broadcast (which it obeys).
"""

from datetime import datetime
from typing import Any

from kilovatt.measure.metering.events import EventKind
from kilovatt.wire.protocols.framing.crc16 import CRC_SIZE, crc_is_right
from kilovatt.wire.protocols.framing.status_language import OK
from kilovatt.wire.protocols.mercury_v2.hearing import FRAME_SIZE_MIN, frame, request_from_body
from kilovatt.wire.protocols.mercury_v2.profile import AddressOrder
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from kilovatt.wire.simulator.mercury_v2.channel import AccessChannel
from kilovatt.wire.simulator.mercury_v2.clockwork import Clockwork
from kilovatt.wire.simulator.mercury_v2.commands import COMMANDS
from kilovatt.wire.simulator.mercury_v2.counting import Counting
from kilovatt.wire.simulator.mercury_v2.flow import Flow
from kilovatt.wire.simulator.mercury_v2.journals import Journals
from kilovatt.wire.simulator.mercury_v2.replies import REPLIES, SILENT_ON_OLDER
from kilovatt.wire.simulator.mercury_v2.ring import ProfileRing
from kilovatt.wire.simulator.mercury_v2.settings import Settings
from kilovatt.wire.simulator.mercury_v2.variant import variant_of
from kilovatt.wire.simulator.mercury_v2.works import Status, Works
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.switched_energy import SwitchedEnergy

_UNIVERSAL = 0x00
_BROADCAST = 0xFE
_WRITE = 0x03
_PARSED_MAX = 1000
_REPLIES = {**REPLIES, **COMMANDS}


class MercuryV2Meter:
    """One meter on a bus.

    `address_order` is how it sends the address of the newest record of its profile, which is not established:
    drivers find out. As real meters were seen to is the default.
    """

    def __init__(self, plan: SimulatedMeterPlan, *, address_order: AddressOrder = AddressOrder.LOW_FIRST) -> None:
        model = plan.model
        assert model.uwh_per_count is not None, "every model of this language has a load profile"
        assert model.password is not None, "and a password"
        self.plan = plan
        variant = variant_of(model)
        switched = SwitchedEnergy(plan.energy)
        clockwork = Clockwork(plan.zone, plan.clock_ahead)
        self._works = Works(
            plan=plan,
            variant=variant,
            channel=AccessChannel(plan.passwords, model.password.form),
            clockwork=clockwork,
            switched=switched,
            counting=Counting(switched, clockwork, model.quantities),
            ring=ProfileRing(
                plan.energy,
                switched,
                clockwork,
                quantities=model.quantities,
                uwh_per_count=model.uwh_per_count,
                step_s=model.profile_step_s,
                is_large=variant.has_large_memory,
                outages=[event for event in plan.past_events if event.kind is EventKind.POWER_OFF],
            ),
            flow=Flow(plan.serial, model.phases, switched),
            journals=Journals(plan.past_events, clockwork.shows, powered_on_at=plan.energy.begins_at),
            settings=Settings(address=plan.address),
            address_order=address_order,
        )
        self._parsed: dict[bytes, MercuryV2Request[Any] | None] = {}

    def hear(self, frame: bytes, now: datetime) -> bytes | None:
        """Answer a frame, or keep silent."""
        if len(frame) < FRAME_SIZE_MIN or not self._is_meant(frame) or not crc_is_right(frame):
            return None
        body = frame[1:-CRC_SIZE]
        if frame[0] == _UNIVERSAL and body[0] == _WRITE and self._works.settings.address != _UNIVERSAL:
            return None
        request = self._request(body)
        if request is None:
            # A parameter that it does not know is refused, a code it does not know is not understood at all.
            return self._answered(frame[0], bytes([Status.UNKNOWN])) if body[0] == _WRITE and len(body) > 1 else None
        if not self._works.is_newer and type(request) in SILENT_ON_OLDER:
            return None
        said = self._said(request, now)
        return self._answered(request.answering_address(frame[0]), said) if frame[0] != _BROADCAST else None

    def _is_meant(self, heard: bytes) -> bool:
        return heard[0] in (self._works.settings.address, _UNIVERSAL, _BROADCAST)

    def _request(self, body: bytes) -> MercuryV2Request[Any] | None:
        if body not in self._parsed:
            if len(self._parsed) > _PARSED_MAX:
                self._parsed.clear()
            self._parsed[body] = request_from_body(body)
        return self._parsed[body]

    def _said(self, request: MercuryV2Request[Any], now: datetime) -> bytes:
        channel = self._works.channel
        level = channel.level(now)
        if request.level > level:
            return bytes([Status.ACCESS_DENIED if level else Status.CHANNEL_CLOSED])
        channel.rearm(now)
        reply = _REPLIES.get(type(request))
        value = Status.UNKNOWN if reply is None else reply(self._works, request, now)
        if isinstance(value, Status):
            return bytes([value])
        if value is None:
            return bytes([OK])
        return value if isinstance(value, bytes) else request.says[0].encode(value)

    def _answered(self, address: int, said: bytes) -> bytes:
        return frame(address, said)
