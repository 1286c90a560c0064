"""What a search over a line has done, as it is kept: enough to go on from there, and what people are shown of it."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from kilovatt.config.scan_scope import label_of
from kilovatt.measure.metering.models import Language
from kilovatt.wire.drivers.finding.order import Sign
from kilovatt.wire.drivers.finding.probes import PasswordState, Place, Sighting, Told, Trait, Way
from kilovatt.wire.drivers.finding.rows import fitting
from kilovatt.wire.headend.scanning import Progress, Scan
from kilovatt.wire.headend.walked import Step, Walk
from kilovatt.wire.protocols.framing.connection import LineSpeed

ADDRESSES_DRAWN_MAX = 2_000
"""So many runs of addresses of a walk are kept for its picture."""


def journal_of(steps: Iterable[Step]) -> dict[str, Any]:
    """Return the steps of a search: runs of what came, and by their numbers those at which somebody answered."""
    steps = list(steps)
    return {
        "signs": [[sign.value, len(list(run))] for sign, run in groupby(step.sign for step in steps)],
        "found": {
            str(number): [_kept(step.heard), _kept(step.learnt)]
            for number, step in enumerate(steps)
            if step.heard is not None
        },
    }


def steps_of(journal: Mapping[str, Any]) -> list[Step]:
    """Return the steps of a journal. Raises ValueError, KeyError or TypeError for one that is none."""
    found = {int(number): pair for number, pair in journal.get("found", {}).items()}
    signs = [Sign(sign) for sign, count in journal.get("signs", ()) for _ in range(count)]
    return [
        Step(sign, *map(_sighting, found[number])) if number in found else Step(sign)
        for number, sign in enumerate(signs)
    ]


def shown(scan: Scan) -> dict[str, Any]:
    """Return what people are shown of a search: what was found, what it came to, and where it has been."""
    report = scan.report()
    return {
        "found": [_shown_one(one) for one in report.sightings],
        "verdict": report.verdict.value,
        "remarks": {
            "crowded": [_place(place) for place in report.crowded],
            "is_noisy": report.line_is_noisy,
            "echoes": report.line_echoes,
            "detail": report.detail[:300],
            "asked": report.probes,
            "left": report.left,
            "took_s": round(report.took_s, 1),
        },
        "walked": [_walked(walk) for walk in scan.walks.values()],
    }


def progress_of(progress: Progress) -> dict[str, Any]:
    """Return what is being tried, and how much is left."""
    return {
        **_place(progress.place),
        "purpose": progress.purpose.value,
        "done": progress.done,
        "left": progress.left,
        "seconds_left": round(progress.seconds_left),
    }


def _place(place: Place) -> dict[str, Any]:
    speed = place.speed
    return {"way": place.way.value, "address": place.address, "speed": "" if speed is None else label_of(speed)}


def _shown_one(one: Sighting) -> dict[str, Any]:
    return {
        **_place(one.place),
        "asked_at": one.place.address,
        "address": one.address,
        "form": one.place.form,
        "languages": [language.value for language in one.languages],
        "serial": one.serial or "",
        "told": {told.value: text for told, text in one.told.items()},
        "password": one.password.value,
        "parity": one.place.parity_bits,
        "models": [row.key for row in fitting(one)],
    }


def _walked(walk: Walk) -> dict[str, Any]:
    return {
        "way": walk.way.value,
        "speed": "" if walk.speed is None else label_of(walk.speed),
        "planned": walk.planned,
        "signs": {sign.value: count for sign, count in walk.signs.items()},
        "runs": [[run.first, run.last, run.sign.value] for run in walk.runs[:ADDRESSES_DRAWN_MAX]],
    }


# ── A sighting, whole ───────────────────────────────────────────────────────────────────────────────────────────────


def _kept(one: Sighting | None) -> dict[str, Any] | None:
    if one is None:
        return None
    speed = one.place.speed
    return {
        "way": one.place.way.value,
        "asked_at": one.place.address,
        "form": one.place.form,
        "speed": None if speed is None else [speed.baud, speed.data_bits, speed.parity, speed.stop_bits],
        "parity_bits": one.place.parity_bits,
        "languages": [language.value for language in one.languages],
        "address": one.address,
        "told": {told.value: text for told, text in one.told.items()},
        "traits": {trait.value: text for trait, text in one.traits.items()},
        "password": one.password.value,
    }


def _sighting(kept: Mapping[str, Any] | None) -> Sighting | None:
    if kept is None:
        return None
    return Sighting(
        place=Place(
            way=Way(kept["way"]),
            address=kept["asked_at"],
            form=kept["form"],
            speed=None if kept["speed"] is None else LineSpeed(*kept["speed"]),
            parity_bits=kept["parity_bits"],
        ),
        languages=tuple(map(Language, kept["languages"])),
        address=kept["address"],
        told={Told(name): text for name, text in kept["told"].items()},
        traits={Trait(name): text for name, text in kept["traits"].items()},
        password=PasswordState(kept["password"]),
    )
