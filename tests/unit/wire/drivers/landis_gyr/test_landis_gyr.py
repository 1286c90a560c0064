"""Landis+Gyr by DLMS: the captured association, objects by their short names, profiles in any form, the event log."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from asked_spodes import (
    CLOCK,
    CLOCK_NAME,
    DATA,
    MOSCOW,
    NOW,
    PROFILE,
    REGISTER,
    AskedMeter,
    captured,
    count,
    stamp,
    unit,
)
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.landis_gyr import LandisGyrCosemDialect
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.meter_days import SlotRank
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.addresses import address_rule
from kilovatt.wire.drivers.conversation import Answer, MeterAddress, MeterRefusedError, ReadingTask
from kilovatt.wire.drivers.cosem.short_names import ShortNames
from kilovatt.wire.drivers.landis_gyr.driver import LandisGyrDriver
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.apdu.short_names import ParameterizedName, ShortName
from kilovatt.wire.protocols.dlms.association.requests import CloseLink, GetAttribute, ReadVariable, SetAttribute
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.short_listed import ShortListedObject, attribute_name, encode_short_list
from kilovatt.wire.protocols.dlms.values import Array, LongUnsigned, OctetString, Structure, Unsigned, encode
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    Connection,
    LocalProtocolError,
    Refusal,
    RefusalReason,
    Request,
)

SHORT, OPTICAL, LOGICAL = (model_by_key(f"landis-gyr-zmg405-{kind}") for kind in ("sn", "sn-optical", "ln"))
SERIAL, FIRMWARE = "0.0.96.1.0.255", "1.0.0.2.0.255"
LOAD, LOG, NUMBERS = "1.0.99.1.0.255", "1.0.99.98.0.255", "0.0.96.240.12.255"
DAY_ON = date(2026, 11, 22)
MIDNIGHT = datetime(2026, 11, 21, 21, tzinfo=UTC)
STEP = timedelta(minutes=30)
DEMAND = 5


def address(model: Any = SHORT, **more: Any) -> MeterAddress:  # noqa: ANN401  # a row, fields of an address
    return MeterAddress(model=model, address=17, zone=MOSCOW, **more)


class NamedMeter(AskedMeter):
    """The same, by short names: a base name for each object that shows anything."""

    def __init__(self, shown: dict[tuple[int, str, int], Any] | None = None) -> None:
        self.bases: dict[tuple[int, bytes], int] = {}
        super().__init__(shown)

    def show(self, class_id: int, name: str, number: int, value: object) -> None:
        super().show(class_id, name, number, value)
        self.bases.setdefault((class_id, bytes(Obis.parse(name))), 0x1000 + 0x100 * len(self.bases))

    def answer(self, request: Request[Any]) -> object:
        if not isinstance(request, ReadVariable):
            return super().answer(request)
        self.asked.append(request)
        name = request.variable.name
        if name == 0xFA08:
            rows = (ShortListedObject(base, key[0], 0, Obis(key[1])) for key, base in self.bases.items())
            return request.read(encode(encode_short_list(rows)))
        assert isinstance(request.variable, ShortName | ParameterizedName)
        found = {
            attribute_name(self.bases[class_id, obis], number): value
            for (class_id, obis, number), value in self.shown.items()
        }
        value = found.get(name, AccessResult.OBJECT_UNDEFINED)
        if isinstance(value, AccessResult):
            return Refusal(RefusalReason.OTHER, value)
        return request.read(encode(value))


def read(meter: AskedMeter, at: MeterAddress, **wanted: Any) -> Learnt:  # noqa: ANN401  # fields of a task
    none = {"identity": False, "clock": False, "registers_now": False}
    learnt = Learnt()
    for part in LandisGyrDriver().parts(at, ReadingTask(**(none | wanted))):
        learnt += meter.carry(part.conversation)
    return learnt


# ── The captured association (pastebin XY1PSdHw; protocols/dlms-and-others, 7.5) ────────────────────────────────────


def test_the_captured_association_is_what_the_driver_says() -> None:
    frames = [
        "7EA0070341935A647E",
        "7EA01E4103738E7F81801205018006013E07040000000108040000000107227E",
        (
            "7EA044034110B3E1E6E6006036A1090607608574050801028A0207808B0760857405080201AC0A80083030303030303030"
            "BE10040E01000000065F1F04001C0320FFFF0B877E"
        ),
        (
            "7EA0374103302179E6E7006128A109060760857405080102A203020100A305A103020100BE0F040D0800065F1F0400180220"
            "0960FA000AA87E"
        ),
        "7EA011034132E258E6E600050102FA08189E7E",
    ]
    wire = [bytes.fromhex(frame) for frame in frames]
    model = replace(OPTICAL, dialect=LandisGyrCosemDialect(address_bytes=1))
    driver, meter = LandisGyrDriver(), address(model)
    connection = driver.connection(meter)
    opening, said = driver.opening(meter), []
    request = next(opening)
    for answer in wire[1::2]:
        said.append(connection.send(request).data)
        event = connection.receive(answer)
        assert isinstance(event, Answered)
        try:
            request = opening.send(Answer(event.value, 1, NOW))
        except StopIteration:
            break
    (part,) = driver.parts(meter, ReadingTask(clock=False, registers_now=False))
    said.append(connection.send(next(part.conversation)).data)
    assert said == wire[::2]


# ── Short names ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_list_of_objects_is_read_once_and_what_is_not_listed_is_not_asked() -> None:
    meter = NamedMeter({(DATA, SERIAL, 2): OctetString(b"00041906467")})

    said = read(meter, address(serial="41906467"), identity=True, clock=True, registers_now=True)

    assert said.identity is not None
    assert (said.identity.serial, said.identity.firmware) == ("00041906467", None)
    assert said.clock is not None
    assert said.registers == ()
    asked = [one.variable.name for one in meter.asked if isinstance(one, ReadVariable)]
    # The list, the serial number (FA00h of class 1 is listed second) and the clock.
    assert asked == [0xFA08, 0x1108, 0x1008]


def test_another_serial_number_is_noticed() -> None:
    meter = NamedMeter({(DATA, SERIAL, 2): OctetString(b"41906467"), (DATA, FIRMWARE, 2): OctetString(b"P07")})
    with pytest.raises(MeterRefusedError) as refused:
        read(meter, address(serial="41906468"), identity=True)
    assert refused.value.outcome is Outcome.ANOTHER_METER


def test_registers_by_tariff_are_read_by_their_short_names() -> None:
    shown: dict[tuple[int, str, int], Any] = {
        (REGISTER, f"1.0.1.8.{tariff}.255", 2): count(tariff) for tariff in range(5)
    }
    meter = NamedMeter({(REGISTER, "1.0.1.8.0.255", 3): unit(1), **shown})
    said = read(meter, address(), registers_now=True)
    assert [(one.tariff, one.value) for one in said.registers] == [(tariff, 10 * tariff) for tariff in range(5)]


def test_nothing_but_reading_goes_by_short_names() -> None:
    def setting() -> Any:  # noqa: ANN401  # a conversation
        yield SetAttribute(Descriptor(CLOCK, Obis.parse(CLOCK_NAME), 2), Unsigned(1))

    with pytest.raises(LocalProtocolError, match="SetAttribute by short names is not built"):
        next(ShortNames(0xFA00).carry(setting()))


def test_a_conversation_that_is_given_up_is_closed() -> None:
    closed = []

    def endless() -> Any:  # noqa: ANN401  # a conversation
        try:
            while True:
                yield GetAttribute(Descriptor(CLOCK, Obis.parse(CLOCK_NAME), 2))
        finally:
            closed.append(True)

    carried = ShortNames(0xFA00).carry(endless())
    next(carried)
    carried.close()
    assert closed == [True]


# ── Sessions ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_short_names_are_not_read_over_the_wrapper() -> None:
    model = replace(SHORT, dialect=LandisGyrCosemDialect(over_wrapper=True))
    with pytest.raises(LocalProtocolError, match="bear no number"):
        LandisGyrDriver().connection(address(model))


def test_logical_names_may_come_over_the_wrapper_and_then_nothing_is_closed() -> None:
    model = replace(LOGICAL, dialect=LandisGyrCosemDialect(uses_short_names=False, over_wrapper=True))
    driver = LandisGyrDriver()
    connection: Connection = driver.connection(address(model))
    opening = driver.opening(address(model))
    assert connection.send(next(opening)).data[:2] == b"\x00\x01"
    assert list(driver.closing(address(model))) == []
    assert isinstance(next(driver.closing(address(SHORT))), CloseLink)


@pytest.mark.parametrize(
    ("code", "reason", "outcome"),
    [
        (13, RefusalReason.ACCESS_DENIED, Outcome.WRONG_PASSWORD),
        (1, RefusalReason.ACCESS_DENIED, Outcome.REFUSED),
        (0, RefusalReason.CHANNEL_CLOSED, Outcome.CHANNEL_CLOSED),
    ],
)
def test_a_refused_association_is_named(code: int, reason: RefusalReason, outcome: Outcome) -> None:
    opening = LandisGyrDriver().opening(address(password="1"))
    next(opening)
    opening.send(Answer(None, 1, NOW))
    with pytest.raises(MeterRefusedError) as refused:
        opening.send(Answer(Refusal(reason, code), 2, NOW))
    assert refused.value.outcome is outcome


def test_at_an_optical_head_a_meter_is_alone() -> None:
    assert (address_rule(OPTICAL).alone, address_rule(SHORT).alone) == (True, False)


# ── The load profile ────────────────────────────────────────────────────────────────────────────────────────────────


def profile(columns: Iterable[tuple[int, str, int]], rows: Iterable[Iterable[Any]]) -> AskedMeter:
    meter = AskedMeter({(PROFILE, LOAD, 4): count(1800)})
    stamped = [[stamp(MIDNIGHT + (place + 1) * STEP), *values] for place, values in enumerate(rows)]
    meter.show_profile(LOAD, [(CLOCK, CLOCK_NAME, 2), *columns], stamped)
    return meter


def day_of(meter: AskedMeter) -> Any:  # noqa: ANN401  # a meter-day
    (day,) = read(meter, address(LOGICAL), profile_days=(DAY_ON,)).meter_days
    return day


def test_energies_of_intervals_are_taken_as_they_are() -> None:
    meter = profile([(REGISTER, "1.0.1.29.0.255", 2)], [[count(7)], [count(8)]])
    meter.show(REGISTER, "1.0.1.29.0.255", 3, unit(1))
    day = day_of(meter)
    assert (day.a_plus[:3], day.uwh_per_count) == ((7, 8, 0), 10_000_000)
    assert day.qualities[:3] == (SlotRank.ACTUAL, SlotRank.ACTUAL, SlotRank.MISSING)
    assert day.a_minus is None


def test_of_registers_the_differences_count_where_rows_follow_one_another() -> None:
    meter = AskedMeter({(REGISTER, "1.0.1.8.0.255", 3): unit(0)})
    values = [(0, 1000), (1, 1007), (2, 1015), (4, 1030), (5, 1029), (6, 1040), (7, None), (8, 1050)]
    rows = [[stamp(MIDNIGHT + place * STEP), None if at is None else count(at)] for place, at in values]
    meter.show_profile(LOAD, [(CLOCK, CLOCK_NAME, 2), (REGISTER, "1.0.1.8.0.255", 2)], rows)
    day = day_of(meter)
    # The row of 01:30 is missing, a register went down at 02:30, and one said nothing at 03:30.
    assert day.a_plus[:8] == (7, 8, 0, 0, 0, 11, 0, 0)
    ranks = [quality is SlotRank.ACTUAL for quality in day.qualities[:8]]
    assert ranks == [True, True, False, False, False, True, False, False]


def test_mean_powers_are_energies_by_the_length_of_the_interval() -> None:
    meter = profile([(DEMAND, "1.0.1.5.0.255", 3)], [[count(1001)], [None]])
    meter.show(DEMAND, "1.0.1.5.0.255", 4, unit(0, 27))
    day = day_of(meter)
    # 1001 W for half an hour are 500.5 Wh.
    assert (day.a_plus[:2], day.uwh_per_count) == ((5005, 0), 100_000)


def test_mean_powers_of_intervals_that_give_no_whole_energies_are_left_out() -> None:
    meter = AskedMeter({(PROFILE, LOAD, 4): count(600), (DEMAND, "1.0.1.5.0.255", 4): unit(0, 27)})
    row = [stamp(MIDNIGHT + timedelta(minutes=10)), count(1001)]
    meter.show_profile(LOAD, [(CLOCK, CLOCK_NAME, 2), (DEMAND, "1.0.1.5.0.255", 3)], [row])
    assert read(meter, address(LOGICAL), profile_days=(DAY_ON,)).meter_days == ()


def test_of_several_forms_the_energies_of_intervals_count() -> None:
    columns = [(REGISTER, f"1.0.1.{form}.0.255", 2) for form in (5, 8, 29)]
    meter = profile(columns, [[count(1), count(2), count(3)]])
    meter.show(REGISTER, "1.0.1.29.0.255", 3, unit(0))
    assert day_of(meter).a_plus[0] == 3


def test_a_column_without_a_scaler_is_left_out() -> None:
    meter = profile([(REGISTER, "1.0.1.29.0.255", 2)], [[count(7)]])
    assert read(meter, address(LOGICAL), profile_days=(DAY_ON,)).meter_days == ()


def test_a_meter_may_keep_no_profile_and_no_log() -> None:
    said = read(AskedMeter(), address(LOGICAL), profile_days=(DAY_ON,), events=True)
    assert (said.meter_days, said.events) == ((), ())


def test_rows_may_bear_the_beginning_of_their_interval() -> None:
    model = replace(LOGICAL, dialect=LandisGyrCosemDialect(uses_short_names=False, stamps_end_intervals=False))
    meter = AskedMeter({(REGISTER, "1.0.1.8.0.255", 3): unit(0)})
    rows = [[stamp(MIDNIGHT + place * STEP), count(1000 + 7 * place)] for place in range(-1, 48)]
    meter.show_profile(LOAD, [(CLOCK, CLOCK_NAME, 2), (REGISTER, "1.0.1.8.0.255", 2)], rows)
    (day,) = read(meter, address(model), profile_days=(DAY_ON,)).meter_days
    assert day.a_plus == (7,) * 48


# ── The event log ───────────────────────────────────────────────────────────────────────────────────────────────────


def events_of(*entries: tuple[int, int], column: str = NUMBERS) -> list[tuple[EventKind, int, int | None, str]]:
    """Events of a log of (hour, number), with hours for instants."""
    began_at = NOW - timedelta(days=1)
    rows = [[stamp(began_at + timedelta(hours=hour)), LongUnsigned(number)] for hour, number in entries]
    meter = AskedMeter()
    meter.show_profile(LOG, [(CLOCK, CLOCK_NAME, 2), (DATA, column, 2)], rows)

    def hour(at: datetime | None) -> int | None:
        return None if at is None else (at - began_at) // timedelta(hours=1)

    said = read(meter, address(LOGICAL), clock=True, events=True)
    return [(one.kind, hour(one.began_at) or 0, hour(one.ended_at), one.detail) for one in said.events]


def test_what_began_and_what_ended_it_are_one_event() -> None:
    assert events_of((1, 23), (3, 24), (4, 23)) == [
        (EventKind.POWER_OFF, 1, 3, "number=23"),
        (EventKind.POWER_OFF, 4, None, "number=23"),
    ]


def test_an_end_whose_beginning_is_no_longer_kept_is_told_by_itself() -> None:
    assert events_of((1, 24), (2, 7), (3, 24), (4, 7)) == [
        (EventKind.OTHER, 1, None, "number=24"),
        (EventKind.OTHER, 2, None, "number=7"),
        (EventKind.OTHER, 3, None, "number=24"),
        (EventKind.OTHER, 4, None, "number=7"),
    ]


def test_numbers_that_no_table_has_are_told() -> None:
    assert events_of((1, 4), (2, 187)) == [
        (EventKind.JOURNAL_CLEARED, 1, None, "number=4"),
        (EventKind.OTHER, 2, None, "number=187"),
    ]


def test_a_log_without_numbers_tells_nothing() -> None:
    assert events_of((1, 23), column="0.0.97.97.0.255") == []


def test_the_log_is_read_since_an_instant() -> None:
    meter = AskedMeter()
    meter.show_profile(LOG, [(CLOCK, CLOCK_NAME, 2), (DATA, NUMBERS, 2)], [])
    read(meter, address(LOGICAL), events=True, events_since=NOW - timedelta(hours=1))
    selections = [one.selection for one in meter.asked if isinstance(one, GetAttribute) and one.selection is not None]
    (parameters,) = [one.parameters for one in selections]
    assert isinstance(parameters, Structure)
    assert parameters[1] == stamp(NOW - timedelta(hours=1))


def test_rows_that_make_no_sense_lose_their_part() -> None:
    meter = AskedMeter()
    meter.show_profile(LOG, [(DATA, NUMBERS, 2)], [])
    meter.show(PROFILE, LOG, 3, Array((captured(DATA, NUMBERS, 2),)))
    with pytest.raises(MeterRefusedError) as refused:
        read(meter, address(LOGICAL), events=True)
    assert refused.value.outcome is Outcome.NOISE
