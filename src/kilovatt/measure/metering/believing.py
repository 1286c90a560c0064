"""What of a session may be believed: a meter may say anything, and nothing of it may stop the night of the others.

A value that no meter of the trade can have is not kept, and the session says so; everything else of the same session
is. What a clock that is far off has stamped is held apart for people to judge. Whether a possible value is likely is
the judgement's matter (`measure.vee`), not ours.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from kilovatt.measure.metering.columns import PHASES
from kilovatt.measure.metering.events import MeterEvent
from kilovatt.measure.metering.meter_days import MeterDay
from kilovatt.measure.metering.registers import RegisterMoment, RegisterReading
from kilovatt.measure.metering.sessions import Identity, InstantValues, Learnt

CLOCK_TRUSTED_WITHIN = timedelta(hours=1)
"""A meter whose clock is further off stamps profile, journals and frozen registers wrongly: these are held apart."""
REGISTER_MAX_WH = 10**12 - 1
"""Ten times what the longest register shows (eleven digits of kWh/100); a million times as many µWh fit 63 bits."""
COUNT_MAX = 2**31 - 1
SLOTS_MAX = 1_500
"""A day of minutes, and the hour by which a change to winter time makes one longer."""
POWER_MAX_W = COUNT_MAX
VOLTAGE_MAX_MV = COUNT_MAX
CURRENT_MAX_MA = COUNT_MAX
FREQUENCY_MAX_MHZ = 1_000_000
TARIFF_MAX = 8
TEXT_LIMITS = {"firmware": 32, "variant": 64, "detail": 200, "code": 40}
"""How long the texts of a meter may be; what is longer is cut."""


@dataclass(frozen=True, slots=True)
class Believed:
    """What may be accepted, and how much of each kind may not (`2 registers, 1 day`); empty when all may.

    `apart`: registers, days and events that a wrong clock has stamped.
    """

    learnt: Learnt
    left_out: str
    apart: Learnt = field(default_factory=Learnt)


def believed(learnt: Learnt) -> Believed:
    """Return what of a session may be accepted."""
    apart = Learnt()
    if learnt.clock is not None and not clock_is_trusted(learnt):
        apart = _stamped_by(learnt)
        learnt = _by_our_clock(learnt, learnt.clock.deviation)
    registers = tuple(reading for reading in learnt.registers if _register_can_be(reading))
    days = tuple(day for day in learnt.meter_days if _day_can_be(day))
    instant = learnt.instant if learnt.instant is None or _instant_can_be(learnt.instant) else None
    kept = replace(
        learnt,
        identity=None if learnt.identity is None else _tidy_identity(learnt.identity),
        instant=instant,
        registers=registers,
        meter_days=days,
        events=tuple(_tidy_event(event) for event in learnt.events),
    )
    counted = {
        "impossible registers": len(learnt.registers) - len(registers),
        "impossible days of the profile": len(learnt.meter_days) - len(days),
        "impossible instant values": int(instant is not learnt.instant),
    }
    return Believed(kept, ", ".join(f"{count} {what}" for what, count in counted.items() if count), apart)


def clock_is_trusted(learnt: Learnt) -> bool:
    """Whether what the meter's clock has stamped is believed; a clock that was not read is."""
    return learnt.clock is None or abs(learnt.clock.deviation) <= CLOCK_TRUSTED_WITHIN


def _stamped_by(learnt: Learnt) -> Learnt:
    """Return what bears instants of the meter's clock, but for what no clock could make possible."""
    return Learnt(
        registers=tuple(
            r for r in learnt.registers if r.moment is not RegisterMoment.NOW and r.value <= REGISTER_MAX_WH
        ),
        meter_days=tuple(day for day in learnt.meter_days if _counts_can_be(day)),
        events=tuple(_tidy_event(event) for event in learnt.events),
    )


def _by_our_clock(learnt: Learnt, deviation: timedelta) -> Learnt:
    """Return what was true when we heard it, of that instant."""
    running = [r for r in learnt.registers if r.moment is RegisterMoment.NOW]
    instant = learnt.instant
    return replace(
        learnt,
        instant=None if instant is None else replace(instant, taken_at=instant.taken_at - deviation),
        registers=tuple(replace(r, taken_at=r.heard_at) for r in running),
        meter_days=(),
        events=(),
    )


def _register_can_be(reading: RegisterReading) -> bool:
    # A register frozen at a midnight that is still to come was not frozen then.
    of_the_past = reading.moment is RegisterMoment.NOW or reading.taken_at <= reading.heard_at + CLOCK_TRUSTED_WITHIN
    return reading.value <= REGISTER_MAX_WH and of_the_past


def _day_can_be(day: MeterDay) -> bool:
    return day.starts_at <= day.heard_at + CLOCK_TRUSTED_WITHIN and _counts_can_be(day)


def _counts_can_be(day: MeterDay) -> bool:
    lists = [counts for counts in (day.a_plus, day.a_minus, day.r_plus, day.r_minus) if counts is not None]
    return (
        1 <= len(day.qualities) <= SLOTS_MAX
        and 0 < day.uwh_per_count <= COUNT_MAX
        and all(min(counts) >= 0 and max(counts) <= COUNT_MAX for counts in lists)
    )


def _instant_can_be(instant: InstantValues) -> bool:
    phases = max(len(instant.voltages_mv), len(instant.currents_ma))
    return (
        phases <= len(PHASES)
        and abs(instant.power_w or 0) <= POWER_MAX_W
        and all(0 <= mv <= VOLTAGE_MAX_MV for mv in instant.voltages_mv)
        and all(abs(ma) <= CURRENT_MAX_MA for ma in instant.currents_ma)
        and 0 <= (instant.frequency_mhz or 0) <= FREQUENCY_MAX_MHZ
        and 0 <= (instant.tariff or 0) <= TARIFF_MAX
    )


def _tidy_identity(identity: Identity) -> Identity:
    return replace(
        identity, firmware=_tidy("firmware", identity.firmware or ""), variant=_tidy("variant", identity.variant or "")
    )


def _tidy_event(event: MeterEvent) -> MeterEvent:
    return replace(event, detail=_tidy("detail", event.detail), code=_tidy("code", event.code))


def _tidy(name: str, text: str) -> str:
    """Return a text of a meter without what no database keeps (a zero character), cut to its length."""
    return text.replace("\0", "")[: TEXT_LIMITS[name]]
