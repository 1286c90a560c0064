"""Commands to СПОДЭС meters, asked of one that shows what it is told to show: what is sent, and what proves it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from asked_spodes import CLOCK, CLOCK_NAME, NOW, AskedMeter, address, count, stamp, unit
from kilovatt.measure.metering.catalogue import ROWS, model_by_key
from kilovatt.measure.metering.commands import (
    ChangeKeys,
    ChangePassword,
    CloseRelay,
    Command,
    CommandKind,
    NotSentReason,
    OpenRelay,
    PermitRelay,
    Proof,
    SetClock,
    SetPowerLimit,
    SetTariffTable,
    ShiftClock,
    TariffMark,
)
from kilovatt.measure.metering.models import MeterModel
from kilovatt.wire.drivers.catalogue import driver_for
from kilovatt.wire.drivers.conversation import (
    Answer,
    CommandingDriver,
    CommandNotSentError,
    MeterAddress,
    MeterRefusedError,
    SendOnce,
    tell,
)
from kilovatt.wire.drivers.spodes.driver import SpodesDriver
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.association.requests import GetAttribute, RunMethod, SetAttribute
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.key_transfer import KeyUse, decode_keys
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter, Keys
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DlmsValue,
    DoubleLong,
    DoubleLongUnsigned,
    Enumerate,
    Integer,
    Long,
    LongUnsigned,
    OctetString,
    Structure,
    Unsigned,
)
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason

DRIVER: CommandingDriver = SpodesDriver()
KEYS = Keys(bytes(16), bytes(16))
RELAY, LIMITER, CALENDAR = "0.0.96.3.10.255", "0.0.17.0.0.255", "0.0.13.0.0.255"
POWER = "1.0.1.7.0.255"
MARKS = (TariffMark(0, 2), TariffMark(420, 1))


def configurator(model: MeterModel | None = None, **more: Any) -> MeterAddress:  # noqa: ANN401  # fields of an address
    return address(model, keys=KEYS, counter=InvocationCounter(1), **more)


def told(meter: AskedMeter, command: Command, at: MeterAddress | None = None) -> list[Any]:
    """What is sent that changes the meter."""
    conversation = DRIVER.command(at or configurator(), command, now=NOW)
    sent: list[Any] = []
    answer: Answer[Any] | None = None
    try:
        while True:
            request = conversation.send(answer)  # type: ignore[arg-type]  # None starts a generator
            if isinstance(request, SendOnce):
                sent.append(request.request)
            value = None if isinstance(request, SendOnce) else meter.answer(request)
            answer = Answer(value, len(meter.asked), NOW)
    except StopIteration:
        return sent


def limited(scaler: int, threshold: DlmsValue, *, class_id: int = 3, unit_is: int = 27) -> AskedMeter:
    watched = Structure((LongUnsigned(class_id), OctetString(Obis.parse(POWER)), Integer(2)))
    meter = AskedMeter({(71, LIMITER, 2): watched, (71, LIMITER, 3): threshold, (71, LIMITER, 4): threshold})
    meter.show(class_id, POWER, 4 if class_id == 5 else 3, unit(scaler, unit_is))
    return meter


def proof(meter: AskedMeter, command: Command, at: MeterAddress | None = None) -> Proof:
    return meter.carry(DRIVER.read_back(at or configurator(), command)).proof


def test_every_row_that_takes_commands_has_a_driver_that_gives_them() -> None:
    commanded = [row for row in ROWS if row.commands]
    assert commanded
    assert not isinstance(driver_for(model_by_key("pulse-counter-modbus")), CommandingDriver)
    for row in commanded:
        assert isinstance(driver_for(row), CommandingDriver)
        assert row.relay or CommandKind.OPEN_RELAY not in row.commands


@pytest.mark.parametrize(
    ("mode", "command", "method"), [(4, OpenRelay(), 1), (4, CloseRelay(), 2), (3, PermitRelay(), 2)]
)
def test_a_relay_is_told_once_after_its_mode_was_asked(mode: int, command: Command, method: int) -> None:
    meter = AskedMeter({(70, RELAY, 4): Enumerate(mode)})
    assert told(meter, command) == [RunMethod(Descriptor(70, Obis.parse(RELAY), method), Integer(0))]


def test_a_relay_whose_mode_makes_no_sense_is_not_told() -> None:
    meter = AskedMeter({(70, RELAY, 4): Enumerate(9)})
    with pytest.raises(CommandNotSentError, match="a mode of control") as refused:
        told(meter, OpenRelay())
    assert refused.value.reason is NotSentReason.UNCLEAR


@pytest.mark.parametrize(
    ("closed", "state", "proofs"),
    [
        (False, 0, (Proof.CONFIRMED, Proof.NOT_SO, Proof.NOT_SO)),
        (True, 1, (Proof.NOT_SO, Proof.CONFIRMED, Proof.CONFIRMED)),
        (False, 2, (Proof.NOT_SO, Proof.NOT_SO, Proof.CONFIRMED)),
        # Contacts that do not do what they are told.
        (True, 0, (Proof.NOT_SO, Proof.NOT_SO, Proof.NOT_SO)),
        (False, 1, (Proof.NOT_SO, Proof.NOT_SO, Proof.CONFIRMED)),
        (False, 3, (Proof.CANNOT_TELL,) * 3),
    ],
)
def test_a_relay_is_proved_by_its_contacts_and_its_state(closed: bool, state: int, proofs: tuple[Proof, ...]) -> None:
    meter = AskedMeter({(70, RELAY, 2): closed, (70, RELAY, 3): Enumerate(state)})
    assert tuple(proof(meter, command) for command in (OpenRelay(), CloseRelay(), PermitRelay())) == proofs


@pytest.mark.parametrize(
    ("scaler", "threshold", "written"),
    [
        (0, DoubleLongUnsigned(1), DoubleLongUnsigned(5000)),
        (-1, DoubleLongUnsigned(1), DoubleLongUnsigned(50_000)),
        (3, LongUnsigned(1), LongUnsigned(5)),
        (-1, DoubleLong(1), DoubleLong(50_000)),
    ],
)
@pytest.mark.parametrize("class_id", [3, 5])
def test_a_limit_is_written_as_the_meter_counts_what_it_watches(
    class_id: int, scaler: int, threshold: DlmsValue, written: DlmsValue
) -> None:
    meter = limited(scaler, threshold, class_id=class_id)
    (request,) = told(meter, SetPowerLimit(5000))
    assert request == SetAttribute(Descriptor(71, Obis.parse(LIMITER), 4), written)
    assert type(request.value) is type(written)
    assert proof(meter, SetPowerLimit(5000)) is Proof.NOT_SO
    assert proof(limited(scaler, written), SetPowerLimit(5000)) is Proof.CONFIRMED


@pytest.mark.parametrize(
    ("meter", "reason"),
    [
        (limited(-1, LongUnsigned(1)), NotSentReason.BAD_VALUE),
        (limited(4, DoubleLongUnsigned(1)), NotSentReason.BAD_VALUE),
        (limited(0, DoubleLongUnsigned(1), unit_is=33), NotSentReason.UNCLEAR),
        (limited(0, OctetString(b"1")), NotSentReason.UNCLEAR),
    ],
)
def test_a_limit_that_the_meter_cannot_hold_is_not_sent(meter: AskedMeter, reason: NotSentReason) -> None:
    with pytest.raises(CommandNotSentError) as refused:
        told(meter, SetPowerLimit(15_000))
    assert refused.value.reason is reason


def test_a_limiter_that_watches_something_else_tells_nothing_of_power() -> None:
    assert proof(limited(0, DoubleLongUnsigned(1), unit_is=33), SetPowerLimit(1)) is Proof.CANNOT_TELL


@pytest.mark.parametrize(("key", "deviation"), [("spodes-3ph", "ff4c"), ("rim-489-spodes", "00b4")])
def test_a_clock_is_set_with_the_deviation_as_its_maker_takes_it(key: str, deviation: str) -> None:
    (request,) = told(AskedMeter(), SetClock(NOW), configurator(model_by_key(key)))
    assert bytes(request.value).hex() == f"07ea0b180209000000{deviation}00"


def test_a_shift_is_a_step_of_seconds() -> None:
    (request,) = told(AskedMeter(), ShiftClock(-7))
    assert request == RunMethod(Descriptor(8, Obis.parse(CLOCK_NAME), 6), Long(-7))


def test_a_clock_that_shows_nothing_is_not_shifted() -> None:
    meter = AskedMeter({(CLOCK, CLOCK_NAME, 2): count(5)})
    with pytest.raises(CommandNotSentError) as refused:
        told(meter, ShiftClock(-7))
    assert refused.value.reason is NotSentReason.UNCLEAR
    assert proof(meter, SetClock(NOW)) is Proof.CANNOT_TELL


@pytest.mark.parametrize("late_s", [0, 3])
def test_a_shift_of_a_second_is_told_from_none_at_all(late_s: int) -> None:
    meter = AskedMeter({(CLOCK, CLOCK_NAME, 2): stamp(NOW + timedelta(seconds=late_s))})
    assert proof(meter, ShiftClock(1, ahead_s=late_s - 1)) is Proof.CONFIRMED
    assert proof(meter, ShiftClock(-4, ahead_s=late_s)) is Proof.NOT_SO


def table(*switches: tuple[int | None, int, str], days: tuple[int, ...] = (1,) * 7) -> dict[int, DlmsValue]:
    listed = [
        Structure(
            (
                OctetString(bytes((0xFF if hour is None else hour, 0, 0, 0))),
                OctetString(Obis.parse(script)),
                LongUnsigned(tariff),
            )
        )
        for hour, tariff, script in switches
    ]
    day, week = OctetString(b"1"), OctetString(b"1")
    return {
        3: Array((Structure((day, OctetString(bytes.fromhex("ffffffffffffffffff8000ff")), week)),)),
        4: Array((Structure((week, *map(Unsigned, days))),)),
        5: Array((Structure((Unsigned(1), Array(listed))),)),
    }


SCRIPTS = "0.0.10.0.100.255"
OURS = table((0, 2, SCRIPTS), (7, 1, SCRIPTS))


def with_tables(active: dict[int, DlmsValue], passive: dict[int, DlmsValue], activation: DlmsValue) -> AskedMeter:
    shown: dict[tuple[int, str, int], Any] = {(20, CALENDAR, number): value for number, value in active.items()}
    shown |= {(20, CALENDAR, number + 4): value for number, value in passive.items()}
    return AskedMeter(shown | {(20, CALENDAR, 10): activation})


def test_a_table_is_written_from_its_days_up_and_then_activated() -> None:
    at_once = told(AskedMeter(), SetTariffTable(MARKS))
    assert [getattr(one, "attribute", None) and one.attribute.number for one in at_once] == [9, 8, 7, 6, None]
    assert at_once[0].value == OURS[5]
    assert at_once[-1] == RunMethod(Descriptor(20, Obis.parse(CALENDAR), 1), Integer(0))
    later = told(AskedMeter(), SetTariffTable(MARKS, activate_at=datetime(2026, 11, 30, 21, tzinfo=UTC)))
    assert later[:4] == at_once[:4]
    assert bytes(later[-1].value).hex() == "07ea0c010200000000ff4c00"
    assert later[-1].attribute.number == 10


@pytest.mark.parametrize(
    ("other", "shown"),
    [
        (table((0, 1, SCRIPTS)), "marks=0:1"),
        (table((0, 2, SCRIPTS), (7, 1, SCRIPTS), days=(2,) * 7), "marks=several"),
        (table((0, 2, SCRIPTS), (None, 1, SCRIPTS)), "marks=several"),
        (table((0, 2, SCRIPTS), (7, 1, "0.0.10.0.101.255")), "marks=several"),
    ],
)
def test_another_table_than_ours_is_not_ours(other: dict[int, DlmsValue], shown: str) -> None:
    meter = with_tables(other, OURS, stamp(NOW + timedelta(days=1)))
    found = meter.carry(DRIVER.read_back(configurator(), SetTariffTable(MARKS)))
    assert (found.proof, found.shown) == (Proof.NOT_SO, f"table=active,{shown}")
    waiting = SetTariffTable(MARKS, activate_at=NOW + timedelta(days=1))
    assert proof(meter, waiting) is Proof.CONFIRMED
    assert proof(with_tables(OURS, other, OctetString(b"")), waiting) is Proof.CONFIRMED
    assert proof(with_tables(other, other, stamp(NOW + timedelta(days=1))), waiting) is Proof.NOT_SO
    assert proof(with_tables(other, OURS, OctetString(b"\xff" * 12)), waiting) is Proof.NOT_SO
    assert proof(with_tables(other, OURS, count(1)), waiting) is Proof.NOT_SO


@pytest.mark.parametrize("key", ["spodes-3ph-ct", "spodes-3ph"])
def test_what_a_row_does_not_take_is_not_sent(key: str) -> None:
    row = model_by_key(key)
    if key == "spodes-3ph":
        row = replace(row, commands=frozenset())
    meter = AskedMeter()
    for command in (OpenRelay(), SetPowerLimit(5)):
        with pytest.raises(CommandNotSentError) as refused:
            told(meter, command, configurator(row))
        assert refused.value.reason is NotSentReason.NOT_TAKEN
    assert meter.asked == []


@pytest.mark.parametrize(
    ("command", "more", "reason"),
    [
        (ChangePassword(1, "1"), {}, NotSentReason.BAD_VALUE),
        (ChangeKeys(encryption=bytes(32), master=bytes(16)), {}, NotSentReason.BAD_VALUE),
        (ChangeKeys(encryption=bytes(16), master=bytes(5)), {}, NotSentReason.BAD_VALUE),
        (ChangeKeys(encryption=bytes(16)), {}, NotSentReason.NO_MASTER_KEY),
        (
            ChangeKeys(encryption=bytes(16), master=bytes(16)),
            {"keys": None, "hls_secret": bytes(16)},
            NotSentReason.ANOTHER_ROLE,
        ),
    ],
)
def test_secrets_that_the_meter_cannot_have_are_not_sent(
    command: Command, more: dict[str, Any], reason: NotSentReason
) -> None:
    row = replace(model_by_key("spodes-3ph"), password=None)
    with pytest.raises(CommandNotSentError) as refused:
        told(AskedMeter(), command, replace(configurator(row), **more))
    assert refused.value.reason is reason


def test_keys_travel_wrapped_and_nothing_of_them_is_kept() -> None:
    command = ChangeKeys(encryption=bytes(range(16)), authentication=bytes(range(16, 32)), master=bytes(16))
    (request,) = told(AskedMeter(), command)
    assert request.method == Descriptor(64, Obis.parse("0.0.43.0.0.255"), 2)
    assert request.is_secret
    keys = decode_keys(request.parameter)
    assert [(key.use, key.open(bytes(16))) for key in keys] == [
        (KeyUse.UNICAST, command.encryption),
        (KeyUse.AUTHENTICATION, command.authentication),
    ]


def test_a_meter_that_says_no_has_answered() -> None:
    conversation = tell(GetAttribute(Descriptor(8, Obis.parse(CLOCK_NAME), 2)))
    next(conversation)
    with pytest.raises(MeterRefusedError, match="GetAttribute was refused"):
        conversation.send(Answer(Refusal(RefusalReason.ACCESS_DENIED, 3), 1, NOW))
