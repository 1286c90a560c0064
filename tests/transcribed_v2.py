"""Exchanges of Mercury V2 meters that others captured or printed, to the byte."""

from dataclasses import dataclass
from datetime import date, time
from typing import Any

from kilovatt.wire.protocols.framing.connection import Answered, Refusal, RefusalReason
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2 import energy, instants, journals, parameters, profile, session, writes
from kilovatt.wire.protocols.mercury_v2.connection import MercuryV2Connection
from kilovatt.wire.protocols.mercury_v2.energy import EnergyArray, EnergyPeriod, EnergyTotals, PeakPower
from kilovatt.wire.protocols.mercury_v2.fields import Directed
from kilovatt.wire.protocols.mercury_v2.instants import Measured, PowerKind, Quantity
from kilovatt.wire.protocols.mercury_v2.journals import Journal, Pair
from kilovatt.wire.protocols.mercury_v2.meter_clock import MeterClock, ReadClock
from kilovatt.wire.protocols.mercury_v2.profile import ProfileRecord, RecordState, RingAddress
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from kilovatt.wire.protocols.mercury_v2.schedule import ReadTariffSchedule, ScheduleSelection, TariffMark
from kilovatt.wire.protocols.mercury_v2.variant import Variant


@dataclass(frozen=True)
class Transcript:
    """A request, the answer, and what they mean. `answer` is None where only the request was published."""

    asked: MercuryV2Request[Any]
    request: str
    answer: str | None
    value: object = None

    @property
    def address(self) -> int:
        return int(self.request[:2], 16)


DONE_80 = "80 00 60 70"
ASKUE_AUDIT = "1D 00 00 00 00 00 00 00 00 00 00 00 00 2E 36"
SINCE_RESET = EnergyPeriod(EnergyArray.SINCE_RESET)
OCTOBER_TUESDAY = ScheduleSelection(months=frozenset({10}), days=frozenset({2}), half=0)
MARKS = (
    TariffMark(0, 2),
    TariffMark(7 * 60, 1),
    TariffMark(9 * 60, 3),
    TariffMark(11 * 60, 1),
    TariffMark(18 * 60, 3),
    TariffMark(20 * 60, 1),
    TariffMark(22 * 60, 2),
    TariffMark(24 * 60, 1),
)
MARKS_HEX = "00 40 00 27 00 69 00 2B 00 72 00 34 00 56 00 38"
# 10500 counts at A = 1000 in half an hour: 5.25 kWh, 10.5 kW.
RECORD = ProfileRecord(
    state=RecordState(is_incomplete=True, is_winter=True),
    stamp=WallTime(2008, 3, 5, 10, 0, 0),
    period_minutes=30,
    a_plus=10_500,
    a_minus=None,
    r_plus=0,
    r_minus=0,
)
RECORD_HEX = "80 0A 10 00 05 03 08 1E 04 29 FF FF 00 00 00 00 FE AF"

# From real meters: esforhouse-dot/ASKUEaudit (Mercury 234 at address 29), Art-Cheater/OPORA (through an ATM21 modem).
CAPTURED = (
    Transcript(session.OpenChannel(1, bytes([1] * 6)), "1D 01 01 01 01 01 01 01 01 E2 D1", "1D 00 08 E0", None),
    # Opened 21.08.2026 17:25:13, not closed yet.
    Transcript(
        journals.ReadJournal(Journal.CASE, 0),
        "1D 04 12 00 4B 29",
        "1D 13 25 17 21 08 26 00 00 00 00 00 00 33 BB",
        Pair(WallTime(2026, 8, 21, 17, 25, 13), None),
    ),
    Transcript(
        journals.ReadJournal(Journal.CASE, 1),
        "1D 04 12 01 8A E9",
        "1D 06 15 11 07 02 26 17 08 13 07 02 26 04 50",
        Pair(WallTime(2026, 2, 7, 11, 15, 6), WallTime(2026, 2, 7, 13, 8, 17)),
    ),
    Transcript(
        journals.ReadJournal(Journal.CASE, 2),
        "1D 04 12 02 CA E8",
        "1D 09 15 13 07 02 26 56 20 15 07 02 26 DE 11",
        Pair(WallTime(2026, 2, 7, 13, 15, 9), WallTime(2026, 2, 7, 15, 20, 56)),
    ),
    # Empty places.
    Transcript(journals.ReadJournal(Journal.MAGNETIC_FIELD, 1), "1D 04 1A 01 8D 29", ASKUE_AUDIT, Pair(None, None)),
    Transcript(journals.ReadJournal(Journal.MAGNETIC_FIELD, 2), "1D 04 1A 02 CD 28", ASKUE_AUDIT, Pair(None, None)),
    Transcript(journals.ReadJournal(Journal.POWER_LIMIT, 0), "1D 04 06 00 44 29", ASKUE_AUDIT, Pair(None, None)),
    Transcript(journals.ReadJournal(Journal.POWER_LIMIT, 1), "1D 04 06 01 85 E9", ASKUE_AUDIT, Pair(None, None)),
    Transcript(
        journals.ReadJournal(Journal.REPROGRAMMING, 0),
        "1D 04 13 00 4A B9",
        ASKUE_AUDIT,
        journals.Reprogramming(day_on=None, requests=0, parameters=frozenset(), physical_bits=0),
    ),
    Transcript(
        parameters.ReadSerial(),
        "00 08 00 76 00",
        "00 24 4F 01 3C 0A 02 13 7B 09",
        parameters.SerialNumber(serial="36790160", made_on=date(2019, 2, 10)),
    ),
    Transcript(parameters.ReadFirmware(), "00 08 03 36 01", "00 02 03 05 61 17", "2.3.5"),
    # The last byte is reconstructed: what was stored is the false prefix below.
    Transcript(
        parameters.ReadRatios(),
        "00 08 02 F7 C1",
        "00 00 01 00 01 B4 00",
        parameters.Ratios(voltage_ratio=1, current_ratio=1),
    ),
    Transcript(session.CheckLink(), "00 00 01 B0", "00 00 01 B0", None),
    Transcript(session.CheckLink(), "01 00 00 20", "01 00 00 20", None),
    Transcript(parameters.ReadLoadControl(), "22 08 18 D6 00", "22 00 08 D0 0C", frozenset({11})),
)

# wirenboard/wb-mqtt-serial: test/mercury230_expectations.cpp and test/TMercury230*.dat.
OTHERS = (
    Transcript(
        energy.ReadEnergy(SINCE_RESET, 0),
        "00 05 00 00 10 25",
        "00 30 00 28 C5 FF FF FF FF 04 00 9C 95 FF FF FF FF 44 AB",
        EnergyTotals(a_plus_wh=3_196_200, a_minus_wh=None, r_plus_varh=0x0004_959C, r_minus_varh=None),
    ),
    Transcript(
        energy.ReadEnergyOfPhases(0),
        "00 05 60 00 38 25",
        "00 30 00 29 C5 30 00 29 00 04 00 9D 95 50 99",
        (0x0030_C529, 0x0030_0029, 0x0004_959D),
    ),
    Transcript(instants.ReadInstant(Measured(Quantity.VOLTAGE, 1)), "00 08 11 11 4D BA", "00 00 40 5E B0 1C", 241_280),
    Transcript(instants.ReadInstant(Measured(Quantity.VOLTAGE, 2)), "00 08 11 12 0D BB", "00 00 EB 5D 8F 2D", 240_430),
    Transcript(instants.ReadInstant(Measured(Quantity.CURRENT, 1)), "00 08 11 21 4D AE", "00 00 45 00 32 B4", 69),
    Transcript(instants.ReadInstant(Measured(Quantity.CURRENT, 2)), "00 08 11 22 0D AF", "00 00 60 00 28 24", 96),
    # 5530.95 W, the reactive direction reversed.
    Transcript(
        instants.ReadInstant(Measured(Quantity.POWER)),
        "00 08 11 00 8D B6",
        "00 48 87 70 E2 26",
        Directed(5_530_950, reactive_reversed=True),
    ),
    Transcript(instants.ReadInstant(Measured(Quantity.TEMPERATURE)), "00 08 11 70 8C 52", "00 00 18 71 CA", 24),
    Transcript(
        instants.ReadInstant(Measured(Quantity.VOLTAGE, 2)),
        "00 08 11 12 0D BB",
        "00 05 C1 B3",
        Refusal(RefusalReason.CHANNEL_CLOSED, 5),
    ),
    Transcript(
        instants.ReadInstant(Measured(Quantity.VOLTAGE, 2)),
        "00 08 11 12 0D BB",
        "00 02 80 71",
        Refusal(RefusalReason.INTERNAL_ERROR, 2),
    ),
    Transcript(session.OpenChannel(1, bytes([1] * 6)), "00 01 01 01 01 01 01 01 01 77 81", "00 00 01 B0"),
    Transcript(
        session.OpenChannel(2, bytes.fromhex("12 13 14 15 16 17")), "00 01 02 12 13 14 15 16 17 34 17", "00 00 01 B0"
    ),
)

# Incotex, edition 05.2023, by section.
PRINTED = (
    # 2.2.2, 2.2.3
    Transcript(session.OpenChannel(1, b"111111"), "80 01 01 31 31 31 31 31 31 48 A8", DONE_80),
    Transcript(session.OpenChannel(1, bytes([1] * 6)), "80 01 01 01 01 01 01 01 01 16 47", DONE_80),
    Transcript(session.CloseChannel(), "80 02 E1 B1", DONE_80),
    # 3.10, 3.11
    Transcript(writes.CorrectClock(time(10, 55, 30)), "80 03 0D 30 55 10 67 E4", DONE_80),
    Transcript(
        writes.SetClock(MeterClock(weekday=3, time=WallTime(2008, 3, 5, 10, 55, 0), is_winter=True)),
        "80 03 0C 00 55 10 03 05 03 08 01 7F 70",
        DONE_80,
    ),
    # 3.20
    Transcript(writes.SetTariffSchedule(OCTOBER_TUESDAY, MARKS), f"80 03 1D 02 00 02 {MARKS_HEX} DB 7D", DONE_80),
    # 3.26, 3.29, 3.30
    Transcript(writes.SetLimitTime(30), "80 03 26 00 1E 44 59", DONE_80),
    Transcript(writes.SetReclosing(delay_s=300, attempts=100), "80 03 26 00 01 2C 64 DF D7", DONE_80),
    Transcript(writes.SetPowerLimit(5_000), "80 03 2C 00 01 F4 53 5C", DONE_80),
    Transcript(writes.ControlPowerLimit(is_on=True), "80 03 2D 01 05 74", None),
    Transcript(writes.SetEnergyLimit(tariff=1, limit_wh=25_600), "80 03 2E 01 00 00 64 00 6A 25", None),
    # 3.34: load on; off is ours
    Transcript(writes.SwitchLoad(is_off=False), "2A 03 31 00 ED AC", "2A 00 1E D0"),
    Transcript(writes.SwitchLoad(is_off=True), "2A 03 31 01 2C 6C", None),
    # 4.2: Wednesday 27.02.08 16:14:43, winter
    Transcript(
        ReadClock(),
        "80 04 00 72 E8",
        "80 43 14 16 03 27 02 08 01 50 90",
        MeterClock(weekday=3, time=WallTime(2008, 2, 27, 16, 14, 43), is_winter=True),
    ),
    Transcript(
        journals.ReadJournal(Journal.POWER, 2),
        "80 04 01 02 E8 74",
        "80 01 53 07 01 02 08 09 50 12 01 02 08 2F 74",
        Pair(WallTime(2008, 2, 1, 7, 53, 1), WallTime(2008, 2, 1, 12, 50, 9)),
    ),
    Transcript(
        journals.ReadNewestRecord(Journal.CLOCK_CORRECTIONS),
        "80 04 02 FF 29 05",
        "80 53 23 10 23 01 08 59 23 10 23 01 08 00 91 EB",
        journals.NewestRecord(Pair(WallTime(2008, 1, 23, 10, 23, 53), WallTime(2008, 1, 23, 10, 23, 59)), 0),
    ),
    Transcript(
        journals.ReadJournal(Journal.REPROGRAMMING, 5),
        "42 04 13 05 98 AE",
        "42 01 08 18 05 41 10 00 00 00 00 02 00 47 B8",
        journals.Reprogramming(
            day_on=date(2018, 8, 1), requests=5, parameters=frozenset({0x00, 0x06, 0x0C, 0x31}), physical_bits=0
        ),
    ),
    Transcript(
        journals.ReadJournal(Journal.ERRORS, 6),
        "80 04 14 06 E7 27",
        "80 44 24 11 25 01 08 00 00 00 00 02 00 0D 87",
        journals.ErrorsFound(WallTime(2008, 1, 25, 11, 24, 44), frozenset({2})),
    ),
    # A swell of 0.02 s to 133.51 %
    Transcript(
        journals.ReadJournal(Journal.SAGS_1, 3),
        "14 04 30 03 10 14",
        "14 53 31 48 13 10 11 17 02 00 00 27 34 36 04",
        journals.Sag(
            hundredths=53,
            at=WallTime(2017, 11, 10, 13, 48, 31),
            duration_cs=2,
            is_sag=False,
            depth_permyriad=13_351,
        ),
    ),
    Transcript(
        journals.ReadSagStatistics(Journal.SAGS_1, 2),
        "14 04 30 F9 02 D6 AD",
        "14 00 00 03 00 03 00 00 00 00 00 04 00 00 00 00 00 39 F7",
        (0, 3, 3, 0, 0, 4, 0, 0),
    ),
    # 4.3
    Transcript(
        energy.ReadEnergy(EnergyPeriod(EnergyArray.MONTH, 1), 0),
        "80 05 31 00 2C 75",
        "80 00 00 70 0A FF FF FF FF 00 00 E8 03 00 00 00 00 3F 0F",
        EnergyTotals(a_plus_wh=2_672, a_minus_wh=None, r_plus_varh=1_000, r_minus_varh=0),
    ),
    Transcript(
        energy.ReadQuadrants(SINCE_RESET, 0),
        "14 15 00 00 14 10",
        "14 00 00 6D 06 00 00 00 00 00 00 00 00 00 00 F1 00 1F 8F",
        energy.Quadrants(r1_varh=1_645, r2_varh=0, r3_varh=0, r4_varh=241),
    ),
    Transcript(
        energy.ReadStoredEnergy(energy.StoredMoment.DAY, date(2019, 6, 23), 2),
        "14 18 00 23 06 19 02 2D 0D",
        "14 00 00 5E 7C FF FF FF FF 00 00 DC 02 00 00 9D 0D 19 DA",
        EnergyTotals(a_plus_wh=31_838, a_minus_wh=None, r_plus_varh=732, r_minus_varh=3_485),
    ),
    Transcript(
        energy.ReadPeakPowers(EnergyPeriod(EnergyArray.MONTH, 2), 0),
        "2A 17 32 00 AD 58",
        "2A 40 5C EE 03 00 08 00 00 40 5C B6 03 80 62 0F 00 A8 11",
        energy.PeakPowers(
            a_plus=PeakPower(day=11, hour=17, minute=0, count=0x03EE),
            a_minus=PeakPower(day=1, hour=0, minute=0, count=0),
            r_plus=PeakPower(day=11, hour=17, minute=0, count=0x03B6),
            r_minus=PeakPower(day=12, hour=10, minute=0, count=0x000F),
        ),
    ),
    # 4.4
    Transcript(
        parameters.ReadSerial(),
        "80 08 00 77 E8",
        "80 29 5A 40 43 16 06 14 0A 73",
        parameters.SerialNumber(serial="41906467", made_on=date(2020, 6, 22)),
    ),
    Transcript(
        parameters.ReadFullPassport(),
        "42 08 01 00 94 0E",
        "42 20 57 2F 42 1A 06 12 09 00 00 B4 E3 C2 97 DF 58 7E F5 32 3A 0C 00 00 00 5D 79",
        parameters.FullPassport(
            serial="32874766",
            made_on=date(2018, 6, 26),
            firmware="9.0.0",
            variant=Variant(bytes.fromhex("B4 E3 C2 97 DF 58")),
            firmware_checksum=b"\x7e\xf5",
            variant_code=b"\x32\x3a",
            variant_byte_7=0x0C,
            variant_byte_8=0,
        ),
    ),
    Transcript(
        parameters.ReadPassport(),
        "42 08 01 17 D4",
        "42 20 57 2F 42 1A 06 12 09 00 00 B4 E3 C2 97 DF 58 3F D3",
        parameters.Passport(
            serial="32874766",
            made_on=date(2018, 6, 26),
            firmware="9.0.0",
            variant=Variant(bytes.fromhex("B4 E3 C2 97 DF 58")),
        ),
    ),
    Transcript(parameters.ReadRatios(), "80 08 02 F6 29", "80 00 01 00 01 B5 DE", parameters.Ratios(1, 1)),
    Transcript(parameters.ReadFirmware(), "80 08 03 37 E9", "80 09 00 00 F9 E6", "9.0.0"),
    # Asked at the universal address, a single meter tells its own.
    Transcript(parameters.ReadAddress(), "00 08 05 B6 03", "00 00 80 70 60", 128),
    Transcript(parameters.ReadErrors(), "80 08 0A F7 EF", "80 00 00 00 00 04 00 98 08", frozenset({3})),
    Transcript(
        profile.ReadLatestRecord(),
        "80 08 13 36 25",
        "80 00 01 0A 09 00 04 03 08 1E 6A 42",
        profile.LatestRecord(
            address=0x0001,
            state=RecordState(is_incomplete=True, is_winter=True),
            stamp=WallTime(2008, 3, 4, 9, 0, 0),
            period_minutes=30,
        ),
    ),
    Transcript(profile.ReadRecordAt(RingAddress(0x10)), "80 06 03 00 10 0F DA 5B", RECORD_HEX, RECORD),
    Transcript(profile.ReadRecords(offset=1, count=1), "80 16 03 00 01 01 96 0C", RECORD_HEX, (RECORD,)),
    Transcript(
        instants.ReadFrozen(Measured(Quantity.POWER, power=PowerKind.APPARENT)),
        "80 08 14 08 A6 E0",
        "80 00 40 E7 29 00 40 E7 29 00 00 00 00 00 00 00 00 C7 3A",
        (
            Directed(107_270, reactive_reversed=True),
            Directed(107_270, reactive_reversed=True),
            Directed(0),
            Directed(0),
        ),
    ),
    Transcript(
        instants.ReadFrozen(Measured(Quantity.POWER_FACTOR)),
        "80 08 14 30 A7 32",
        "80 40 2D 02 40 2D 02 00 00 00 00 00 00 1D 31",
        (Directed(557, reactive_reversed=True), Directed(557, reactive_reversed=True), Directed(0), Directed(0)),
    ),
    # The maker prints 0x565B as 22423 and 224.43 V; it is 221.07 V.
    Transcript(instants.ReadInstant(Measured(Quantity.VOLTAGE, 1)), "80 08 11 11 64 7A", "80 00 5B 56 92 EA", 221_070),
    Transcript(instants.ReadInstant(Measured(Quantity.FREQUENCY)), "80 08 11 40 A5 86", "80 00 87 13 0B D9", 49_990),
    # The maker prints 0.201 %; it is 2.01 %.
    Transcript(instants.ReadInstant(Measured(Quantity.DISTORTION, 1)), "80 08 11 61 65 9E", "80 C9 00 26 78", 201),
    Transcript(instants.ReadInstant(Measured(Quantity.TEMPERATURE)), "80 08 11 70 A5 92", "80 00 18 70 22", 24),
    # The load is off by a command.
    Transcript(parameters.ReadLoadControl(), "80 08 18 77 E2", "80 09 02 F7 B9", frozenset({0, 3, 9})),
    Transcript(parameters.ReadPowerLimit(), "80 08 19 B6 22", "80 00 14 00 26 E4", 200),
    Transcript(parameters.ReadEnergyLimit(2), "80 08 1A 02 22 87", "80 00 00 14 00 2A DE", 20),
    Transcript(
        parameters.ReadQualityLimits(),
        "80 08 20 76 30",
        "80 50 46 A4 51 3C 5A A8 61 56 13 74 13 9C 13 BA 13 1B C8",
        parameters.QualityLimits(
            voltage_permitted_min_mv=180_000,
            voltage_normal_min_mv=209_000,
            voltage_normal_max_mv=231_000,
            voltage_permitted_max_mv=250_000,
            frequency_permitted_min_mhz=49_500,
            frequency_normal_min_mhz=49_800,
            frequency_normal_max_mhz=50_200,
            frequency_permitted_max_mhz=50_500,
        ),
    ),
    Transcript(ReadTariffSchedule(OCTOBER_TUESDAY), "80 08 22 02 00 02 D4 63", f"80 {MARKS_HEX} 1D E2", MARKS),
    Transcript(
        parameters.ReadRelayContacts(),
        "2A 08 2E 06 14 5C",
        "2A 00 01 91 C8",
        parameters.RelayContacts(closed=frozenset({1}), without_voltage=frozenset()),
    ),
    Transcript(
        parameters.ReadEventFlags(),
        "80 08 2F 00 B4 16",
        "80 11 11 11 11 00 00 00 00 00 00 00 00 00 00 00 00 21 C8",
        frozenset({0, 4, 8, 12, 16, 20, 24, 28}),
    ),
)
TRANSCRIPTS = CAPTURED + OTHERS + PRINTED
ANSWERED = tuple(it for it in TRANSCRIPTS if it.answer is not None)


def named(transcript: Transcript) -> str:
    return f"{type(transcript.asked).__name__}-{transcript.request[:11]}"


def after(connection: MercuryV2Connection, answer: bytes) -> Answered:
    event = connection.receive(answer) or connection.quiet()
    assert isinstance(event, Answered)
    return event
