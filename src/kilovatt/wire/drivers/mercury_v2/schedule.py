"""The tariff schedule of Mercury V2 meters: written for every month and kind of day at once, in two halves of marks.

Section 3.20 (request 03h 1Dh) and its reading, 08h 22h, for one month and one kind of day at a time.
"""

from kilovatt.measure.metering.commands import NotSentReason, Proof, ReadBack, SetTariffTable
from kilovatt.wire.drivers.conversation import CommandNotSentError, Conversation, ask, tell
from kilovatt.wire.protocols.mercury_v2.schedule import (
    END_OF_DAY,
    HOLIDAY,
    MARKS_OF_HALF,
    ReadTariffSchedule,
    ScheduleSelection,
    TariffMark,
)
from kilovatt.wire.protocols.mercury_v2.writes import SetTariffSchedule

_HALVES = (0, 1)
_MONTHS, _DAYS = range(1, 13), range(1, HOLIDAY + 1)
_TARIFF_MAX = 4
_UNUSED = TariffMark(END_OF_DAY, 1)
_LOOKED_AT = [(month, 1) for month in _MONTHS] + [(1, day) for day in _DAYS if day != 1]
"""Of 96 months and kinds of day, written together: every month, and every kind of day in one."""


def set_table(command: SetTariffTable) -> Conversation[None]:
    """Tell the meter its marks. Raises CommandNotSentError for a table that it cannot have, MeterRefusedError."""
    marks = _marks(command)
    # The second half first: until the first is written, what holds begins as it did.
    for half in reversed(_HALVES):
        selection = ScheduleSelection(months=frozenset(_MONTHS), days=frozenset(_DAYS), half=half)
        yield from tell(SetTariffSchedule(selection, _half(marks, half)))


def prove_table(command: SetTariffTable) -> Conversation[ReadBack]:
    """Read the marks back. Raises MeterRefusedError."""
    wanted = _used(_marks(command))
    exchange: int | None = None
    for month, day in _LOOKED_AT:
        marks: tuple[TariffMark, ...] = ()
        for half in _HALVES:
            selection = ScheduleSelection(months=frozenset({month}), days=frozenset({day}), half=half)
            answer = yield from ask(ReadTariffSchedule(selection))
            marks, exchange = marks + answer.value, answer.exchange
        found = _used(marks)
        if found != wanted:
            return ReadBack(proof=Proof.NOT_SO, shown=f"table=active,{_words(found)}", exchange=exchange)
    return ReadBack(proof=Proof.CONFIRMED, shown=f"table=active,{_words(wanted)}", exchange=exchange)


def _marks(command: SetTariffTable) -> tuple[TariffMark, ...]:
    if command.activate_at is not None:
        raise CommandNotSentError(NotSentReason.BAD_VALUE, "this meter keeps no table in waiting: it holds at once")
    if len(command.marks) > len(_HALVES) * MARKS_OF_HALF:
        words = f"a day has {len(_HALVES) * MARKS_OF_HALF} marks at most, and {len(command.marks)} are wanted"
        raise CommandNotSentError(NotSentReason.BAD_VALUE, words)
    if any(mark.tariff > _TARIFF_MAX for mark in command.marks):
        raise CommandNotSentError(NotSentReason.BAD_VALUE, f"a tariff is 1 to {_TARIFF_MAX} here")
    return tuple(TariffMark(mark.minute, mark.tariff) for mark in command.marks)


def _half(marks: tuple[TariffMark, ...], half: int) -> tuple[TariffMark, ...]:
    own = marks[half * MARKS_OF_HALF : (half + 1) * MARKS_OF_HALF]
    return own + (_UNUSED,) * (MARKS_OF_HALF - len(own))


def _used(marks: tuple[TariffMark, ...]) -> tuple[TariffMark, ...]:
    return tuple(mark for mark in marks if mark.minute < END_OF_DAY)


def _words(marks: tuple[TariffMark, ...]) -> str:
    return "marks=" + "/".join(f"{mark.minute}:{mark.tariff}" for mark in marks)
