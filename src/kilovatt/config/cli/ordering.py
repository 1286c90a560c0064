"""What a meter is to be told, from the words of the command line."""

import re

from kilovatt.config.cli.voice import _, complain
from kilovatt.measure.metering.commands import (
    ChangePassword,
    CloseRelay,
    Command,
    OpenRelay,
    PermitRelay,
    SetClock,
    SetPowerLimit,
    SetTariffTable,
    ShiftClock,
    TariffMark,
)
from kilovatt.measure.metering.models import MeterModel
from kilovatt.office.operations.clock import now
from kilovatt.office.operations.orders.order_values import (
    checked_password,
    correction,
    made_keys,
    made_password,
    within_rule,
)
from kilovatt.office.records.models import Meter, MeterStanding

_PLAIN: dict[str, Command] = {
    "open-relay": OpenRelay(),
    "close-relay": CloseRelay(),
    "permit-relay": PermitRelay(),
}
_MARK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)=T?(\d)")
_WHOLE = re.compile(r"[-+]?\d{1,9}")


def command(row: MeterModel, meter: Meter, what: str, value: str | None) -> Command:
    """Return what a meter is to be told, or say what is wrong with the value and leave."""
    if what in _PLAIN or what in {"set-clock", "change-keys"}:
        if value is not None:
            complain(_("{what} takes no value.").format(what=what))
        return made_keys(meter) if what == "change-keys" else _PLAIN.get(what) or SetClock(now())
    if what == "shift-clock":
        known = MeterStanding.objects.filter(meter=meter).values_list("clock_deviation_s", flat=True).first()
        return correction(row, known) if value is None else _shift(row, value, known)
    return _limit(value) if what == "power-limit" else _table(value)


def change_of_password(row: MeterModel, *, level: int, new: str | None) -> Command:
    """Return the change of a password, made by chance where none is given. Raises OrderRefusedError."""
    if new is None:
        return ChangePassword(level, made_password(row, level=level))
    return ChangePassword(level, checked_password(row, new, level=level))


def _shift(row: MeterModel, value: str, known: int | None) -> Command:
    seconds = int(value) if _WHOLE.fullmatch(value) else 0
    if not seconds:
        complain(_("{value} is no correction. Write seconds, such as -30.").format(value=repr(value)))
    return ShiftClock(within_rule(row, seconds), known)


def _limit(value: str | None) -> Command:
    try:
        return SetPowerLimit(int(value or ""))
    except ValueError:
        complain(_("{value} is no limit. Write whole watts, such as 7000.").format(value=repr(value or "")))


def _table(value: str | None) -> Command:
    marks = [_MARK.fullmatch(part) for part in (value or "").split(",")]
    try:
        return SetTariffTable(tuple(_mark(found) for found in marks))
    except ValueError:
        complain(
            _("{value} is no tariff table. Write its marks from 00:00 on, such as 00:00=2,07:00=1,23:00=2.").format(
                value=repr(value or "")
            )
        )


def _mark(found: re.Match[str] | None) -> TariffMark:
    if found is None:
        raise ValueError("no mark of a tariff table")
    return TariffMark(int(found[1]) * 60 + int(found[2]), int(found[3]))
