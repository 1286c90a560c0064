"""СЭТ-4ТМ and ПСЧ-4ТМ as they behave on a line: sessions, statuses, and silence.

Silent for another address and for a wrong checksum; what it does not understand it refuses. Sent to address 0, a
request is answered from the meter's own.
"""

from datetime import datetime

from kilovatt.measure.metering.catalogue.nzif import NzifDialect
from kilovatt.measure.metering.events import EventKind
from kilovatt.wire.protocols.framing.crc16 import append_crc
from kilovatt.wire.protocols.nzif.hearing import (
    SHORT_ADDRESS_MAX,
    body_of,
    head_of,
    head_size,
    is_whole,
    request_from_body,
)
from kilovatt.wire.protocols.nzif.request import Status
from kilovatt.wire.simulator.clockwork import Clockwork
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.nzif.counting import Counting
from kilovatt.wire.simulator.nzif.flow import Flow
from kilovatt.wire.simulator.nzif.journals import Journals
from kilovatt.wire.simulator.nzif.replies import NEED_NO_CHANNEL, REPLIES
from kilovatt.wire.simulator.nzif.ring import ProfileRing
from kilovatt.wire.simulator.nzif.works import Channel, Works

_ANYBODY = head_of(0)


class NzifMeter:
    """One meter on a bus."""

    def __init__(self, plan: SimulatedMeterPlan) -> None:
        model = plan.model
        assert model.uwh_per_count is not None, "every model of this language has a load profile"
        dialect = model.dialect if isinstance(model.dialect, NzifDialect) else NzifDialect()
        self.plan = plan
        clockwork = Clockwork(plan.zone, plan.clock_ahead)
        counting = Counting(plan.energy, clockwork, model.quantities, uwh_per_count=model.uwh_per_count)
        self._works = Works(
            plan=plan,
            dialect=dialect,
            channel=Channel(plan.passwords, life_s=dialect.channel_life_s),
            clockwork=clockwork,
            counting=counting,
            ring=ProfileRing(
                counting,
                clockwork,
                begins_at=plan.energy.begins_at,
                period_minutes=model.profile_step_s // 60,
                lines=dialect.profile_lines,
                outages=[event for event in plan.past_events if event.kind is EventKind.POWER_OFF],
            ),
            flow=Flow(plan.serial, model.phases, plan.energy),
            journals=Journals(plan.past_events, clockwork.shows),
        )
        self._head = head_of(plan.address)
        self._heads = frozenset({self._head, _ANYBODY})
        if plan.serial > SHORT_ADDRESS_MAX:
            self._heads |= {head_of(plan.serial)}

    def hear(self, frame: bytes, now: datetime) -> bytes | None:
        """Answer a frame, or keep silent."""
        head = frame[: head_size(frame)]
        if head not in self._heads or not is_whole(frame):
            return None
        said = self._said(body_of(frame), now)
        return append_crc((self._head if head == _ANYBODY else head) + said)

    def _said(self, body: bytes, now: datetime) -> bytes:
        request = request_from_body(body)
        if request is None:
            return bytes([Status.UNKNOWN_REQUEST])
        if type(request) not in NEED_NO_CHANNEL and not self._works.channel.is_open(now):
            return bytes([Status.CHANNEL_CLOSED])
        value = REPLIES[type(request)](self._works, request, now)
        return bytes([value]) if isinstance(value, Status) else request.says[-1].encode(value)
