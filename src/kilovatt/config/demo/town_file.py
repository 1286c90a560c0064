"""The town of a data directory: planned once, written down, and the same at every start."""

import json
import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from kilovatt.config.cli.voice import _
from kilovatt.wire.simulator.curves import read_households
from kilovatt.wire.simulator.plan import BuiltInHomes, FileHomes, HomesPlan, TownPlan
from kilovatt.wire.simulator.planning import FaultPlan, plan_town

DEFAULT_METERS = 60
_DAYS = 92
_LATE_BY_S = 0.65
"""Late answers of the demonstration come after the head-end's patience of half a second, and not much later."""


class DemoError(Exception):
    """The demonstration cannot be run as asked; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TownWish:
    """What was asked for on the command line; None is "as you like"."""

    households: Path | None = None
    meters: int | None = None
    seed: int = 1
    faults: FaultPlan = FaultPlan.NONE


def town_of(directory: Path, wish: TownWish, now: datetime) -> TownPlan:
    """Return the town of a data directory with its clock at `now`; planned and written down at the first call.

    Raises DemoError, HouseholdFileError, TownPlanError.
    """
    file = directory / "town.json"
    if not file.exists():
        _write(file, wish, _planned(wish, now))
    document = json.loads(file.read_text(encoding="utf-8"))
    if document["wish"] != _as_json(wish):
        raise DemoError(
            _("{directory} holds another town ({there}; asked for: {asked}). Choose another --data directory.").format(
                directory=directory, there=_in_words(document["wish"]), asked=_in_words(_as_json(wish))
            )
        )
    plan = TownPlan.from_json(document["plan"])
    if now < plan.now:
        raise DemoError(
            _("The town in {directory} has lived until {there} already: --now cannot be earlier.").format(
                directory=directory, there=plan.now.isoformat()
            )
        )
    return replace(plan, clock_at=now)


def _planned(wish: TownWish, now: datetime) -> TownPlan:
    homes: HomesPlan
    if wish.households is None:
        count = wish.meters or DEFAULT_METERS
        homes = BuiltInHomes(count=count, days=_DAYS, seed=wish.seed)
        names = tuple(f"home_{number:03d}_wh" for number in range(1, count + 1))
    else:
        homes = FileHomes(path=str(wish.households.resolve()))
        households = read_households(wish.households)
        households.require(wish.meters or 1)
        names = households.names[: wish.meters]
    return plan_town(names, now=now, homes=homes, seed=wish.seed, faults=wish.faults, late_by_s=_LATE_BY_S)


def _write(file: Path, wish: TownWish, plan: TownPlan) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as opened:
        json.dump({"wish": _as_json(wish), "plan": plan.to_json()}, opened, ensure_ascii=False)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)


def _as_json(wish: TownWish) -> dict[str, str | int | None]:
    households = None if wish.households is None else str(wish.households.resolve())
    return {"households": households, "meters": wish.meters, "seed": wish.seed, "faults": wish.faults.value}


def _in_words(wish: dict[str, str | int | None]) -> str:
    return ", ".join(f"{name} {value}" for name, value in wish.items() if value is not None)
