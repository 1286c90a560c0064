"""Exchanges byte for byte: captured from a СЭТ-4ТМ.03М at address 53h, and questions as public programs ask them.

Both directions are held to the bytes: what came is understood, and the meter's side of the same description sends it.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from kilovatt.wire.protocols.framing.connection import Answered, LineFault, RemoteProtocolError
from kilovatt.wire.protocols.framing.crc16 import append_crc, crc_is_right
from kilovatt.wire.protocols.framing.status_language import DONE
from kilovatt.wire.protocols.nzif import energy, instants, journals, parameters, profile, session
from kilovatt.wire.protocols.nzif.connection import NzifConnection
from kilovatt.wire.protocols.nzif.energy import Beginning, EnergyArray, EnergyPeriod, StoredArray
from kilovatt.wire.protocols.nzif.hearing import frame, heard
from kilovatt.wire.protocols.nzif.instants import Measured
from kilovatt.wire.protocols.nzif.journals import Journal, Place
from kilovatt.wire.protocols.nzif.meter_clock import ReadClock
from kilovatt.wire.protocols.nzif.parameters import Variant
from kilovatt.wire.protocols.nzif.request import NzifRequest

ADDRESS = 0x53


@dataclass(frozen=True)
class Transcript:
    """A request, the answer, and what they mean."""

    asked: NzifRequest[Any]
    request: str
    answer: str
    value: object


CAPTURED = (
    Transcript(session.OpenChannel(b"000000"), "53 01 30 30 30 30 30 30 4B 0D", "53 00 3D 40", None),
    # Number 805181783, made on 17 May 2018.
    Transcript(
        parameters.ReadSerial(),
        "53 08 00 86 11",
        "53 2F FE 19 57 17 05 18 70 D6",
        parameters.SerialNumber(805_181_783, date(2018, 5, 17)),
    ),
    Transcript(
        parameters.ReadRatios(),
        "53 08 02 07 D0",
        "53 00 01 00 01 00 00 00 00 00 00 15 F1",
        parameters.Ratios(voltage_ratio=1, current_ratio=1),
    ),
    Transcript(parameters.ReadVariant(), "53 08 12 06 1C", "53 64 42 80 61 BF", Variant(bytes.fromhex("64 42 80"))),
)


@pytest.mark.parametrize("it", CAPTURED, ids=lambda it: type(it.asked).__name__)
def test_what_was_captured_is_said_and_understood_to_the_byte(it: Transcript) -> None:
    connection = NzifConnection(ADDRESS)
    assert connection.send(it.asked).data == bytes.fromhex(it.request)
    answer = bytes.fromhex(it.answer)
    assert connection.receive(answer) == Answered(value=it.value, data=answer)


@pytest.mark.parametrize("it", CAPTURED, ids=lambda it: type(it.asked).__name__)
def test_the_meters_side_hears_and_says_the_same_bytes(it: Transcript) -> None:
    told = heard(bytes.fromhex(it.request))
    assert told is not None
    assert (told.address, told.request) == (ADDRESS, it.asked)
    assert frame(ADDRESS, it.asked.says[-1].encode(it.value)) == bytes.fromhex(it.answer)


@pytest.mark.parametrize("it", CAPTURED, ids=lambda it: type(it.asked).__name__)
def test_a_wrong_last_byte_is_refused_as_a_wrong_checksum(it: Transcript) -> None:
    connection = NzifConnection(ADDRESS)
    connection.send(it.asked)
    damaged = bytearray.fromhex(it.answer)
    damaged[-1] ^= 0x01
    with pytest.raises(RemoteProtocolError, match="the checksum does not fit") as noise:
        connection.receive(bytes(damaged))
    assert noise.value.fault is LineFault.NOISE


def test_the_variant_that_was_captured_is_of_a_meter_of_1250_impulses() -> None:
    variant = Variant(bytes.fromhex("64 42 80"))
    assert (variant.impulses_per_kwh, variant.phases, variant.is_one_way) == (1250, 3, False)
    assert (variant.type_code, parameters.TYPES[variant.type_code]) == (8, "СЭТ-4ТМ.02М/03М")
    assert variant.nominal_current_a == 5


ASKED: tuple[tuple[str, NzifRequest[Any]], ...] = (
    # A program for the ПСЧ-4ТМ.05МК at address 104: where 27 May 2021 begins, is it found, the first 130 bytes of it.
    ("03 28 00 FF FF FF 27 05 21 FF 1E", profile.FindHour(date(2021, 5, 27), None, 30)),
    ("08 18 00", profile.ReadSearch()),
    ("06 03 12 30 07", profile.ReadMemory(0x1230, 7)),
    ("0C 01 03 12 30 82", profile.ReadMemoryIndexed(1, 0x1230, 130)),
    ("08 04", profile.ReadPointer()),
    # Another, which looks for an hour.
    ("03 28 00 FF FF 14 31 12 16 FF 1E", profile.FindHour(date(2016, 12, 31), 14, 30)),
    # The maker's concentrator: registers of today, of the 9th, of March; energies of March and of yesterday.
    ("0A 84 00 01 0F 00", energy.ReadStored(Beginning(StoredArray.TODAY_START), 1)),
    ("0A 86 09 01 0F 00", energy.ReadStored(Beginning(StoredArray.DAY_START, 9), 1)),
    ("0A 83 03 02 0F 00", energy.ReadStored(Beginning(StoredArray.MONTH_START, 3), 2)),
    ("05 33 01", energy.ReadEnergy(EnergyPeriod(EnergyArray.MONTH, 3), 1)),
    ("05 50 01", energy.ReadEnergy(EnergyPeriod(EnergyArray.YESTERDAY), 1)),
    ("09 53 09", journals.ReadRecordExtended(Journal.CASE, 9)),
    ("08 16 12", instants.ReadInstants(Measured(0x12))),
    # Others.
    ("04 00", ReadClock()),
    ("04 A9", journals.ReadRecord(Place(Journal.TERMINAL_COVER, 9))),
    ("08 11 40", instants.ReadInstant(instants.FREQUENCY)),
    ("08 1B 02 20", instants.ReadReals(Measured(0x20))),
    ("08 1B 00 14", instants.ReadReal(Measured(0x14))),
    ("00", session.CheckLink()),
)


@pytest.mark.parametrize(("body", "request_asked"), ASKED, ids=[body for body, _ in ASKED])
def test_what_programs_ask_is_heard_as_what_they_mean(body: str, request_asked: NzifRequest[Any]) -> None:
    told = heard(append_crc(bytes([104]) + bytes.fromhex(body)))
    assert told is not None
    assert (told.address, told.request) == (104, request_asked)


def test_a_sixteenth_place_is_no_place_of_a_journal() -> None:
    assert heard(append_crc(bytes.fromhex("68 04 1F"))) is None


def test_asked_at_address_0_a_meter_tells_its_own() -> None:
    connection = NzifConnection(0)
    assert connection.send(session.CheckLink()).data == bytes.fromhex("00 00 01 B0")
    own = frame(ADDRESS, DONE.encode(None))
    assert connection.receive(own) == Answered(value=None, data=own)


def test_a_serial_number_as_address_has_four_bytes_behind_a_mark() -> None:
    # The maker's concentrator speaks so to meters of which it knows the serial number.
    connection = NzifConnection(805_181_783)
    asked = connection.send(parameters.ReadVariant()).data
    assert asked[:-2] == bytes.fromhex("FC 2F FE 19 57 08 12")
    assert heard(asked) is not None
    answer = append_crc(bytes.fromhex("FC 2F FE 19 57 64 42 80"))
    event = connection.receive(answer)
    assert event == Answered(value=Variant(bytes.fromhex("64 42 80")), data=answer)


def test_the_checksums_of_the_captured_frames_fit() -> None:
    assert all(crc_is_right(bytes.fromhex(it.request)) and crc_is_right(bytes.fromhex(it.answer)) for it in CAPTURED)
