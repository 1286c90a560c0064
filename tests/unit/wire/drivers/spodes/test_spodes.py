"""The conversations of a session with a СПОДЭС meter: link, password, identity, clock, values, registers."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from asked_spodes import CLOCK, CLOCK_NAME, DATA, NOW, REGISTER, AskedMeter, address, count, read, stamp, unit
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.measure.metering.sessions import Identity
from kilovatt.wire.drivers.addresses import address_rule, factory_address
from kilovatt.wire.drivers.conversation import Answer, MeterRefusedError
from kilovatt.wire.drivers.cosem.texts import day_of, text_of
from kilovatt.wire.drivers.spodes.driver import SpodesDriver
from kilovatt.wire.protocols.dlms.apdu.acse import Diagnostic, Mechanism
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.association.requests import Associate, CloseLink, GetAttribute, OpenLink
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import (
    DlmsValue,
    DoubleLong,
    Enumerate,
    LongUnsigned,
    OctetString,
    Structure,
    VisibleString,
)
from kilovatt.wire.protocols.framing.connection import LocalProtocolError, Refusal, RefusalReason

DRIVER = SpodesDriver()
WRAPPED = model_by_key("rim-489-spodes")


def opened(refusal: Refusal | None = None, **at: Any) -> list[Any]:  # noqa: ANN401  # fields of an address
    """What is asked in opening; the association ends with a refusal, if one is given."""
    conversation, asked, answer = DRIVER.opening(address(**at)), list[Any](), None
    try:
        while True:
            asked.append(conversation.send(answer))  # type: ignore[arg-type]  # None starts a generator
            value = refusal if isinstance(asked[-1], Associate) else None
            answer = Answer(value, len(asked), NOW)
    except StopIteration:
        return asked


def identified(**shown: DlmsValue) -> Identity:
    places = {"serial": 0, "type": 1, "firmware": 2, "made": 4, "version": 6}
    meter = AskedMeter({(DATA, f"0.0.96.1.{places[name]}.255", 2): value for name, value in shown.items()})
    identity = read(meter, identity=True).identity
    assert identity is not None
    return identity


def test_a_session_opens_the_link_and_is_associated_as_a_reader_with_the_password_of_the_factory() -> None:
    link, association = opened()
    assert link == OpenLink()
    assert (association.mechanism, association.secret) == (Mechanism.LLS, b"00000001")


def test_over_the_wrapper_there_is_no_link_to_open_and_none_to_close() -> None:
    (association,) = opened(model=WRAPPED, password="12")
    assert association.secret == b"12"
    assert list(DRIVER.closing(address(WRAPPED))) == []
    assert next(DRIVER.closing(address())) == CloseLink()


@pytest.mark.parametrize(
    ("refusal", "outcome"),
    [
        (Refusal(RefusalReason.ACCESS_DENIED, Diagnostic.AUTHENTICATION_FAILED), Outcome.WRONG_PASSWORD),
        (Refusal(RefusalReason.OTHER, 1), Outcome.REFUSED),
        (Refusal(RefusalReason.CHANNEL_CLOSED, 0), Outcome.CHANNEL_CLOSED),
    ],
)
def test_a_refused_association_says_why(refusal: Refusal, outcome: Outcome) -> None:
    with pytest.raises(MeterRefusedError, match="the association was refused") as caught:
        opened(refusal)
    assert caught.value.outcome is outcome


def test_an_address_that_the_form_of_addresses_has_no_room_for_is_refused() -> None:
    nartis = model_by_key("nartis-i100")
    assert (address_rule(nartis).maximum, factory_address(nartis, 12_345_601)) == (125, 17)
    assert factory_address(model_by_key("milur-107s"), 80_001_234) == 1250
    assert address_rule(WRAPPED).alone
    with pytest.raises(LocalProtocolError):
        DRIVER.connection(replace(address(nartis), address=200))
    assert DRIVER.connection(address(nartis)) is not DRIVER.connection(address(WRAPPED))


@pytest.mark.parametrize(
    ("serial", "text"),
    [
        (count(0x00BC614E), "12345678"),
        (OctetString(b"012415173608710".ljust(32, b"\0")), "012415173608710"),
        (VisibleString(b"38030255"), "38030255"),
    ],
)
def test_a_serial_number_is_a_number_or_a_text(serial: DlmsValue, text: str) -> None:
    assert identified(serial=serial).serial == text


def test_a_meter_says_who_made_it_when_and_what_it_speaks() -> None:
    identity = identified(
        serial=count(7),
        type=OctetString(bytes.fromhex("C0B8BC3438392E3338")),
        firmware=OctetString(b"1.4"),
        made=OctetString(b"2023-05-17"),
        version=OctetString(b"03.01"),
    )
    assert identity.variant == "РИМ489.38, СПОДЭС 03.01"
    assert (identity.firmware, identity.made_on) == ("1.4", date(2023, 5, 17))


def test_what_a_meter_does_not_tell_of_itself_is_not_known() -> None:
    identity = identified(serial=count(7))
    assert (identity.variant, identity.firmware, identity.made_on) == (None, None, None)


def test_another_meter_than_the_one_asked_is_told_apart_and_leading_zeros_are_not() -> None:
    meter = AskedMeter({(DATA, "0.0.96.1.0.255", 2): OctetString(b"0007")})
    assert read(meter, address(serial="07"), identity=True).identity is not None
    with pytest.raises(MeterRefusedError, match="meter 8 was asked, and meter 0007 answered") as caught:
        read(meter, address(serial="8"), identity=True)
    assert caught.value.outcome is Outcome.ANOTHER_METER


@pytest.mark.parametrize(
    ("written", "encoding", "text"),
    [
        ("Нартис-И300", "cp1251", "Нартис-И300"),
        ("Нартис-И300", "utf-8", "Нартис-И300"),
        ("Нартис-И300", "iso8859-5", "Нартис-И300"),
        ("МИЛУР 107S", "cp1251", "МИЛУР 107S"),
        ("РиМ489.38", "iso8859-5", "РиМ489.38"),
        ("Энергомера", "cp1251", "Энергомера"),
        ("CE208", "ascii", "CE208"),
    ],
)
def test_texts_are_read_in_whatever_encoding_makes_russian_of_them(written: str, encoding: str, text: str) -> None:
    for preferred in ("utf-8", "cp1251"):
        assert text_of(OctetString(written.encode(encoding) + b"\0"), preferred) == text


def test_bytes_of_no_text_are_shown_as_hexadecimal() -> None:
    assert text_of(b"\x01\x98", "utf-8") == "0198"


@pytest.mark.parametrize(
    ("value", "day_on"),
    [
        (b"2023-05-17", date(2023, 5, 17)),
        (b"17.05.2023", date(2023, 5, 17)),
        (bytes.fromhex("07E7051103"), date(2023, 5, 17)),
        (bytes.fromhex("07E70511FF000000FF800000"), date(2023, 5, 17)),
        (b"17.15.2023", None),
        (b"2023", None),
        (7, None),
    ],
)
def test_the_day_of_making_is_told_in_several_ways(value: object, day_on: date | None) -> None:
    assert day_of(value, "utf-8") == day_on


def test_the_clock_is_read_by_its_wall_time_whatever_the_sense_of_its_deviation() -> None:
    shown = bytes(stamp(NOW + timedelta(seconds=90)))
    for deviation in ("00B4", "FF4C", "8000"):
        meter = AskedMeter({(CLOCK, CLOCK_NAME, 2): OctetString(shown[:9] + bytes.fromhex(deviation) + shown[11:])})
        clock = read(meter, clock=True).clock
        assert clock is not None
        assert clock.deviation == timedelta(seconds=90)


def test_a_clock_that_shows_no_time_loses_this_part_only() -> None:
    for shown in (OctetString(b"\xff" * 12), count(7)):
        with pytest.raises(MeterRefusedError) as caught:
            read(AskedMeter({(CLOCK, CLOCK_NAME, 2): shown}), clock=True)
        assert caught.value.outcome is Outcome.NOISE


def single_phase_values() -> AskedMeter:
    meter = AskedMeter({(70, "0.0.96.3.10.255", 2): Enumerate(1)})
    for name, value, scaler in (("1", -1200, 0), ("12", 23_012, -2), ("11", 5, 0), ("14", 5001, -2)):
        meter.show(REGISTER, f"1.0.{name}.7.0.255", 2, DoubleLong(value))
        meter.show(REGISTER, f"1.0.{name}.7.0.255", 3, unit(scaler))
    return meter


def test_what_flows_now_is_told_in_watts_and_thousandths() -> None:
    instant = read(single_phase_values(), address(model_by_key("spodes-1ph")), instant=True).instant
    assert instant is not None
    assert (instant.power_w, instant.frequency_mhz, instant.relay_closed) == (-1200, 50_010, True)
    assert (instant.voltages_mv, instant.currents_ma) == ((230_120,), (5000,))


def test_values_without_scalers_or_of_no_number_are_not_told() -> None:
    meter = single_phase_values()
    meter.show(REGISTER, "1.0.1.7.0.255", 3, AccessResult.OBJECT_UNDEFINED)
    meter.show(REGISTER, "1.0.14.7.0.255", 2, OctetString(b"?"))
    meter.show(70, "0.0.96.3.10.255", 2, AccessResult.ACCESS_DENIED)
    instant = read(meter, address(model_by_key("spodes-1ph")), instant=True).instant
    assert instant is not None
    assert (instant.power_w, instant.frequency_mhz, instant.relay_closed) == (None, None, None)


def test_a_meter_that_shows_nothing_of_now_tells_nothing() -> None:
    assert read(AskedMeter(), instant=True).instant is None
    through_transformers = address(model_by_key("spodes-3ph-ct"))
    assert read(AskedMeter(), through_transformers, instant=True).instant is None


@pytest.mark.parametrize("wrong", [count(3), Structure((count(1),))])
def test_a_scaler_that_is_none_loses_this_part_only(wrong: DlmsValue) -> None:
    meter = single_phase_values()
    meter.show(REGISTER, "1.0.12.7.0.255", 3, wrong)
    with pytest.raises(MeterRefusedError, match="a scaler and a unit, a structure of 2"):
        read(meter, address(model_by_key("spodes-1ph")), instant=True)


def test_a_temporary_failure_is_not_taken_for_a_meter_without_the_value() -> None:
    meter = single_phase_values()
    meter.show(REGISTER, "1.0.12.7.0.255", 2, AccessResult.TEMPORARY_FAILURE)
    with pytest.raises(MeterRefusedError, match="GetAttribute was refused") as caught:
        read(meter, address(model_by_key("spodes-1ph")), instant=True)
    assert caught.value.outcome is Outcome.REFUSED


def test_registers_are_read_with_one_scaler_for_all_tariffs_and_those_that_are_not_there_are_left_out() -> None:
    meter = AskedMeter({(REGISTER, "1.0.1.8.0.255", 3): unit(-1)})
    for tariff, value in ((0, count(12_349)), (1, count(5)), (2, OctetString(b"?")), (3, DoubleLong(-4))):
        meter.show(REGISTER, f"1.0.1.8.{tariff}.255", 2, value)
    meter.show(REGISTER, "1.0.3.8.0.255", 2, LongUnsigned(9))

    readings = read(meter, registers_now=True).registers

    assert [(one.quantity, one.tariff, one.value) for one in readings] == [
        (Quantity.A_PLUS, 0, 1234),
        (Quantity.A_PLUS, 1, 0),
    ]
    assert {(one.moment, one.taken_at) for one in readings} == {(RegisterMoment.NOW, NOW)}
    scalers = [one for one in meter.asked if isinstance(one, GetAttribute) and one.attribute.number == 3]
    assert len(scalers) == 4


def test_only_the_quantities_of_the_row_are_asked() -> None:
    meter = AskedMeter()
    row = replace(model_by_key("spodes-1ph"), quantities=frozenset({Quantity.A_PLUS}))
    assert read(meter, address(row), registers_now=True).registers == ()
    assert {bytes(one.attribute.obis)[2] for one in meter.asked if isinstance(one, GetAttribute)} == {1}


def test_registers_of_days_need_a_daily_profile_and_a_scaler() -> None:
    assert read(AskedMeter(), register_days=(date(2026, 11, 23),)).registers == ()
    meter = AskedMeter()
    columns = [(CLOCK, CLOCK_NAME, 2), (REGISTER, "1.0.1.8.0.255", 2), (REGISTER, "1.0.1.8.9.255", 2)]
    meter.show_profile(
        "1.0.98.2.0.255", columns, [[stamp(NOW.replace(hour=21) - timedelta(days=2)), count(1), count(1)]]
    )
    assert read(meter, register_days=(date(2026, 11, 23),)).registers == ()


def test_days_and_months_in_one_session_ask_scalers_and_columns_once() -> None:
    meter = AskedMeter({(REGISTER, "1.0.1.8.0.255", 3): unit(0)})
    columns = [(CLOCK, CLOCK_NAME, 2), (REGISTER, "1.0.1.8.0.255", 2)]
    first_at = NOW.replace(day=1, hour=21) - timedelta(days=1)
    nothing: list[DlmsValue] = [stamp(first_at - timedelta(days=31)), None]
    for name in ("1.0.98.1.0.255", "1.0.98.2.0.255"):
        meter.show_profile(name, columns, [nothing, [stamp(first_at), count(5)]])
    meter.show(REGISTER, "1.0.1.8.0.255", 2, count(9))
    days, months = (date(2026, 10, 1), date(2026, 11, 1)), (date(2026, 11, 1),)

    readings = read(meter, registers_now=True, register_days=days, register_months=months).registers

    assert [(one.moment, one.value) for one in readings] == [
        (RegisterMoment.NOW, 9),
        (RegisterMoment.DAY_START, 5),
        (RegisterMoment.MONTH_START, 5),
    ]
    scalers = [it.attribute.obis for it in meter.asked if isinstance(it, GetAttribute) and it.attribute.number == 3]
    assert scalers.count(Obis.parse("1.0.1.8.0.255")) == 1
