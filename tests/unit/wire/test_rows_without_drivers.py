"""Rows that nobody speaks to say so in a sentence."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.wire.drivers.catalogue import driver_for
from kilovatt.wire.protocols.framing.connection import LocalProtocolError
from kilovatt.wire.simulator.catalogue import simulated_meter
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.meter import SimulatedMeterPlan

MOSCOW = ZoneInfo("Europe/Moscow")
BY_FILE = model_by_key("matrica-np71")


def test_a_meter_that_files_speak_for_is_not_asked() -> None:
    with pytest.raises(LocalProtocolError, match=r"Матрица NP71 L.1-1-3 is not asked: its readings come in files"):
        driver_for(BY_FILE)


def test_what_nobody_knows_the_language_of_is_not_simulated() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    energy = MeterEnergy(
        curve=place_curve(np.zeros(48 * 40, dtype=np.int64), now, MOSCOW),
        zone=MOSCOW,
        table=tariff_table_for(1),
        past=MeterPast(starting_wh={1: 0, 2: 0, 3: 0}, inductive_permille=0, capacitive_permille=0),
    )
    plan = SimulatedMeterPlan(model=BY_FILE, serial=1, address=1, zone=MOSCOW, energy=energy)
    with pytest.raises(LocalProtocolError, match="nobody knows what it speaks"):
        simulated_meter(plan)
