"""Energies and instant values of a simulated СПОДЭС meter (class 3; ГОСТ Р 58940-2020, annex Г)."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.units import ScalerUnit, Unit
from kilovatt.wire.protocols.dlms.values import (
    DlmsValue,
    DoubleLong,
    DoubleLongUnsigned,
    LongUnsigned,
    Structure,
)
from kilovatt.wire.simulator.mains import Mains
from kilovatt.wire.simulator.spodes.objects import CosemObject
from kilovatt.wire.simulator.spodes.works import Works

REGISTER = 3
GROUPS = {Quantity.A_PLUS: 1, Quantity.A_MINUS: 2, Quantity.R_PLUS: 3, Quantity.R_MINUS: 4}
"""The third group of the logical name of an energy."""
POWER_PARTS = 10
"""Powers are counted in so many parts of a watt."""
TARIFFS = (0, 1, 2, 3, 4)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
WATT, VOLT_AMPERE, VAR, WATT_HOUR, VAR_HOUR = Unit.WATT, Unit.VOLT_AMPERE, Unit.VAR, Unit.WATT_HOUR, Unit.VAR_HOUR
AMPERE, VOLT, HERTZ, UNITLESS = Unit.AMPERE, Unit.VOLT, Unit.HERTZ, Unit.COUNT


def scaler_unit(scaler: int, unit: int) -> Structure:
    """Return a scaler and a unit as attribute 3 shows them."""
    return ScalerUnit(scaler, unit).encode()


def energy_unit(quantity: Quantity) -> Structure:
    """Return the scaler and unit of the registers: whole watt-hours or var-hours."""
    return scaler_unit(0, WATT_HOUR if quantity in (Quantity.A_PLUS, Quantity.A_MINUS) else VAR_HOUR)


def energy_name(quantity: Quantity, tariff: int) -> Obis:
    """Return the logical name of a register: tariff 0 is the total."""
    return Obis.parse(f"1.0.{GROUPS[quantity]}.8.{tariff}.255")


def quantities_of(works: Works) -> tuple[Quantity, ...]:
    """Return what the meter counts, in the order of logical names."""
    return tuple(quantity for quantity in GROUPS if quantity in works.plan.model.quantities)


def energy_objects(works: Works) -> Iterator[CosemObject]:
    """Return the registers that count since the meter was made."""
    for quantity in quantities_of(works):
        for tariff in TARIFFS:
            yield _register(
                str(energy_name(quantity, tariff)),
                _counted(works, quantity, tariff),
                energy_unit(quantity),
            )
        yield _register(f"1.0.{GROUPS[quantity]}.29.0.255", _of_latest_interval(works, quantity), energy_unit(quantity))


def instant_objects(works: Works) -> Iterator[CosemObject]:
    """Return the registers of what is measured now."""
    single = works.plan.model.phases == 1
    yield _shown(works, "1.0.14.7.0.255", lambda m: LongUnsigned(m.frequency_mhz // 10), scaler_unit(-2, HERTZ))
    for place, name in enumerate(("1", "21", "41", "61")[: 1 if single else 4]):
        yield _shown(works, f"1.0.{name}.7.0.255", _power(place), scaler_unit(-1, WATT))
    for place, name in enumerate(("3", "23", "43", "63")[: 1 if single else 4]):
        yield _shown(works, f"1.0.{name}.7.0.255", _reactive(place), scaler_unit(-1, VAR))
    for place, name in enumerate(("9", "29", "49", "69")[: 1 if single else 4]):
        yield _shown(works, f"1.0.{name}.7.0.255", _apparent(place), scaler_unit(-1, VOLT_AMPERE))
    for place, name in enumerate(("13", "33", "53", "73")[: 1 if single else 4]):
        yield _shown(works, f"1.0.{name}.7.0.255", _factor(place), scaler_unit(-3, UNITLESS))
    for phase, name in enumerate(("12",) if single else ("32", "52", "72")):
        yield _shown(works, f"1.0.{name}.7.0.255", _voltage(phase), scaler_unit(-2, VOLT))
    for phase, name in enumerate(("11",) if single else ("31", "51", "71")):
        yield _shown(works, f"1.0.{name}.7.0.255", _current(phase), scaler_unit(-3, AMPERE))


def _counted(works: Works, quantity: Quantity, tariff: int) -> Callable[[datetime], DlmsValue]:
    return lambda now: DoubleLongUnsigned(works.register_wh(quantity, tariff, now))


def _of_latest_interval(works: Works, quantity: Quantity) -> Callable[[datetime], DlmsValue]:
    step = timedelta(seconds=works.plan.model.profile_step_s)

    def counted(now: datetime) -> DlmsValue:
        shown = works.clockwork.shown_at(now)
        ended = shown - (shown - _EPOCH) % step
        began_at, ended_at = works.clockwork.true_instant(ended - step), works.clockwork.true_instant(ended)
        growth = works.register_wh(quantity, 0, ended_at) - works.register_wh(quantity, 0, began_at)
        return DoubleLongUnsigned(max(0, growth))

    return counted


def _register(name: str, value: Callable[[datetime], DlmsValue], unit: Structure) -> CosemObject:
    return CosemObject(class_id=REGISTER, obis=Obis.parse(name), attributes={2: value, 3: lambda _: unit})


def _shown(works: Works, name: str, value: Callable[[Mains], DlmsValue], unit: Structure) -> CosemObject:
    return _register(name, lambda now: value(works.mains(now)), unit)


def _power(place: int) -> Callable[[Mains], DlmsValue]:
    return lambda mains: DoubleLong(mains.active_mw[place] // 100)


def _reactive(place: int) -> Callable[[Mains], DlmsValue]:
    return lambda mains: DoubleLong(mains.reactive_mvar[place] // 100)


def _apparent(place: int) -> Callable[[Mains], DlmsValue]:
    return lambda mains: DoubleLongUnsigned(mains.apparent_mva[place] // 100)


def _factor(place: int) -> Callable[[Mains], DlmsValue]:
    return lambda mains: LongUnsigned(mains.factor_permille(place))


def _voltage(phase: int) -> Callable[[Mains], DlmsValue]:
    return lambda mains: LongUnsigned(mains.voltages_mv[phase] // 10)


def _current(phase: int) -> Callable[[Mains], DlmsValue]:
    return lambda mains: DoubleLongUnsigned(mains.currents_ma[phase])
