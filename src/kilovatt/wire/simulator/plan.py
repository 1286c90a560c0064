"""What a town is made from, in a form that fits into a file: meters, lines, homes, and what is wrong with them."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from kilovatt.measure.metering.catalogue import UnknownModelError, model_by_key
from kilovatt.measure.metering.catalogue.spodus import SPODUS_USPD, is_behind
from kilovatt.measure.metering.models import MeterModel
from kilovatt.wire.drivers.addresses import address_rule
from kilovatt.wire.explain.fields import gettext_noop
from kilovatt.wire.protocols.dlms.security.slots import MASTER, KeyBundle, key_bundle
from kilovatt.wire.simulator.energy import MARKS_BY_ZONES
from kilovatt.wire.simulator.faults import METER_FAULTS, FaultKind, LineFaults

FORMAT = 2
"""Grows when an older program could not read the plan. Since 2 there are concentrators; plans of 1 are read too."""
_Json: TypeAlias = dict[str, Any]


class TownPlanError(ValueError):
    """A town that cannot be built. Its text says what is wrong in the plan.

    It is English; `sentence` is to be translated and then filled in with `values`.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values)
        self.sentence = sentence
        self.values = values


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterPlan:
    """One meter of a town. `household` is a column of the town's homes; `zones` are 1, 2 or 3 of the day.

    `passwords` are by access level, what is not given is the factory's; `keys` by slot, in hexadecimal.
    """

    model: str
    serial: int
    address: int
    household: str
    line: str
    ratio: int = 1
    zones: int = 1
    passwords: dict[int, str] = field(default_factory=dict, repr=False)
    faults: frozenset[FaultKind] = frozenset()
    keys: dict[str, str] = field(default_factory=dict, repr=False)
    clock_ahead_s: int = 0
    """How far its clock is ahead of the town's [s]; a clock that is a fault is further off, whatever this says."""

    def __post_init__(self) -> None:
        model = _model(self.model)
        object.__setattr__(self, "passwords", model.factory_passwords | self.passwords)
        rule = address_rule(model)
        if not 1 <= self.address <= rule.maximum:
            raise TownPlanError(
                gettext_noop(
                    "Meter %(serial)s has the address %(address)s, and 1 to %(maximum)s is wanted for %(language)s."
                ),
                serial=self.serial,
                address=self.address,
                maximum=rule.maximum,
                language=model.language.value,
            )
        if not 1 <= self.serial <= rule.serial_max:
            raise TownPlanError(
                gettext_noop(
                    "A meter has the serial number %(serial)s, and 1 to %(maximum)s is wanted for %(language)s."
                ),
                serial=self.serial,
                maximum=rule.serial_max,
                language=model.language.value,
            )
        if self.ratio < 1:
            raise TownPlanError(
                gettext_noop("Meter %(serial)s has the ratio %(ratio)s, and at least 1 is wanted."),
                serial=self.serial,
                ratio=self.ratio,
            )
        if self.zones not in MARKS_BY_ZONES:
            raise TownPlanError(
                gettext_noop("Meter %(serial)s has %(zones)s zones, and 1, 2 or 3 are wanted."),
                serial=self.serial,
                zones=self.zones,
            )
        if not self.faults <= METER_FAULTS:
            raise TownPlanError(
                gettext_noop("Meter %(serial)s has faults that only a line can have: %(faults)s."),
                serial=self.serial,
                faults=", ".join(sorted(self.faults - METER_FAULTS)),
            )

    @property
    def key_bundle(self) -> KeyBundle:
        """Its keys as a meter has them. Raises UnusableKeysError, ValueError for what are none."""
        return key_bundle({slot: bytes.fromhex(key) for slot, key in self.keys.items()})

    @property
    def master_key(self) -> bytes | None:
        """The key that new ones come wrapped with, where it has one. Raises ValueError for what is none."""
        return bytes.fromhex(self.keys[MASTER]) if MASTER in self.keys else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcentratorPlan:
    """A concentrator. The meters of its line stand behind it, their addresses are those of its direct channels."""

    serial: int
    model: str = SPODUS_USPD.key
    address: int = 1
    """The logical device in which it is managed."""
    passwords: dict[int, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlan:
    """One line behind one gateway; port 0 takes any free one, `baud` None is a line without delay.

    `concentrator`: what is at the port, and stands before the meters of the line; None: they are on the line itself.
    """

    name: str
    port: int = 0
    faults: LineFaults = field(default_factory=LineFaults)
    baud: int | None = None
    think_s: float = 0.0
    concentrator: ConcentratorPlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHomes:
    """Homes read from a Parquet file."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltInHomes:
    """Homes of the generator, of which there are `count`, for `days` up to the last midnight."""

    count: int
    days: int
    seed: int


HomesPlan: TypeAlias = FileHomes | BuiltInHomes


@dataclass(frozen=True, slots=True, kw_only=True)
class TownPlan:
    """A whole town. The last row of its curves ends at the last midnight at or before `now` [UTC].

    Its clock shows `clock_at` when it starts (`now` unless stated: a town that is started again is older), and runs
    `rate` times as fast as real time.
    """

    now: datetime
    homes: HomesPlan
    lines: tuple[LinePlan, ...]
    meters: tuple[MeterPlan, ...]
    zone: str = "Europe/Moscow"
    rate: float = 1.0
    clock_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.now.tzinfo is not UTC:
            raise TownPlanError(gettext_noop("A town starts at an instant in UTC: got %(got)s."), got=repr(self.now))
        names = {line.name for line in self.lines}
        if len(names) != len(self.lines):
            raise TownPlanError(gettext_noop("Two lines of the town have the same name."))
        for meter in self.meters:
            if meter.line not in names:
                raise TownPlanError(
                    gettext_noop("Meter %(serial)s is on line %(line)s, which the town does not have."),
                    serial=meter.serial,
                    line=meter.line,
                )
        for line in self.lines:
            _check_line(line, [meter for meter in self.meters if meter.line == line.name])

    def faults_of(self, meter: MeterPlan) -> frozenset[FaultKind]:
        """Return everything that is wrong with a meter, its own faults and its line's."""
        (kinds,) = (line.faults.kinds for line in self.lines if line.name == meter.line)
        return meter.faults | kinds

    def to_json(self) -> str:
        """Return the plan on one line of JSON; `from_json` reads it back."""
        homes = {"file": asdict(self.homes)} if isinstance(self.homes, FileHomes) else {"built_in": asdict(self.homes)}
        document: _Json = {
            "format": FORMAT,
            "now": self.now.isoformat(),
            "clock_at": None if self.clock_at is None else self.clock_at.isoformat(),
            "rate": self.rate,
            "zone": self.zone,
            "homes": homes,
            "lines": [asdict(line) for line in self.lines],
            "meters": [asdict(meter) for meter in self.meters],
        }
        return json.dumps(document, default=sorted, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "TownPlan":
        """Return the plan that a JSON text holds. Raises TownPlanError."""
        try:
            document: _Json = json.loads(text)
            if document["format"] not in range(1, FORMAT + 1):
                raise TownPlanError(
                    gettext_noop("This plan has format %(got)s, and this program reads %(known)s."),
                    got=document["format"],
                    known=FORMAT,
                )
            return cls(
                now=_instant(document["now"]),
                clock_at=_instant(document["clock_at"]) if document["clock_at"] is not None else None,
                rate=float(document["rate"]),
                zone=document["zone"],
                homes=_homes(document["homes"]),
                lines=tuple(_line(line) for line in document["lines"]),
                meters=tuple(_meter(meter) for meter in document["meters"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, TownPlanError):
                raise
            reason = f"{type(error).__name__}: {error}"
            raise TownPlanError(gettext_noop("This is no plan of a town: %(reason)s."), reason=reason) from error


def _model(model: str) -> MeterModel:
    try:
        return model_by_key(model)
    except UnknownModelError as error:
        raise TownPlanError(gettext_noop("There is no meter model %(model)s."), model=model) from error


def _check_line(line: LinePlan, meters: list[MeterPlan]) -> None:
    name = line.name
    for meter in meters:
        if is_behind(_model(meter.model)) != (line.concentrator is not None):
            raise TownPlanError(
                gettext_noop(
                    "Meter %(serial)s is a %(model)s on line %(line)s: models with @uspd stand behind a concentrator, "
                    "and no others do."
                ),
                serial=meter.serial,
                model=meter.model,
                line=name,
            )
        if FaultKind.UNREACHED in meter.faults and line.concentrator is None:
            raise TownPlanError(
                gettext_noop("Meter %(serial)s is unreached, and stands behind no concentrator."), serial=meter.serial
            )
    if len({_model(meter.model).language for meter in meters}) > 1:
        # A frame for one language may be a frame for somebody in the other.
        raise TownPlanError(
            gettext_noop("Line %(line)s has meters of two languages; give each language lines of its own."), line=name
        )
    for address, count in Counter(meter.address for meter in meters).items():
        if count > 1:
            raise TownPlanError(
                gettext_noop("Line %(line)s has %(count)s meters with the address %(address)s."),
                line=name,
                count=count,
                address=address,
            )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _homes(document: _Json) -> HomesPlan:
    return FileHomes(**document["file"]) if "file" in document else BuiltInHomes(**document["built_in"])


def _line(document: _Json) -> LinePlan:
    faults: _Json = document["faults"]
    kinds = frozenset(FaultKind(kind) for kind in faults["kinds"])
    told = document.get("concentrator")
    concentrator = None if told is None else ConcentratorPlan(**(told | {"passwords": _passwords(told)}))
    return LinePlan(**(document | {"faults": LineFaults(**(faults | {"kinds": kinds})), "concentrator": concentrator}))


def _passwords(document: _Json) -> dict[int, str]:
    return {int(level): password for level, password in document["passwords"].items()}


def _meter(document: _Json) -> MeterPlan:
    passwords = _passwords(document)
    faults = frozenset(FaultKind(kind) for kind in document["faults"])
    return MeterPlan(**(document | {"passwords": passwords, "faults": faults}))
