"""One simulated meter behind one TCP port: `kilovatt simulate`."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from kilovatt.measure.metering.models import Language, MeterModel, PasswordForm
from kilovatt.wire.simulator.curves import read_households
from kilovatt.wire.simulator.faults import LINE_FAULTS, METER_FAULTS, OTHER_PASSWORDS, FaultKind, LineFaults
from kilovatt.wire.simulator.plan import (
    FACTORY_PASSWORDS,
    BuiltInHomes,
    FileHomes,
    HomesPlan,
    LinePlan,
    MeterPlan,
    TownPlan,
    TownPlanError,
)
from kilovatt.wire.simulator.town import Town

SERIAL = 41_906_467
"""The serial number of a meter for which none is given: that of the maker's own example."""
_LINE = "line-01"
_DAYS = 400
_PASSWORD_LENGTH = 6


def factory_address(model: MeterModel, serial: int) -> int:
    """Return the address a meter leaves the factory with.

    V1: the serial number. V2: its last three digits if that is at most 239, else the last two, and 1 for 0.
    """
    if model.language is Language.MERCURY_V1:
        return serial
    tail = serial % 1000
    return (tail if tail <= 239 else tail % 100) or 1


def plan_single(
    model: MeterModel,
    *,
    now: datetime,
    port: int,
    serial: int | None = None,
    address: int | None = None,
    password: str | None = None,
    households: Path | None = None,
    household: str | None = None,
    zones: int = 2,
    ratio: int = 1,
    faults: frozenset[FaultKind] = frozenset(),
    seed: int = 1,
    baud: int | None = None,
    late_by_s: float = 2.0,
) -> TownPlan:
    """Return a town of one meter on one line.

    What is not given is as from the factory; the address of a V1 meter and its serial number are one number.
    `password` is that of level 1. Without a file of households the meter feeds a flat of the generator; with a
    file and no column, its first household. Raises TownPlanError, HouseholdFileError.
    """
    if model.language is Language.MERCURY_V1:
        serial = serial if serial is not None else address
    serial = SERIAL if serial is None else serial
    homes, column = _homes(households, household, serial)
    meter = MeterPlan(
        model=model.key,
        serial=serial,
        address=factory_address(model, serial) if address is None else address,
        household=column,
        line=_LINE,
        ratio=ratio,
        zones=zones,
        passwords=_passwords(model, password, faults),
        faults=faults & METER_FAULTS,
    )
    line_faults = LineFaults(kinds=faults & LINE_FAULTS, seed=seed, late_by_s=late_by_s)
    line = LinePlan(name=_LINE, port=port, faults=line_faults, baud=baud)
    return TownPlan(now=now.astimezone(UTC), homes=homes, lines=(line,), meters=(meter,))


async def serve_one(plan: TownPlan, *, host: str, listening: Callable[[int], None]) -> None:
    """Run a town of one meter until cancelled; `listening` is told the port once it listens.

    Raises HouseholdFileError, ListenError.
    """
    town = Town(plan)
    ports = await town.listen(host)
    listening(ports[plan.lines[0].name])
    try:
        await asyncio.Event().wait()
    finally:
        await town.close()


def _homes(households: Path | None, household: str | None, serial: int) -> tuple[HomesPlan, str]:
    if households is None:
        if household is not None:
            raise TownPlanError(f"The household {household} is named, and no file of households is given.")
        return BuiltInHomes(count=1, days=_DAYS, seed=serial), "home_001_wh"
    return FileHomes(path=str(households)), household or read_households(households).names[0]


def _passwords(model: MeterModel, password: str | None, faults: frozenset[FaultKind]) -> dict[int, str]:
    if FaultKind.WRONG_PASSWORD in faults:
        return dict(OTHER_PASSWORDS)
    if password is None:
        return dict(FACTORY_PASSWORDS)
    if model.password_form is PasswordForm.NONE:
        raise TownPlanError(f"A password is given, and a {model.title} has none.")
    if len(password) != _PASSWORD_LENGTH or not password.isascii():
        raise TownPlanError(f"A password is six characters: got {len(password)}.")
    if model.password_form is PasswordForm.DIGITS and not password.isdigit():
        raise TownPlanError(f"The password of a {model.title} is six digits.")
    return FACTORY_PASSWORDS | {1: password}
