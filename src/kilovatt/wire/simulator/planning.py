"""Plans of towns: so many meters of all models, on lines as they would be wired, with faults on request."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import cycle, product

from kilovatt.measure.metering.catalogue import MODELS
from kilovatt.measure.metering.catalogue.spodus import behind, is_behind
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.models import Language, MeterModel, Wiring
from kilovatt.wire.drivers.addresses import address_rule, factory_address
from kilovatt.wire.simulator.faults import FaultKind, LineFaults, other_passwords
from kilovatt.wire.simulator.plan import ConcentratorPlan, HomesPlan, LinePlan, MeterPlan, TownPlan

METERS_PER_LINE_MAX = 32
_BY_NAME_ONLY = frozenset(
    {FaultKind.CLOCK, FaultKind.UNREACHED, FaultKind.MIXED_UP, FaultKind.ANOTHER_SERIAL, FaultKind.TWIN}
)
FAULTS_OF_A_TOWN = frozenset(FaultKind) - _BY_NAME_ONLY
"""What goes wrong in a town with some faults. A wrong clock is not among them: such a meter closes its days at
other instants than its neighbours, so its bill rightly differs from the curve; ask for it by name, for a meter that its
concentrator does not reach (not every town has one), and for meters and answers that can be taken for others."""
_BEHIND_CONCENTRATORS = frozenset({"spodes-1ph", "spodes-3ph", "spodes-3ph-ct"})
MODELS_OF_A_TOWN = tuple(behind(model) if model.key in _BEHIND_CONCENTRATORS else model for model in MODELS)
"""Every model there is; СПОДЭС meters of no make in particular stand behind concentrators."""
_RATIOS = (20, 40)
_LIVE_LINES = 30
_METERS_PER_FAULT = 60
_CONCENTRATOR_SERIALS = 24_000_000
_ADDRESSES = tuple(range(1, 240))
_LINE_FAULTS_IN_TURN = (
    frozenset({FaultKind.NOISE}),
    frozenset({FaultKind.DROP}),
    frozenset({FaultKind.LATE}),
    frozenset({FaultKind.ECHO}),
    frozenset({FaultKind.NOISE, FaultKind.DROP, FaultKind.LATE}),
)
_METER_FAULTS_IN_TURN = (
    FaultKind.WRONG_PASSWORD,
    FaultKind.MAGNET,
    FaultKind.COVER,
    FaultKind.CLOCK,
    FaultKind.UNREACHED,
    FaultKind.ANOTHER_SERIAL,
    FaultKind.TWIN,
)
_SILENT_LINES_IN_TURN = (FaultKind.DEAD, FaultKind.UNREACHABLE, FaultKind.ECHO_ONLY)


class FaultPlan(StrEnum):
    """How much is wrong with a town."""

    NONE = "none"
    SOME = "some"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Home:
    """A meter of a home before it is on a line."""

    household: str
    model: MeterModel
    serial_prefix: int
    ratio: int
    zones: int
    faults: frozenset[FaultKind] = frozenset()


def plan_town(
    households: Sequence[str],
    *,
    now: datetime,
    homes: HomesPlan,
    seed: int,
    faults: FaultPlan = FaultPlan.NONE,
    kinds: frozenset[FaultKind] = FAULTS_OF_A_TOWN,
    models: Sequence[MeterModel] = MODELS_OF_A_TOWN,
    late_by_s: float = 2.0,
) -> TownPlan:
    """Return a town in which household number i feeds meter number i.

    `households` are the names of the columns, one per meter. Models come in turn, zones (1, 2, 3) as well;
    what is wired through transformers has a ratio of 20 or 40. Each language has lines of its own, of at most
    32 meters; so have those behind a concentrator. With some faults, a town of 12 meters or more of all models has a
    fault of each of the `kinds`, and most of its meters remain readable: `TownPlan.faults_of` tells which. The same
    arguments give the same town.
    """
    dice = random.Random(seed)
    wanted = kinds if faults is FaultPlan.SOME else frozenset()
    planned = _with_meter_faults(_homes(households, models, dice), wanted, dice)
    silent = _silent_lines(planned, wanted, dice)
    alive = [home for home in planned if not any(home in group for group in silent.values())]
    in_turn = [kinds & wanted for kinds in _LINE_FAULTS_IN_TURN]
    if FaultKind.MIXED_UP in wanted:
        in_turn.append(frozenset({FaultKind.MIXED_UP}))
    size = METERS_PER_LINE_MAX if not wanted else min(METERS_PER_LINE_MAX, -(-len(alive) // _LIVE_LINES))
    groups = [*zip(_split(alive, size), cycle(in_turn), strict=False)]
    groups += [(group, frozenset({kind})) for kind, group in silent.items()]
    lines: list[LinePlan] = []
    meters: dict[str, MeterPlan] = {}
    for number, (group, kinds_of_line) in enumerate(groups, start=1):
        name = f"line-{number:02d}"
        line_kinds = kinds_of_line
        is_concentrated = all(is_behind(home.model) for home in group)
        if is_concentrated or all(address_rule(home.model).alone for home in group):
            # TCP up to the meter itself, or its concentrator: what it carries, it carries whole.
            line_kinds -= {FaultKind.NOISE}
        line_faults = LineFaults(kinds=line_kinds, seed=dice.randrange(2**32), late_by_s=late_by_s)
        concentrator = ConcentratorPlan(serial=_CONCENTRATOR_SERIALS + number) if is_concentrated else None
        lines.append(LinePlan(name=name, faults=line_faults, concentrator=concentrator))
        meters |= {home.household: meter for home, meter in _wired(group, name, dice)}
    return TownPlan(now=now, homes=homes, lines=tuple(lines), meters=tuple(meters[name] for name in households))


def _homes(households: Sequence[str], models: Sequence[MeterModel], dice: random.Random) -> list[_Home]:
    prefixes = dice.sample(range(10_000, 50_000), len(households))
    return [
        _Home(
            household=household,
            model=models[i % len(models)],
            serial_prefix=prefixes[i],
            ratio=dice.choice(_RATIOS) if models[i % len(models)].wiring is Wiring.TRANSFORMER else 1,
            # One further each time the models begin anew, so that each model meets each number of zones.
            zones=(i % len(models) + i // len(models)) % 3 + 1,
        )
        for i, household in enumerate(households)
    ]


def _can_have(fault: FaultKind, model: MeterModel) -> bool:
    match fault:
        case FaultKind.WRONG_PASSWORD:
            return model.password is not None
        case FaultKind.MAGNET:
            return EventKind.MAGNETIC_FIELD in model.journals
        case FaultKind.COVER:
            return EventKind.CASE_OPENED in model.journals
        case FaultKind.UNREACHED:
            return is_behind(model)
        case _:
            return True


def _with_meter_faults(homes: list[_Home], wanted: frozenset[FaultKind], dice: random.Random) -> list[_Home]:
    faults: dict[str, FaultKind] = {}
    for kind in _METER_FAULTS_IN_TURN:
        if kind not in wanted:
            continue
        able = [home.household for home in homes if home.household not in faults and _can_have(kind, home.model)]
        if kind is FaultKind.WRONG_PASSWORD and len(homes) < 2:
            continue
        chosen = dice.sample(able, min(len(able), max(1, len(homes) // _METERS_PER_FAULT)))
        faults |= dict.fromkeys(chosen, kind)
    return [
        replace(home, faults=frozenset({faults[home.household]})) if home.household in faults else home
        for home in homes
    ]


def _silent_lines(
    homes: list[_Home], wanted: frozenset[FaultKind], dice: random.Random
) -> dict[FaultKind, list[_Home]]:
    """Choose the meters of the lines that bring nothing: few enough that two thirds of the town can be read."""
    each = max(1, len(homes) // _METERS_PER_FAULT)
    unreadable = sum(FaultKind.WRONG_PASSWORD in home.faults for home in homes)
    silent: dict[FaultKind, list[_Home]] = {}
    sound = [home for home in homes if not home.faults]
    dice.shuffle(sound)
    for kind in _SILENT_LINES_IN_TURN:
        if kind in wanted and sound and (unreadable + each) * 3 <= len(homes):
            kin = _kind_of_line(sound[0])
            silent[kind] = [home for home in sound if _kind_of_line(home) == kin][:each]
            sound = [home for home in sound if home not in silent[kind]]
            unreadable += each
    return silent


def _split(homes: Iterable[_Home], size: int) -> list[list[_Home]]:
    listed = list(homes)
    groups = []
    for kin in product(Language, (False, True)):
        of_it = [home for home in listed if _kind_of_line(home) == kin]
        groups += [[home] for home in of_it if address_rule(home.model).alone]
        alike = [home for home in of_it if not address_rule(home.model).alone]
        lines = -(-len(alike) // size)
        groups += [alike[number::lines] for number in range(lines)]
    return groups


def _kind_of_line(home: _Home) -> tuple[Language, bool]:
    """Return what the meters of one line have in common: their language, and whether they are behind a concentrator."""
    return home.model.language, is_behind(home.model)


def _wired(group: list[_Home], line: str, dice: random.Random) -> list[tuple[_Home, MeterPlan]]:
    highest = min(address_rule(home.model).maximum for home in group)
    tails = dice.sample([address for address in _ADDRESSES if address <= highest], len(group))
    wired = []
    for home, tail in zip(group, tails, strict=True):
        # As from the factory: the last three digits of the serial number are the address of most.
        serial = home.serial_prefix * 1000 + tail
        meter = MeterPlan(
            model=home.model.key,
            serial=serial,
            address=_address(home.model, serial, tail),
            household=home.household,
            line=line,
            ratio=home.ratio,
            zones=home.zones,
            passwords=other_passwords(home.model) if FaultKind.WRONG_PASSWORD in home.faults else {},
            faults=home.faults,
        )
        wired.append((home, meter))
    return wired


def _address(model: MeterModel, serial: int, tail: int) -> int:
    return factory_address(model, serial) if address_rule(model).takes_its_own_number or is_behind(model) else tail
