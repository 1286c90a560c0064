"""One simulated meter, or one concentrator with its meters, behind one TCP port: `kilovatt simulate`."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.spodus import BEHIND, is_behind
from kilovatt.measure.metering.models import MeterModel, PasswordForm
from kilovatt.wire.drivers.addresses import address_rule, factory_address
from kilovatt.wire.explain.fields import gettext_noop
from kilovatt.wire.protocols.dlms.security.slots import MASTER, KeyBundle, slots_of
from kilovatt.wire.simulator.curves import read_households
from kilovatt.wire.simulator.faults import LINE_FAULTS, METER_FAULTS, FaultKind, LineFaults, other_passwords
from kilovatt.wire.simulator.plan import (
    BuiltInHomes,
    ConcentratorPlan,
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
CONCENTRATOR_SERIAL = 24_000_001
_LINE = "line-01"
_DAYS = 400
_BEHIND_IN_TURN = tuple(key + BEHIND for key in ("spodes-1ph", "spodes-3ph", "spodes-3ph-ct"))


def plan_single(
    model: MeterModel,
    *,
    now: datetime,
    port: int,
    serial: int | None = None,
    address: int | None = None,
    password: str | None = None,
    keys: KeyBundle | None = None,
    master_key: bytes | None = None,
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

    What is not given is as from the factory; the address of some meters (Mercury V1) is their serial number.
    `password` is that of level 1. Without a file of households the meter feeds a flat of the generator; with a
    file and no column, its first household. Raises TownPlanError, HouseholdFileError.
    """
    if address_rule(model).takes_its_own_number:
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
        keys=slots_of(keys or KeyBundle()) | ({} if master_key is None else {MASTER: master_key.hex()}),
        faults=faults & METER_FAULTS,
    )
    line_faults = LineFaults(kinds=faults & LINE_FAULTS, seed=seed, late_by_s=late_by_s)
    concentrator = ConcentratorPlan(serial=CONCENTRATOR_SERIAL) if is_behind(model) else None
    line = LinePlan(name=_LINE, port=port, faults=line_faults, baud=baud, concentrator=concentrator)
    return TownPlan(now=now.astimezone(UTC), homes=homes, lines=(line,), meters=(meter,))


def plan_concentrator(
    model: MeterModel,
    *,
    meters: int,
    now: datetime,
    port: int,
    serial: int | None = None,
    password: str | None = None,
    faults: frozenset[FaultKind] = frozenset(),
    seed: int = 1,
    late_by_s: float = 2.0,
) -> TownPlan:
    """Return a town of one concentrator and so many СПОДЭС meters behind it, each with a flat of the generator.

    A meter's fault is the last one's; `password` is the concentrator's. Raises TownPlanError.
    """
    serials = [SERIAL + number for number in range(meters)]
    behind = tuple(
        MeterPlan(
            model=key,
            serial=one,
            address=factory_address(model_by_key(key), one),
            household=f"home_{number:03d}_wh",
            line=_LINE,
            zones=2,
            passwords=other_passwords(model_by_key(key)) if FaultKind.WRONG_PASSWORD in own else {},
            faults=own,
        )
        for number, (one, key) in enumerate(zip(serials, cycle(_BEHIND_IN_TURN), strict=False), start=1)
        for own in (faults & METER_FAULTS if number == meters else frozenset(),)
    )
    line = LinePlan(
        name=_LINE,
        port=port,
        faults=LineFaults(kinds=faults & LINE_FAULTS, seed=seed, late_by_s=late_by_s),
        concentrator=ConcentratorPlan(
            serial=CONCENTRATOR_SERIAL if serial is None else serial,
            model=model.key,
            passwords=_passwords(model, password, frozenset()),
        ),
    )
    homes = BuiltInHomes(count=max(1, meters), days=_DAYS, seed=SERIAL)
    return TownPlan(now=now.astimezone(UTC), homes=homes, lines=(line,), meters=behind)


async def serve_one(plan: TownPlan, *, host: str, listening: Callable[[int], None]) -> None:
    """Run a town of one meter until cancelled; `listening` is told the port once it listens.

    Raises HouseholdFileError, ListenError.
    """
    town = Town(plan)
    ports = await town.listen(host)
    await town.take_datagrams(ports, host)
    listening(ports[plan.lines[0].name])
    try:
        await asyncio.Event().wait()
    finally:
        await town.close()


def _homes(households: Path | None, household: str | None, serial: int) -> tuple[HomesPlan, str]:
    if households is None:
        if household is not None:
            raise TownPlanError(
                gettext_noop("The household %(household)s is named, and no file of households is given."),
                household=household,
            )
        return BuiltInHomes(count=1, days=_DAYS, seed=serial), "home_001_wh"
    return FileHomes(path=str(households)), household or read_households(households).names[0]


def _passwords(model: MeterModel, password: str | None, faults: frozenset[FaultKind]) -> dict[int, str]:
    if FaultKind.WRONG_PASSWORD in faults:
        return other_passwords(model)
    if password is None:
        return {}
    rule = model.password
    if rule is None:
        raise TownPlanError(gettext_noop("A password is given, and a %(model)s has none."), model=model.title)
    if not rule.allows(password):
        lengths = sorted({rule.length_min, rule.length_max})
        ascii_form = gettext_noop("The password of a %(model)s is %(length)s characters: got %(got)s.")
        digits_form = gettext_noop("The password of a %(model)s is %(length)s digits: got %(got)s.")
        raise TownPlanError(
            ascii_form if rule.form is PasswordForm.ASCII else digits_form,
            model=model.title,
            length="–".join(str(length) for length in lengths),
            got=len(password),
        )
    return {1: password}
