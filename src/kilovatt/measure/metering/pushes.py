"""What a meter said by itself (a push), and the events it tells of: in the vocabulary of journals, told at once.

An alarm is believed to be of now. Where the meter's own word of when differs by more than a clock may, the event stands
at the instant at which it was heard, and that word is kept beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from kilovatt.measure.metering.believing import CLOCK_TRUSTED_WITHIN
from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.spodes.event_code import EventCode, Journal, code_key
from kilovatt.measure.metering.spodes.vocabulary import EVENT_CODES, PUSH_CODES

THE_PUSH = 1
"""The number of the exchange that a push is: there is no other."""
SAME_WITHIN = timedelta(minutes=5)
"""A push is sent after a random delay, and again where nobody reacts: so much later it may still be of an event that a
journal stamps exactly. Not established; what a journal tells is exact, and takes the place of what was pushed."""
GIVES_WAY_FOR = timedelta(days=2)
"""So long what was pushed waits for the journal that tells it exactly, which keeps when it was first heard."""


class PushTrouble(StrEnum):
    """Why nothing of a push was taken for true."""

    NOT_UNDERSTOOD = "not_understood"
    NO_KEYS = "no_keys"
    """It is sealed, and there are no keys of this meter on record."""
    NOT_AUTHENTIC = "not_authentic"
    """The keys on record do not open it."""
    REPLAY = "replay"
    """Its invocation counter was used before."""
    IN_THE_CLEAR = "in_the_clear"
    """It is not sealed, and this meter has sealed before: anybody may have sent it."""
    TOO_MANY = "too_many"
    """More than one meter has to say: not kept, whatever it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldCode:
    """A code of a journal that was pushed, and when it happened by the meter's clock if it says so."""

    journal: Journal
    number: int
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterPush:
    """A push of one meter. `wire` are its bytes as they came.

    `at` is when it was made by the meter's clock. `flags` are those of 0.0.97.98.0.255, which stay up until somebody
    clears them. `counter` is the invocation counter of one that was sealed and has been opened.
    """

    heard_at: datetime
    wire: bytes
    at: datetime | None = None
    codes: tuple[ToldCode, ...] = ()
    flags: int | None = None
    trouble: PushTrouble | None = None
    counter: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedEvents:
    """The events of a push. `wants_details`: what it says is less than a journal tells, so the journals be read."""

    events: tuple[MeterEvent, ...]
    wants_details: bool


def events_of_push(push: MeterPush, *, flags_before: int) -> PushedEvents:
    """Return what a push tells. `flags_before` were up the last time: of them nothing is new.

    A flag that says the same as a code told beside it is one event with it.
    """
    if push.trouble is not None:
        return PushedEvents(events=(_trouble(push, push.trouble),), wants_details=False)
    told = [_of_code(push, code) for code in push.codes]
    known = {event.code for event in told} | {f"kind:{event.kind}" for event in told}
    raised = list(_raised((push.flags or 0) & ~flags_before))
    of_flags = [
        _event(push, one, push.at) for one in raised if one.key not in known and f"kind:{one.kind}" not in known
    ]
    is_all_told = bool(told) and not of_flags
    return PushedEvents(events=(*told, *of_flags), wants_details=not is_all_told and push.flags is not None)


def _raised(word: int) -> Iterator[EventCode]:
    return (one for bit, one in enumerate(PUSH_CODES) if word >> bit & 1)


def _of_code(push: MeterPush, told: ToldCode) -> MeterEvent:
    known = EVENT_CODES.get((told.journal, told.number))
    if known is not None:
        return _event(push, known, told.at or push.at)
    kind = EventKind.REPROGRAMMED if told.journal is Journal.PROGRAMMING else EventKind.OTHER
    unknown = EventCode(journal=told.journal, number=told.number, text="", kind=kind)
    return _event(push, unknown, told.at or push.at)


def _event(push: MeterPush, code: EventCode, at: datetime | None) -> MeterEvent:
    words = [] if code.cause is None else [f"cause={code.cause.value}"]
    is_trusted = at is not None and abs(at - push.heard_at) <= CLOCK_TRUSTED_WITHIN
    if at is not None and not is_trusted:
        words.append(f"its_clock={at:%Y-%m-%dT%H:%M:%SZ}")
    return MeterEvent(
        # What ends something is told by itself: of what it ended only the journal knows when it began.
        kind=EventKind.OTHER if code.ends is not None else code.kind,
        began_at=at if at is not None and is_trusted else push.heard_at.replace(microsecond=0),
        ended_at=None,
        detail=" ".join(words),
        exchange=THE_PUSH,
        code=code_key(code.journal, code.number),
    )


def _trouble(push: MeterPush, trouble: PushTrouble) -> MeterEvent:
    is_sealed = trouble is not PushTrouble.NOT_UNDERSTOOD
    return MeterEvent(
        kind=EventKind.SEALED_PUSH if is_sealed else EventKind.UNKNOWN_PUSH,
        began_at=push.heard_at.replace(microsecond=0),
        ended_at=None,
        detail=f"because={trouble.value}",
        exchange=THE_PUSH,
        code=f"push:{trouble.value}",
    )
