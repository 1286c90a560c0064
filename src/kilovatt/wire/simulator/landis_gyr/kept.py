"""What a simulated Landis+Gyr has kept: months, its load profile in the form of its row, and one log of all events."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from kilovatt.measure.metering.catalogue.landis_gyr import LandisGyrCosemDialect, ProfileForm
from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import DlmsValue, DoubleLongUnsigned, LongUnsigned
from kilovatt.wire.simulator.meter import PastEvent
from kilovatt.wire.simulator.spodes.collected import LOAD, MONTHLY, profiles
from kilovatt.wire.simulator.spodes.energies import (
    GROUPS,
    REGISTER,
    VAR,
    WATT,
    energy_name,
    quantities_of,
    scaler_unit,
)
from kilovatt.wire.simulator.spodes.objects import CosemObject
from kilovatt.wire.simulator.spodes.profiles import CLOCK, CLOCK_CLASS_ID, Column, Profile, Row
from kilovatt.wire.simulator.spodes.works import Works

DEMAND = 5
_LAST_MEAN, _DEMAND_SCALER = 3, 4
_DATA = 1
_LOG_ENTRIES = 500
_HOUR = timedelta(hours=1)


def kept_profiles(works: Works, dialect: LandisGyrCosemDialect) -> Iterator[Profile]:
    """Return the profiles with their columns."""
    for profile in profiles(works):
        if profile.obis == MONTHLY:
            yield profile
        elif profile.obis == LOAD:
            yield _in_form(works, profile, dialect.profile_form)
    yield _event_log(works, dialect)


def demand_objects(works: Works) -> Iterator[CosemObject]:
    """Return the demand registers (class 5) whose last means a profile of mean powers holds."""
    for quantity in quantities_of(works):
        yield _demand_object(works, quantity)


def _demand_object(works: Works, quantity: Quantity) -> CosemObject:
    unit = scaler_unit(0, WATT if quantity in (Quantity.A_PLUS, Quantity.A_MINUS) else VAR)
    power = _mean_power(works, quantity)
    return CosemObject(
        class_id=DEMAND,
        obis=_demand_name(quantity),
        attributes={_LAST_MEAN: lambda now: power(Row(now)), _DEMAND_SCALER: lambda _: unit},
    )


def _in_form(works: Works, load: Profile, form: ProfileForm) -> Profile:
    clock = load.columns[0]
    if form is ProfileForm.INCREMENTS:
        return load
    make = _register_column if form is ProfileForm.REGISTERS else _demand_column
    return replace(load, columns=(clock, *(make(works, quantity) for quantity in quantities_of(works))))


def _register_column(works: Works, quantity: Quantity) -> Column:
    def register(row: Row) -> DlmsValue:
        return DoubleLongUnsigned(works.register_wh(quantity, TOTAL_TARIFF, row.at))

    return Column(REGISTER, energy_name(quantity, TOTAL_TARIFF), 2, register)


def _demand_column(works: Works, quantity: Quantity) -> Column:
    return Column(DEMAND, _demand_name(quantity), _LAST_MEAN, _mean_power(works, quantity))


def _mean_power(works: Works, quantity: Quantity) -> Callable[[Row], DlmsValue]:
    step = timedelta(seconds=works.plan.model.profile_step_s)

    def power(row: Row) -> DlmsValue:
        began_at = works.clockwork.true_instant(works.clockwork.shown_at(row.at) - step)
        before, after = (works.register_wh(quantity, TOTAL_TARIFF, at) for at in (began_at, row.at))
        return DoubleLongUnsigned(max(0, after - before) * (_HOUR // step))

    return power


def _demand_name(quantity: Quantity) -> Obis:
    return Obis.parse(f"1.0.{GROUPS[quantity]}.5.0.255")


def _event_log(works: Works, dialect: LandisGyrCosemDialect) -> Profile:
    columns = (
        Column(CLOCK_CLASS_ID, CLOCK, 2, lambda row: works.stamp(row.at)),
        Column(_DATA, Obis.parse(dialect.event_number_obis), 2, lambda row: LongUnsigned(row.code)),
    )
    entries = sorted(row for event in works.plan.past_events for row in _entries(event, dialect))

    def until(now: datetime) -> list[Row]:
        return [row for row in entries if row.at <= now][-_LOG_ENTRIES:]

    return Profile(Obis.parse(dialect.event_log_obis), columns, until, 0, _LOG_ENTRIES)


def _entries(event: PastEvent, dialect: LandisGyrCosemDialect) -> Iterator[Row]:
    meaning = next((one for one in dialect.events if one.kind is event.kind), None)
    if meaning is None:
        return
    yield Row(event.began_at, meaning.number)
    if meaning.ended_by is not None and event.ended_at is not None:
        yield Row(event.ended_at, meaning.ended_by)
