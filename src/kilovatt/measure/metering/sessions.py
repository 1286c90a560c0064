"""What one session with a meter brought: what was learnt, by which frames, and how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from uuid import UUID

from kilovatt.measure.metering.concentrators import ConcentratorState
from kilovatt.measure.metering.events import MeterEvent
from kilovatt.measure.metering.meter_days import NO_EXCHANGE, MeterDay, Source
from kilovatt.measure.metering.orders import OrderReport
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.registers import RegisterReading, both, exchanges_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a meter says it is. `variant` is its variant word as it came, in hex."""

    serial: str
    made_on: date | None
    firmware: str | None
    variant: str | None
    exchange: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """The meter's clock [UTC] when ours showed `heard_at`."""

    taken_at: datetime
    heard_at: datetime
    exchange: int

    @property
    def deviation(self) -> timedelta:
        """How far the meter's clock is ahead of ours."""
        return self.taken_at - self.heard_at


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantValues:
    """What flows now. Lists are by phase; None is a value this model does not show.

    Power is signed: negative is given to the grid. `relay_closed` is None without a relay.
    """

    taken_at: datetime
    power_w: int | None
    voltages_mv: tuple[int, ...] = ()
    currents_ma: tuple[int, ...] = ()
    frequency_mhz: int | None = None
    tariff: int | None = None
    relay_closed: bool | None = None
    exchange: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What a conversation learnt; the sum of two is what both learnt."""

    identity: Identity | None = None
    clock: ClockReading | None = None
    instant: InstantValues | None = None
    registers: Sequence[RegisterReading] = ()
    meter_days: tuple[MeterDay, ...] = ()
    events: tuple[MeterEvent, ...] = ()
    concentrator: ConcentratorState | None = None

    def __add__(self, other: "Learnt") -> "Learnt":
        """Both, the later single values winning."""
        return Learnt(
            identity=other.identity or self.identity,
            clock=other.clock or self.clock,
            instant=other.instant or self.instant,
            registers=both(self.registers, other.registers),
            meter_days=self.meter_days + other.meter_days,
            events=self.events + other.events,
            concentrator=other.concentrator or self.concentrator,
        )

    @property
    def exchanges(self) -> frozenset[int]:
        """The exchanges that carried something learnt: the frames worth keeping."""
        single = [v.exchange for v in (self.identity, self.clock, self.instant) if v is not None]
        behind = self.concentrator.exchanges if self.concentrator is not None else frozenset()
        events = {event.exchange for event in self.events}
        slots = {exchange for day in self.meter_days for exchange in day.exchanges if exchange != NO_EXCHANGE}
        return behind.union(single, exchanges_of(self.registers), events, slots)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was learnt."""
        return not any(getattr(self, f.name) for f in fields(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer as they stood on the wire, passwords already masked."""

    number: int
    request: bytes
    answer: bytes
    sent_at: datetime
    took_ms: int
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReport:
    """One session with one meter, whole: what the head-end hands over and the intake accepts."""

    session_id: UUID
    meter_id: int
    language: str
    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    failed_part: SessionPart | None
    detail: str
    learnt: Learnt
    exchanges: tuple[Exchange, ...]
    """Only those that carried something learnt."""
    exchanges_made: int
    retries: int
    source: Source = Source.METER
    order: OrderReport | None = None
    """What came of the command that was to be brought, if one was."""
    asked_days: tuple[date, ...] = ()
    """The days of the load profile that a session which went well had asked for."""
