"""What a concentrator tells of the meters behind it: which they are, when it last heard each, and what went wrong."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kilovatt.measure.metering.events import EventKind


class ExchangeStatus(StrEnum):
    """How the latest task of a concentrator with a meter went. The names are stable: they stand in JSON."""

    DONE = "done"
    WAITING = "waiting"
    ACCESS_DENIED = "access_denied"
    NOT_SUPPORTED = "not_supported"
    PARTIAL = "partial"
    NOT_FOUND = "not_found"
    NO_RESPONSE = "no_response"
    BAD_LINK = "bad_link"
    OTHER = "other"
    """What no table has."""


class Hearing(StrEnum):
    """Whether a concentrator hears a meter. The names are stable: they stand in JSON."""

    HEARD = "heard"
    NOT_NOW = "not_now"
    """It was heard once, and did not answer the latest attempt."""
    NEVER = "never"
    """It is on the concentrator's list and was never heard."""
    NOT_TOLD = "not_told"
    """The concentrator does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterBehind:
    """A meter on a concentrator's list.

    `name` is the maker's letters and the serial number, `addresses` those of its direct channels, by which it is read
    through the concentrator, `channels` the concentrator's own words for how it reaches it. `clock_at` is what the
    meter's clock showed when the concentrator read it.
    """

    name: str
    model: str
    addresses: tuple[int, ...] = ()
    channels: tuple[str, ...] = ()
    has_status: bool = False
    last_heard_at: datetime | None = None
    last_tried_at: datetime | None = None
    clock_at: datetime | None = None
    last_exchange: ExchangeStatus | None = None
    attempts: int | None = None
    """How often it tried in the latest task."""

    @property
    def hearing(self) -> Hearing:
        """Whether the concentrator hears it: why there is no data, as far as the concentrator knows."""
        if not self.has_status:
            return Hearing.NOT_TOLD
        if self.last_heard_at is None:
            return Hearing.NEVER
        missed = self.last_tried_at is not None and self.last_tried_at > self.last_heard_at
        return Hearing.NOT_NOW if missed else Hearing.HEARD


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBehind:
    """An event that a meter told its concentrator by itself. `at` is by the meter's clock.

    `code` names exactly what it was, as in `MeterEvent`; `exchange` brought the row of the journal.
    """

    meter: str
    kind: EventKind
    code: str
    at: datetime
    told_at: datetime | None
    """When the concentrator took it, by its own clock."""
    exchange: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcentratorState:
    """What a concentrator tells of itself and the meters behind it."""

    meters: tuple[MeterBehind, ...]
    events: tuple[EventBehind, ...] = ()
    devices: tuple[tuple[int, str], ...] = ()
    """Its logical devices (service access points), as its list names them."""
    time_delta_s: int | None = None
    """How far a meter's clock may be from its own before it sets it."""
    exchanges: frozenset[int] = frozenset()
    """The exchanges that carried all this."""
