"""Mercury 200, 203.2T and 206 as they behave on a line: an answer, or silence.

Silent for a wrong checksum, another address, an unknown command, a parameter of a wrong size or of no meaning, a
command that the model does not have, and for whatever is sent to its group address (which it obeys).
"""

from dataclasses import replace
from datetime import datetime

from kilovatt.wire.protocols.mercury_v1.archive import HalfHourLayout, ReadHalfHours
from kilovatt.wire.protocols.mercury_v1.hearing import Heard, heard
from kilovatt.wire.simulator.clockwork import Clockwork
from kilovatt.wire.simulator.mercury_v1.counting import Counting
from kilovatt.wire.simulator.mercury_v1.flow import Flow
from kilovatt.wire.simulator.mercury_v1.journals import Journals
from kilovatt.wire.simulator.mercury_v1.replies import NEVER_CHANGES, Works, replies
from kilovatt.wire.simulator.mercury_v1.settings import Settings
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.switched_energy import SwitchedEnergy

_ADDRESS_SIZE = 4


class MercuryV1Meter:
    """One meter on a bus.

    `half_hour_layout` is the layout it answers half-hours in: of those that the maker's text leaves open, the
    structure it spells out is the default. The driver chooses for itself.
    """

    def __init__(
        self, plan: SimulatedMeterPlan, *, half_hour_layout: HalfHourLayout = HalfHourLayout.CRC_BY_GROUP
    ) -> None:
        self.plan = plan
        self._layouts = frozenset({half_hour_layout})
        self._address = plan.address.to_bytes(_ADDRESS_SIZE, "big")
        self._settings = Settings(plan)
        clockwork = Clockwork(plan.zone, plan.clock_ahead)
        switched = SwitchedEnergy(plan.energy)
        self._replies = replies(
            Works(
                plan=plan,
                clockwork=clockwork,
                switched=switched,
                counting=Counting(plan.energy, switched, clockwork),
                journals=Journals(plan.past_events, clockwork.shows),
                flow=Flow(plan.serial, switched),
                settings=self._settings,
            )
        )
        self._unchanging: dict[bytes, bytes] = {}

    def hear(self, frame: bytes, now: datetime) -> bytes | None:
        """Answer a frame, or keep silent."""
        address = frame[:_ADDRESS_SIZE]
        for_group = address == self._settings.group_address_bytes
        if address != self._address and not for_group:
            return None
        if frame in self._unchanging:
            return self._unchanging[frame]
        request = heard(frame)
        reply = self._replies.get(type(request.request)) if request is not None else None
        if request is None or reply is None:
            return None
        value = reply(request.request, now)
        if for_group:
            return None
        answer = self._as_it_lays(request).answer(value)
        if isinstance(request.request, NEVER_CHANGES):
            self._unchanging[frame] = answer
        return answer

    def _as_it_lays(self, request: Heard) -> Heard:
        if isinstance(request.request, ReadHalfHours):
            return replace(request, request=replace(request.request, layouts=self._layouts))
        return request
