"""Commands as they are kept: what is not secret as plain facts, what is sealed for the meter and the order."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from kilovatt.measure.metering.commands import (
    ChangeKeys,
    ChangePassword,
    CloseRelay,
    Command,
    CommandKind,
    OpenRelay,
    PermitRelay,
    SetClock,
    SetPowerLimit,
    SetTariffTable,
    ShiftClock,
    TariffMark,
)
from kilovatt.measure.metering.orders import Order
from kilovatt.office.operations import vault
from kilovatt.office.operations.registration import vault_name
from kilovatt.office.records.models import MeterOrder, Organisation

_SLOT = "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A command as it is kept."""

    kind: CommandKind
    facts: dict[str, Any]
    secret_sealed: bytes | None = field(default=None, repr=False)


def kept(command: Command, *, organisation: Organisation, meter_name: str, order_id: UUID) -> Kept:
    """Return a command as it is kept."""
    facts, secret = _split(command)
    if secret is None:
        return Kept(kind=command.kind, facts=facts)
    slot = _slot(order_id)
    sealed = vault.seal(json.dumps(secret), organisation=organisation, meter_name=meter_name, slot=slot)
    return Kept(kind=command.kind, facts=facts, secret_sealed=sealed)


def _split(command: Command) -> tuple[dict[str, Any], dict[str, str] | None]:
    match command:
        case SetPowerLimit(power_w):
            return {"power_w": power_w}, None
        case SetTariffTable(marks, activate_at):
            facts = {"marks": [[mark.minute, mark.tariff] for mark in marks]}
            return facts | {"activate_at": _text(activate_at)}, None
        case SetClock(to, at):
            return {"to": to.isoformat(), "at": _text(at)}, None
        case ShiftClock(seconds, ahead_s):
            return {"seconds": seconds, "ahead_s": ahead_s}, None
        case ChangePassword(level, new):
            return {"level": level}, {"new": new}
        case ChangeKeys():
            keys = {"encryption": command.encryption, "authentication": command.authentication}
            changed = {name: key.hex() for name, key in keys.items() if key is not None}
            master = {} if command.master is None else {"master": command.master.hex()}
            return {"keys": sorted(changed)}, changed | master
        case _:
            return {}, None


def command_of(
    kind: CommandKind, facts: Mapping[str, Any], secret_sealed: bytes | None, *, meter_name: str, order_id: UUID
) -> Command:
    """Return the command that was kept. Raises SealBrokenError where its secret does not open."""
    secret: dict[str, str] = {}
    if secret_sealed is not None:
        secret = json.loads(vault.unseal(secret_sealed, meter_name=meter_name, slot=_slot(order_id)))
    return _MAKERS[kind](facts, secret)


def order_of_row(row: MeterOrder, *, to_send: bool) -> Order:
    """Return an order for a visit, its secrets opened. Raises SealBrokenError."""
    command = command_of(
        CommandKind(row.kind),
        row.facts,
        None if row.secret_sealed is None else bytes(row.secret_sealed),
        meter_name=vault_name(row.meter.model_key, row.meter.serial),
        order_id=row.pk,
    )
    return Order(order_id=row.pk, command=command, to_send=to_send)


def _slot(order_id: UUID) -> str:
    return f"{_SLOT}:{order_id}"


def _key(secret: Mapping[str, str], name: str) -> bytes | None:
    return bytes.fromhex(secret[name]) if name in secret else None


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _tariff_table(facts: Mapping[str, Any], secret: Mapping[str, str]) -> Command:
    del secret
    marks = tuple(TariffMark(minute, tariff) for minute, tariff in facts["marks"])
    return SetTariffTable(marks, _instant(facts["activate_at"]))


def _keys(facts: Mapping[str, Any], secret: Mapping[str, str]) -> Command:
    del facts
    return ChangeKeys(
        encryption=_key(secret, "encryption"),
        authentication=_key(secret, "authentication"),
        master=_key(secret, "master"),
    )


_MAKERS: dict[CommandKind, Callable[[Mapping[str, Any], Mapping[str, str]], Command]] = {
    CommandKind.OPEN_RELAY: lambda _facts, _secret: OpenRelay(),
    CommandKind.CLOSE_RELAY: lambda _facts, _secret: CloseRelay(),
    CommandKind.PERMIT_RELAY: lambda _facts, _secret: PermitRelay(),
    CommandKind.SET_POWER_LIMIT: lambda facts, _: SetPowerLimit(facts["power_w"]),
    CommandKind.SET_TARIFF_TABLE: _tariff_table,
    CommandKind.SET_CLOCK: lambda facts, _: SetClock(datetime.fromisoformat(facts["to"]), _instant(facts["at"])),
    CommandKind.SHIFT_CLOCK: lambda facts, _: ShiftClock(facts["seconds"], facts["ahead_s"]),
    CommandKind.CHANGE_PASSWORD: lambda facts, secret: ChangePassword(facts["level"], secret["new"]),
    CommandKind.CHANGE_KEYS: _keys,
}
