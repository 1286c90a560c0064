"""A simulated СПОДЭС meter's calendar, clock and passwords under commands."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from commanded_spodes import Commanded, with_dialect
from kilovatt.measure.metering.catalogue.cosem import ConfiguratorProof
from kilovatt.measure.metering.commands import (
    ChangeKeys,
    ChangePassword,
    NotSentReason,
    Proof,
    SetClock,
    SetTariffTable,
    ShiftClock,
    TariffMark,
)
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.drivers.conversation import CommandNotSentError, MeterRefusedError
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.association.requests import RunMethod, SetAttribute
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.key_transfer import KeyUse, encode_keys, wrap
from kilovatt.wire.protocols.dlms.objects.limiter import ScriptChoice
from kilovatt.wire.protocols.dlms.objects.tariffs import (
    TARIFF_SCRIPTS,
    Day,
    Season,
    Switch,
    Week,
    encode_table,
)
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter, Keys
from kilovatt.wire.protocols.dlms.values import Integer, OctetString, Structure
from kilovatt.wire.protocols.dlms.values.patterns import DatePattern, DateTimePattern, TimePattern
from kilovatt.wire.protocols.framing.connection import Refusal
from simulated_spodes import ENERGY, KEYS, NOW, ZONE

CALENDAR = Obis.parse("0.0.13.0.0.255")
MARKS = (TariffMark(0, 3), TariffMark(13 * 60, 4), TariffMark(20 * 60 + 15, 1))
AT_ONCE = SetTariffTable(MARKS)


def registers(meter: Commanded) -> dict[int, int]:
    told = meter.read(registers_now=True).registers
    return {one.tariff: one.value for one in told if one.quantity is Quantity.A_PLUS}


def flowed_wh(since: datetime, until: datetime) -> float:
    return ENERGY.flowed_uwh(Quantity.A_PLUS, since, until) / 1_000_000


def test_a_table_that_is_activated_counts_from_then_on() -> None:
    meter = Commanded()
    assert meter.read_back(AT_ONCE).proof is Proof.NOT_SO
    meter.command(AT_ONCE)
    assert meter.read_back(AT_ONCE).proof is Proof.CONFIRMED
    before = registers(meter)
    # 24 November, 12:10 in Moscow: T3 until 13:00, T4 until 20:15, T1 until midnight, T3 again.
    times = [NOW, *(datetime(2026, 11, 24, *at, tzinfo=ZONE) for at in ((13, 0), (20, 15)))]
    times += [datetime(2026, 11, 25, tzinfo=ZONE), datetime(2026, 11, 25, 2, tzinfo=ZONE)]
    flowed = [flowed_wh(since, until) for since, until in pairwise(times)]
    meter.now = times[-1]
    grown = {tariff: value - before[tariff] for tariff, value in registers(meter).items()}
    for tariff, wh in {0: sum(flowed), 1: flowed[2], 2: 0, 3: flowed[0] + flowed[3], 4: flowed[1]}.items():
        assert abs(grown[tariff] - wh) <= 1
    assert meter.codes("programming") == [7, 6, 5, 9]


def test_a_table_in_waiting_counts_when_its_time_has_come_by_the_meters_clock() -> None:
    meter = Commanded(clock_ahead=timedelta(minutes=10))
    waiting = SetTariffTable(MARKS, activate_at=NOW + timedelta(days=3))
    meter.command(waiting)
    assert (meter.read_back(waiting).proof, meter.read_back(waiting).shown) == (Proof.CONFIRMED, "table=waiting")
    assert meter.read_back(AT_ONCE).proof is Proof.NOT_SO
    assert meter.read_back(replace(waiting, activate_at=NOW + timedelta(days=2))).proof is Proof.NOT_SO
    meter.later(days=3, minutes=-11)
    assert meter.read_back(waiting).shown == "table=waiting"
    meter.later(minutes=2)
    assert meter.read_back(waiting).shown == "table=active"
    assert meter.codes("programming") == [7, 6, 5, 8, 9]
    before = registers(meter)
    meter.later(days=40)
    # T4 counts from 13:00 to 20:15, and it is 12:01.
    spans = [(datetime(2026, 11, 27, 13, tzinfo=ZONE) + timedelta(days=day)) for day in range(40)]
    wanted = sum(flowed_wh(since, since + timedelta(hours=7, minutes=15)) for since in spans)
    assert abs(registers(meter)[4] - before[4] - wanted) <= 1


def test_a_second_table_follows_the_first() -> None:
    meter = Commanded()
    meter.command(AT_ONCE)
    meter.later(hours=1)
    one_tariff = SetTariffTable((TariffMark(0, 2),))
    meter.command(one_tariff)
    before = registers(meter)
    meter.later(hours=30)
    after = registers(meter)
    assert {tariff for tariff in after if after[tariff] != before[tariff]} == {0, 2}
    assert after[2] - before[2] in range(after[0] - before[0] - 1, after[0] - before[0] + 2)


def test_a_table_whose_time_has_passed_is_not_sent() -> None:
    meter = Commanded()
    with pytest.raises(CommandNotSentError) as refused:
        meter.command(SetTariffTable(MARKS, activate_at=NOW))
    assert refused.value.reason is NotSentReason.BAD_VALUE
    assert meter.told == []


def written(meter: Commanded, number: int, value: Any) -> Any:  # noqa: ANN401  # any value, None or a refusal
    return meter.set(SetAttribute(Descriptor(20, CALENDAR, number), value))


def test_a_table_with_seasons_and_weekends_counts_each_day_by_its_own() -> None:
    meter = Commanded()
    days = [Day(n, (Switch(TimePattern(6, 0), ScriptChoice(TARIFF_SCRIPTS, n)),)) for n in (1, 2, 3)]
    spring, autumn = (DateTimePattern(DatePattern(month=month, day=1)) for month in (3, 9))
    written(meter, 9, encode_table(days))
    written(meter, 8, encode_table([Week(b"w", (1, 1, 1, 1, 1, 2, 2)), Week(b"s", (3,) * 7)]))
    written(meter, 7, encode_table([Season(b"spring", spring, b"s"), Season(b"autumn", autumn, b"w")]))
    assert meter.set(RunMethod(Descriptor(20, CALENDAR, 1), Integer(0))) is None  # type: ignore[arg-type]  # any request
    assert meter.read_back(AT_ONCE).shown == "table=active,marks=several"
    before = registers(meter)
    # Tuesday to Friday by the first day, Saturday and Sunday by the second.
    meter.now = datetime(2026, 11, 28, tzinfo=ZONE)
    on_friday = registers(meter)
    assert on_friday[1] > before[1]
    assert on_friday[2] == before[2]
    meter.now = datetime(2026, 11, 30, tzinfo=ZONE)
    on_sunday = registers(meter)
    assert abs(on_sunday[1] - on_friday[1]) == 0
    assert on_sunday[2] > on_friday[2]
    table = meter.meter._control.calendar.active(meter.now)  # as the meter counts in summer
    assert table.marks_on(date(2027, 1, 15)) == ((0, 1), (360, 1))
    assert table.marks_on(date(2027, 7, 15)) == ((0, 3), (360, 3))


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (6, Integer(1)),
        (7, Integer(1)),
        (8, Structure((Integer(1),))),
        (9, OctetString(b"")),
        (10, OctetString(b"\x07")),
        (10, OctetString(bytes(12))),
    ],
)
def test_what_is_no_part_of_a_table_is_refused(number: int, value: Any) -> None:  # noqa: ANN401  # any value
    assert isinstance(written(Commanded(), number, value), Refusal)


def test_a_table_that_is_not_whole_is_not_activated() -> None:
    meter = Commanded()
    activate = RunMethod(Descriptor(20, CALENDAR, 1), Integer(0))
    assert isinstance(meter.set(activate), Refusal)  # type: ignore[arg-type]  # any request
    for switch in (
        Switch(TimePattern(6, 0), ScriptChoice(TARIFF_SCRIPTS, 7)),
        Switch(TimePattern(6), ScriptChoice(TARIFF_SCRIPTS, 1)),
    ):
        written(meter, 9, encode_table([Day(1, (switch,))]))
        written(meter, 8, encode_table([Week(b"w", (1,) * 7)]))
        written(meter, 7, encode_table([Season(b"s", DateTimePattern(), b"w")]))
        assert isinstance(meter.set(activate), Refusal)  # type: ignore[arg-type]  # any request
        shown = meter.read_back(AT_ONCE).shown
        assert shown.startswith("table=active,marks=0:")
    written(meter, 10, OctetString(bytes.fromhex("07ea0b18020c0b0000ff4c00")))
    meter.later(hours=2)
    assert meter.read_back(AT_ONCE).proof is Proof.NOT_SO
    never = DateTimePattern().encode()
    assert written(meter, 10, OctetString(never)) is None


def test_a_clock_is_set_to_our_time_and_to_any_other() -> None:
    meter = Commanded(clock_ahead=timedelta(hours=-5))
    ours = SetClock(NOW)
    assert meter.read_back(ours).proof is Proof.NOT_SO
    meter.later(minutes=3)
    meter.command(ours)
    meter.later(days=1)
    assert meter.read_back(ours).proof is Proof.CONFIRMED
    ahead = SetClock(NOW + timedelta(hours=1), at=NOW)
    meter.command(ahead)
    assert meter.read_back(ahead).shown == "ahead_s=3600"
    assert meter.read_back(ahead).proof is Proof.CONFIRMED
    assert meter.codes("programming") == [3, 3]


def test_a_clock_is_shifted_once_and_not_again() -> None:
    meter = Commanded(clock_ahead=timedelta(seconds=40))
    command = ShiftClock(-40, ahead_s=40)
    meter.command(command)
    assert meter.read_back(command).proof is Proof.CONFIRMED
    with pytest.raises(CommandNotSentError) as refused:
        meter.command(command)
    assert refused.value.reason is NotSentReason.CLOCK_ELSEWHERE
    assert len(meter.told) == 1
    assert meter.read_back(ShiftClock(40, ahead_s=40)).proof is Proof.NOT_SO
    meter.later(minutes=1)
    meter.command(ShiftClock(5))
    assert meter.read_back(ShiftClock(5)).proof is Proof.CANNOT_TELL
    assert meter.codes("programming") == [68, 68]


def test_a_reader_may_shift_a_clock_and_nothing_else() -> None:
    meter = Commanded()
    reader: dict[str, Any] = {"keys": None, "counter": None}
    meter.command(ShiftClock(30), **reader)
    assert meter.read_back(SetClock(NOW + timedelta(seconds=30), at=NOW)).proof is Proof.CONFIRMED
    with pytest.raises(CommandNotSentError) as refused:
        meter.command(SetClock(NOW), **reader)
    assert refused.value.reason is NotSentReason.ANOTHER_ROLE


def test_a_shift_of_more_than_a_quarter_of_an_hour_is_not_sent() -> None:
    meter = Commanded()
    with pytest.raises(CommandNotSentError) as refused:
        meter.command(ShiftClock(901))
    assert refused.value.reason is NotSentReason.SHIFT_TOO_LARGE
    assert isinstance(
        meter.set(RunMethod(Descriptor(8, Obis.parse("0.0.1.0.0.255"), 6), Integer(True))),  # type: ignore[arg-type]  # any request
        Refusal | type(None),
    )


def test_a_new_password_of_readers_holds_from_the_next_session_on() -> None:
    meter = Commanded()
    command = ChangePassword(1, "87654321")
    assert "87654321" not in repr(command)
    meter.command(command)
    assert meter.read_back(command).proof is Proof.CANNOT_TELL
    reader: dict[str, Any] = {"keys": None, "counter": None}
    with pytest.raises(MeterRefusedError) as refused:
        meter.read_back(command, **reader)
    assert refused.value.outcome is Outcome.WRONG_PASSWORD
    assert meter.read_back(command, **reader, password="87654321").proof is Proof.CONFIRMED
    assert meter.codes("programming") == [13]
    assert meter.codes("access") == [1]


def test_a_configurators_password_is_changed_where_he_has_one() -> None:
    model = with_dialect("nartis-i300")
    meter = Commanded(model=model, keys=None)
    configurator: dict[str, Any] = {"keys": None, "access_level": 2}
    command = ChangePassword(2, "1234567890123456")
    meter.command(command, **configurator)
    changed = configurator | {"password": "1234567890123456"}
    assert meter.read_back(command, **changed).proof is Proof.CONFIRMED
    assert meter.read_back(command, **configurator, hls_secret=b"1234567890123456").proof is Proof.CONFIRMED
    with pytest.raises(CommandNotSentError) as refused:
        meter.command(ChangePassword(2, "short"), **changed)
    assert refused.value.reason is NotSentReason.BAD_VALUE


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (ChangePassword(1, "я"), NotSentReason.BAD_VALUE),
        (ChangePassword(2, "1234567890123456"), NotSentReason.NOT_TAKEN),
        (ChangePassword(3, "12345678"), NotSentReason.NOT_TAKEN),
    ],
)
def test_a_password_that_cannot_be_is_not_sent(command: ChangePassword, reason: NotSentReason) -> None:
    meter = Commanded()
    with pytest.raises(CommandNotSentError) as refused:
        meter.command(command)
    assert (refused.value.reason, meter.told) == (reason, [])
    assert command.new not in str(refused.value)


def test_the_meter_itself_refuses_secrets_that_cannot_be() -> None:
    readers, configurators = Obis.parse("0.0.40.0.2.255"), Obis.parse("0.0.40.0.3.255")
    gmac, aes = (
        Commanded(),
        Commanded(model=with_dialect(configurator_proof=ConfiguratorProof.AES), hls_secret=bytes(16)),
    )
    change = Descriptor(15, configurators, 2)
    for value in (OctetString(b""), Integer(1)):
        assert isinstance(gmac.set(SetAttribute(Descriptor(15, readers, 7), value)), Refusal)
    assert isinstance(gmac.set(RunMethod(change, OctetString(bytes(16)))), Refusal)  # type: ignore[arg-type]  # any request
    address = aes.address(hls_secret=bytes(16))

    def told(value: Any) -> Any:  # noqa: ANN401  # any value, None or a refusal
        answer = yield RunMethod(change, value)
        return answer.value

    for wrong in (OctetString(b"short"), Integer(1)):
        assert isinstance(aes.session(address, told(wrong)), Refusal)


MASTER, NEW = bytes(range(1, 17)), Keys(bytes(range(2, 18)), bytes(range(3, 19)))
SETUP = Descriptor(64, Obis.parse("0.0.43.0.0.255"), 2)


def test_new_keys_hold_from_the_next_session_on_and_old_ones_no_more() -> None:
    meter = Commanded(master_key=MASTER)
    command = ChangeKeys(encryption=NEW.encryption, authentication=NEW.authentication, master=MASTER)
    meter.command(command)
    with pytest.raises(MeterRefusedError):
        meter.read_back(command)
    assert meter.read_back(command, keys=NEW, counter=InvocationCounter(1)).proof is Proof.CONFIRMED
    assert meter.read_back(replace(command, encryption=bytes(16)), keys=NEW).proof is Proof.CANNOT_TELL
    meter.keys = NEW
    assert meter.codes("programming") == [55, 57]


def test_one_key_of_two_is_changed_by_itself() -> None:
    meter = Commanded(master_key=MASTER)
    command = ChangeKeys(authentication=NEW.authentication, master=MASTER)
    meter.command(command)
    meter.keys = replace(KEYS, authentication=NEW.authentication)
    assert meter.read_back(command).proof is Proof.CONFIRMED


@pytest.mark.parametrize(
    ("plan", "parameter"),
    [
        ({}, encode_keys([wrap(KeyUse.UNICAST, NEW.encryption, master=MASTER)])),
        ({"master_key": bytes(16)}, encode_keys([wrap(KeyUse.UNICAST, NEW.encryption, master=MASTER)])),
        ({"master_key": MASTER}, encode_keys([wrap(KeyUse.BROADCAST, NEW.encryption, master=MASTER)])),
        ({"master_key": MASTER}, encode_keys([wrap(KeyUse.UNICAST, bytes(32), master=MASTER)])),
        ({"master_key": MASTER}, Integer(1)),
    ],
    ids=["no master key", "another master key", "broadcast", "a long key", "no keys"],
)
def test_keys_that_cannot_be_are_refused_and_the_old_ones_go_on(plan: dict[str, Any], parameter: Any) -> None:  # noqa: ANN401  # any value
    meter = Commanded(**plan)
    assert isinstance(meter.set(RunMethod(SETUP, parameter)), Refusal)  # type: ignore[arg-type]  # any request
    assert meter.read(clock=True).clock is not None


def test_a_new_master_key_opens_what_comes_after_it() -> None:
    meter = Commanded(master_key=MASTER)
    after = bytes(range(4, 20))
    change = RunMethod(SETUP, encode_keys([wrap(KeyUse.MASTER, after, master=MASTER)]))
    assert meter.set(change) is None  # type: ignore[arg-type]  # any request
    meter.command(ChangeKeys(encryption=NEW.encryption, master=after))
    meter.keys = replace(KEYS, encryption=NEW.encryption)
    assert meter.codes("programming") == [58, 55]
