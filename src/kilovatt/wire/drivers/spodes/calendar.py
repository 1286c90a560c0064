"""The tariff calendar of СПОДЭС meters (class 20): a table is written in waiting, and activated.

Written last is what makes it count: until then the table in use is as it was.
"""

from datetime import datetime
from typing import Any

from kilovatt.measure.metering.catalogue.spodes import SpodesDialect
from kilovatt.measure.metering.commands import NotSentReason, Proof, ReadBack, SetTariffTable, TariffMark
from kilovatt.wire.drivers.conversation import Answer, CommandNotSentError, Conversation, MeterAddress, ask, tell
from kilovatt.wire.drivers.cosem.talk import deviation_sense
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.association.requests import GetAttribute, RunMethod, SetAttribute
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.limiter import ScriptChoice
from kilovatt.wire.protocols.dlms.objects.tariffs import (
    TARIFF_SCRIPTS,
    Day,
    Season,
    Switch,
    Week,
    decode_days,
    decode_seasons,
    decode_weeks,
    encode_table,
)
from kilovatt.wire.protocols.dlms.values import Integer, MalformedError, OctetString
from kilovatt.wire.protocols.dlms.values.patterns import DateTimePattern, TimePattern
from kilovatt.wire.protocols.dlms.values.stamps import decode_stamp, encode_stamp

CALENDAR_CLASS, CALENDAR = 20, Obis.parse("0.0.13.0.0.255")
_ACTIVE, _PASSIVE = (2, 3, 4, 5), (6, 7, 8, 9)
"""Attributes: name, seasons, weeks, days."""
_ACTIVATION, _ACTIVATE = 10, 1
_NAME, _DAY = b"1", 1
_MINUTES = 60


def set_table(
    meter: MeterAddress, dialect: SpodesDialect, command: SetTariffTable, *, now: datetime
) -> Conversation[None]:
    """Write a table in waiting and activate it, at once or from an instant on."""
    if command.activate_at is not None and command.activate_at <= now:
        raise CommandNotSentError(NotSentReason.BAD_VALUE, f"{command.activate_at:%Y-%m-%d %H:%M} UTC has passed")
    switches = (
        Switch(
            TimePattern(mark.minute // _MINUTES, mark.minute % _MINUTES, 0, 0),
            ScriptChoice(TARIFF_SCRIPTS, mark.tariff),
        )
        for mark in command.marks
    )
    name, seasons, weeks, days = _PASSIVE
    for attribute, value in (
        (days, encode_table((Day(_DAY, tuple(switches)),))),
        (weeks, encode_table((Week(_NAME, (_DAY,) * 7),))),
        (seasons, encode_table((Season(_NAME, DateTimePattern(), _NAME),))),
        (name, OctetString(_NAME)),
    ):
        yield from tell(SetAttribute(_attribute(attribute), value))
    if command.activate_at is None:
        yield from tell(RunMethod(_attribute(_ACTIVATE), Integer(0)))
        return
    stamp = OctetString(encode_stamp(command.activate_at, meter.zone, sense=deviation_sense(dialect)))
    yield from tell(SetAttribute(_attribute(_ACTIVATION), stamp))


def prove_table(meter: MeterAddress, command: SetTariffTable) -> Conversation[ReadBack]:
    """Read the table in use; and where it is another, and the command's was to wait, the one in waiting."""
    marks, answer = yield from _marks(_ACTIVE)
    if marks == command.marks:
        return ReadBack(proof=Proof.CONFIRMED, shown="table=active", exchange=answer.exchange)
    if command.activate_at is None:
        return ReadBack(proof=Proof.NOT_SO, shown=_shown("active", marks), exchange=answer.exchange)
    marks, _ = yield from _marks(_PASSIVE)
    answer = yield from ask(GetAttribute(_attribute(_ACTIVATION)))
    waits = marks == command.marks and _instant(meter, answer.value) == command.activate_at.replace(microsecond=0)
    return ReadBack(
        proof=Proof.CONFIRMED if waits else Proof.NOT_SO,
        shown="table=waiting" if waits else _shown("waiting", marks),
        exchange=answer.exchange,
    )


def _marks(attributes: tuple[int, ...]) -> Conversation[tuple[tuple[TariffMark, ...] | None, Answer[Any]]]:
    """Read a table; return its marks where they are the same each day, else None, and the last answer."""
    _, seasons_at, weeks_at, days_at = attributes
    answer = yield from ask(GetAttribute(_attribute(seasons_at)))
    seasons = decode_seasons(answer.value)
    answer = yield from ask(GetAttribute(_attribute(weeks_at)))
    weeks = decode_weeks(answer.value)
    answer = yield from ask(GetAttribute(_attribute(days_at)))
    days = decode_days(answer.value)
    used_weeks = {season.week for season in seasons}
    used_days = {number for week in weeks if week.name in used_weeks for number in week.days}
    found = {_marks_of(day) for day in days if day.number in used_days}
    (marks,) = found if len(found) == 1 else (None,)
    return marks, answer


def _marks_of(day: Day) -> tuple[TariffMark, ...] | None:
    marks = []
    for switch in day.switches:
        if switch.start.hour is None or switch.start.minute is None or switch.run.table != TARIFF_SCRIPTS:
            return None
        marks.append(TariffMark(switch.start.hour * _MINUTES + switch.start.minute, switch.run.script))
    return tuple(sorted(marks, key=lambda mark: mark.minute))


def _instant(meter: MeterAddress, value: object) -> datetime | None:
    try:
        return decode_stamp(value if isinstance(value, bytes) else b"").instant(meter.zone)
    except MalformedError:
        # None is in waiting: nothing but open parts.
        return None


def _shown(which: str, marks: tuple[TariffMark, ...] | None) -> str:
    if marks is None:
        return f"table={which},marks=several"
    listed = "/".join(f"{mark.minute}:{mark.tariff}" for mark in marks)
    return f"table={which},marks={listed}"


def _attribute(number: int) -> Descriptor:
    return Descriptor(CALENDAR_CLASS, CALENDAR, number)
