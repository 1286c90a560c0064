"""How a simulated meter of IEC 62056-21 behaves on a line: sessions, silence, refusals, what it reads out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.energomera_iec import EnergomeraIecDialect
from kilovatt.measure.metering.catalogue.landis_gyr import LandisGyrDialect
from kilovatt.measure.metering.models import MeterModel
from kilovatt.wire.protocols.framing.seven_bits import with_parity
from kilovatt.wire.protocols.iec62056_21.datasets import data_sets_of
from kilovatt.wire.protocols.iec62056_21.frames import BlockCheck, Command, answer_of
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.iec62056_21 import iec62056_meter
from kilovatt.wire.simulator.iec62056_21.meter import Iec62056Meter
from kilovatt.wire.simulator.meter import SimulatedMeterPlan

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 9, 10, 11, tzinfo=UTC)
ADDRESS = 141_628_345
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 60, dtype=np.int64) % 701 + 20, NOW, MOSCOW),
    zone=MOSCOW,
    table=tariff_table_for(2),
    past=MeterPast(starting_wh={1: 45_540, 2: 22_880}, inductive_permille=0, capacitive_permille=0),
)
CALL, CHOICE = b"/?141628345!\r\n", b"\x06051\r\n"
CE102M, CE301, CE303 = (model_by_key(f"energomera-{name}") for name in ("ce102m", "ce301", "ce303"))
ZMG = model_by_key("landis-gyr-zmg405")


def made(model: MeterModel, **options: bool) -> Iec62056Meter:
    assert isinstance(model.dialect, EnergomeraIecDialect | LandisGyrDialect)
    # mypy: each option is of its own type.
    varied = replace(model, dialect=replace(model.dialect, **options))  # type: ignore[arg-type]
    return iec62056_meter(SimulatedMeterPlan(model=varied, serial=ADDRESS, address=ADDRESS, zone=MOSCOW, energy=ENERGY))


def command(code: str, text: str | None = None) -> bytes:
    return Command(code, text).encode(BlockCheck.SUM)


def opened(model: MeterModel) -> Iec62056Meter:
    meter = made(model)
    for said in (CALL, CHOICE, command("P1", "(777777)")):
        assert meter.hear(said, NOW) is not None
    return meter


def told(meter: Iec62056Meter, text: str, now: datetime = NOW) -> str | None:
    answer = meter.hear(command("R1", text), now)
    return None if answer is None else answer_of(answer, BlockCheck.SUM)


def test_a_session_goes_as_it_was_captured() -> None:
    meter = made(CE102M)
    assert meter.hear(CALL, NOW) == b"/EKT5CE102Mv01\r\n"
    assert meter.hear(CHOICE, NOW) == bytes.fromhex("01 50 30 02 28 31 34 31 36 32 38 33 34 35 29 03 28")
    assert meter.hear(bytes.fromhex("01 50 31 02 28 37 37 37 37 37 37 29 03 21"), NOW) == b"\x06"
    assert meter.hear(command("B0"), NOW) is None
    assert told(meter, "SNUMB()") is None


def test_a_meter_answers_to_its_own_address_and_to_none() -> None:
    assert made(CE301).hear(b"/?!\r\n", NOW) == b"/EKT5CE301v12\r\n"
    assert made(CE301).hear(b"/?000141628345!\r\n", NOW) == b"/EKT5CE301v12\r\n"
    assert made(CE301).hear(b"/?141628346!\r\n", NOW) is None
    assert made(ZMG).hear(CALL, NOW) == b"/LGZ5\\2ZMG405000b.P07\r\n"


def test_a_call_for_another_ends_its_session() -> None:
    meter = opened(CE301)
    assert told(meter, "SNUMB()") == "SNUMB(141628345)\r\n"
    assert meter.hear(b"/?7!\r\n", NOW) is None
    assert told(meter, "SNUMB()") is None


def test_a_session_lasts_three_seconds_of_silence() -> None:
    meter = opened(CE301)
    assert told(meter, "SNUMB()", NOW + timedelta(seconds=3)) is not None
    assert told(meter, "SNUMB()", NOW + timedelta(seconds=6.1)) is None


def test_a_wrong_password_ends_the_session() -> None:
    meter = made(CE301)
    meter.hear(CALL, NOW)
    meter.hear(CHOICE, NOW)
    assert meter.hear(command("P1", "(111111)"), NOW) == command("B0")
    assert meter.hear(command("P1", "(777777)"), NOW) is None


@pytest.mark.parametrize("said", [CHOICE, command("P1", "(777777)"), command("R1", "SNUMB()"), b"\x00", CALL[:-1]])
def test_outside_a_session_it_keeps_silent(said: bytes) -> None:
    assert made(CE301).hear(said, NOW) is None


@pytest.mark.parametrize("choice", [b"\x06050\r\n", b"\x06252\r\n"])
def test_it_does_not_do_what_it_cannot(choice: bytes) -> None:
    meter = made(CE301)
    meter.hear(CALL, NOW)
    assert meter.hear(choice, NOW) is None


def test_it_refuses_names_that_it_does_not_know_and_months_it_does_not_keep() -> None:
    ce301, ce102m = opened(CE301), opened(CE102M)
    assert told(ce301, "GRAPE()") == "(ERR12)\r\n"
    assert told(ce301, "SNUMB") == "(ERR12)\r\n"
    assert told(ce301, "SNUMB()TIME_()") == "(ERR12)\r\n"
    assert told(ce301, "ENM01()") == "(ERR12)\r\n"
    assert told(ce301, "ENMPE(10.24)") == "(ERR18)\r\n"
    assert told(ce102m, "ENMPE(10.26)") == "(ERR12)\r\n"
    assert told(ce102m, "ENM99()") == "(ERR18)\r\n"
    assert told(ce301, "TIME_()") == "TIME_(12:10:11)\r\n"
    assert told(ce301, "DATE_()") == "DATE_(02.24.11.26)\r\n"


def test_names_and_decimals_are_written_as_they_were_captured() -> None:
    one, three = told(opened(CE102M), "ET0PE()"), told(opened(CE301), "ET0PE()")
    assert one is not None
    assert three is not None
    assert (one.count("ET0PE("), one.count("\r\n")) == (1, 6)
    assert (three.count("ET0PE("), three.count("\r\n")) == (6, 6)
    (energies,), (finer,) = data_sets_of(one), data_sets_of(three)
    assert all(len(value.partition(".")[2]) == 2 for value in energies.values)
    assert len(finer.values[0].partition(".")[2]) == 7
    assert finer.values[0].startswith(energies.values[0])


def test_a_group_is_answered_without_a_session() -> None:
    meter = made(CE303)
    asked = b"/?141628345!" + command("R1", "GROUP(4001(7)4003(8)400D(3)4099(1))")
    answer = meter.hear(asked, NOW)
    assert answer is not None
    sets = {one.name: one.values for one in data_sets_of(answer_of(answer, BlockCheck.SUM))}
    assert len(sets["4001"]) == 3
    assert len(sets["4003"]) == 1
    assert (sets["400D"], sets["4099"]) == (("50.00", "E12"), ("E12",))
    assert told(meter, "SNUMB()") is None


@pytest.mark.parametrize(
    ("model", "said", "answer"),
    [
        (CE303, b"/?7!" + command("R1", "GROUP(4001(7))"), None),
        (CE303, CALL[:-2] + command("B0"), None),
        (ZMG, CALL[:-2] + Command("R1", "GROUP(4001(7))").encode(BlockCheck.XOR), None),
        (CE303, CALL[:-2] + command("R1", "SNUMB()"), "(ERR12)\r\n"),
    ],
)
def test_another_than_a_group_behind_a_call_is_refused_or_not_heard(
    model: MeterModel, said: bytes, answer: str | None
) -> None:
    came = made(model).hear(said, NOW)
    assert (None if came is None else answer_of(came, BlockCheck.SUM)) == answer


def read_out(meter: Iec62056Meter) -> dict[str, tuple[str, ...]]:
    meter.hear(CALL, NOW)
    answer = meter.hear(b"\x06050\r\n", NOW)
    assert answer is not None
    text = answer_of(answer, BlockCheck.XOR)
    assert text.endswith("!\r\n")
    return {one.name: one.values for one in data_sets_of(text)}


def test_a_readout_tells_what_was_frozen_with_its_stamp() -> None:
    said = read_out(made(ZMG))
    newest = said["0.1.0"][0]
    assert said[f"0.1.0*{newest}"] == ("26-11-01 00:00",)
    assert said["1.8.0"][0].endswith("*kWh")
    assert "*" not in said[f"1.8.0*{newest}"][0]
    assert sum(name.startswith("0.1.0*") for name in said) == ZMG.month_register_depth_months + 1
    assert f"2.8.1*{newest}" not in said


def test_years_may_be_written_in_four_digits() -> None:
    said = read_out(made(ZMG, long_years=True))
    assert said["0.9.2"] == ("2026-11-24",)
    assert said[f"0.1.0*{said['0.1.0'][0]}"] == ("2026-11-01 00:00",)


def test_an_answer_may_bear_its_parity() -> None:
    assert made(CE301, parity_bits=True).hear(with_parity(CALL), NOW) == with_parity(b"/EKT5CE301v12\r\n")
