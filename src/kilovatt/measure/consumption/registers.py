"""What consumption is made of and what stands in its way: registers at the ends of a span, legs, and named gaps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, TypeAlias
from uuid import UUID

from kilovatt.measure.metering.meter_days import Source
from kilovatt.measure.zones import Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAt:
    """A register [Wh] at an instant, with what proves it. `session_id` and `exchange` lead to its frame."""

    value_wh: int
    taken_at: datetime
    source: Source
    digest: bytes
    session_id: UUID | None = None
    exchange: int | None = None

    def __post_init__(self) -> None:
        if self.value_wh < 0:
            raise ValueError(f"a register cannot be negative: got {self.value_wh} Wh")
        if self.taken_at.tzinfo is None:
            raise ValueError(f"a register needs an instant with a time zone: got {self.taken_at.isoformat()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationSpan:
    """A meter at the point for some time, with its registers where the span meets the period.

    `starts` and `ends` hold active energy by tariff (0 = total, 1..4): at the later of `since` and the period's
    start, and at the earlier of `until` and the period's end. A register that is not known is not in them.
    `zone_of_tariff` is the installation's own map. `register_limit_wh` is where the register begins again at
    zero; None where it does not, or where nobody knows.
    """

    meter_id: int
    since: datetime
    until: datetime | None = None
    ratio: int = 1
    zone_of_tariff: Mapping[int, Zone]
    register_step_wh: int
    register_limit_wh: int | None = None
    starts: Mapping[int, RegisterAt]
    ends: Mapping[int, RegisterAt]

    def __post_init__(self) -> None:
        if self.ratio < 1:
            raise ValueError(f"a transformer ratio is at least 1: got {self.ratio}")
        if self.register_step_wh < 1:
            raise ValueError(f"the step of a register is at least 1 Wh: got {self.register_step_wh}")
        if self.until is not None and self.until <= self.since:
            raise ValueError(f"a meter is removed after it is installed: got {self.since} to {self.until}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """The energy between two readings of one tariff of one meter: what a line of a bill stands on.

    `energy_wh` has the transformer ratio in it. `rolled_over`: the register passed its top in between.
    """

    meter_id: int
    tariff: int
    ratio: int
    start: RegisterAt
    end: RegisterAt
    energy_wh: int
    rolled_over: bool = False


class GapReason(StrEnum):
    """Why the energy of a zone is not known. The names stand in the database and in JSON."""

    MISSING_REGISTER = "missing_register"
    REGISTER_WENT_DOWN = "register_went_down"
    ZONE_NOT_COUNTED = "zone_not_counted"
    TARIFF_WITHOUT_ZONE = "tariff_without_zone"
    NO_METER = "no_meter"


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingRegister:
    """No register of this tariff is known at this instant."""

    reason: ClassVar[GapReason] = GapReason.MISSING_REGISTER
    meter_id: int
    tariff: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterWentDown:
    """The later register is below the earlier, and no passing of its top explains it."""

    reason: ClassVar[GapReason] = GapReason.REGISTER_WENT_DOWN
    meter_id: int
    tariff: int
    start: RegisterAt
    end: RegisterAt


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneNotCounted:
    """None of the meter's tariffs counts a zone of the plan."""

    reason: ClassVar[GapReason] = GapReason.ZONE_NOT_COUNTED
    meter_id: int
    zone: Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffWithoutZone:
    """The meter counted in a tariff that the installation's map gives to no zone of the plan."""

    reason: ClassVar[GapReason] = GapReason.TARIFF_WITHOUT_ZONE
    meter_id: int
    tariff: int
    end: RegisterAt


@dataclass(frozen=True, slots=True, kw_only=True)
class NoMeter:
    """No meter stood at the point from one instant to another."""

    reason: ClassVar[GapReason] = GapReason.NO_METER
    since: datetime
    until: datetime


Gap: TypeAlias = MissingRegister | RegisterWentDown | ZoneNotCounted | TariffWithoutZone | NoMeter


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneEnergy:
    """The energy of a zone in a period, the legs it is the sum of, and what stands in the way of knowing it.

    `energy_wh` is None as soon as there is a gap: part of a zone is not its energy.
    """

    zone: Zone
    energy_wh: int | None
    legs: tuple[Leg, ...]
    gaps: tuple[Gap, ...]
