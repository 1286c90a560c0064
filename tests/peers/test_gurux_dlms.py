"""A stranger reads our СПОДЭС meter: gurux-dlms, in a process of its own, over real TCP. Values are compared."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kilovatt.measure.metering.registers import Quantity
from simulated_spodes import (
    COLUMNS,
    ENERGY,
    KEYS,
    NOW,
    PASSWORD,
    SERIAL,
    STEP,
    TITLE,
    ZONE,
    interval,
    register_wh,
    told_by,
)

pytestmark = pytest.mark.peer

READS = {"entry": 1, "count": 5, "range": ["2026-11-23T00:30:00+03:00", "2026-11-24T00:00:00+03:00"]}
SECURITY: dict[str, dict[str, Any]] = {
    "none": {"client": 16, "security": "none"},
    "lls": {"client": 32, "security": "lls", "secret": PASSWORD, **READS},
    "gmac": {
        "client": 48,
        "security": "gmac",
        "title": TITLE.hex(),
        "encryption_key": KEYS.encryption.hex(),
        "authentication_key": KEYS.authentication.hex(),
        **READS,
    },
}


def stamp(at: datetime) -> str:
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def rows(first_ended_at: datetime, count: int) -> list[list[object]]:
    ends = [first_ended_at + place * STEP for place in range(count)]
    return [[stamp(at), *interval(at)] for at in ends]


@pytest.mark.parametrize("link", ["hdlc", "wrapper"])
def test_a_stranger_without_a_password_sees_the_clock(peers_python: Path, link: str) -> None:
    assert told_by(peers_python, "gurux_reads.py", link, SECURITY["none"]) == {"clock": stamp(NOW)}


@pytest.mark.parametrize("link", ["hdlc", "wrapper"])
@pytest.mark.parametrize("security", ["lls", "gmac"])
def test_a_stranger_reads_everything(peers_python: Path, link: str, security: str) -> None:
    told = told_by(peers_python, "gurux_reads.py", link, SECURITY[security])
    assert told["clock"] == stamp(NOW)
    assert bytes.fromhex(told["serial"]) == f"{SERIAL:08d}".encode()
    assert (told["energy"], told["scaler"], told["unit"]) == (register_wh(Quantity.A_PLUS), 1.0, 30)
    assert told["columns"] == COLUMNS
    assert {"3 1.0.1.8.0.255", "7 1.0.99.1.0.255", "7 0.0.99.98.4.255", "8 0.0.1.0.0.255"} <= set(told["objects"])
    first_ended_at = ENERGY.begins_at + STEP
    assert told["by_entry"] == rows(first_ended_at, 5)
    assert told["by_range"] == rows(datetime(2026, 11, 22, 21, 30, tzinfo=UTC), 48)
    assert told["in_use"] == (NOW - ENERGY.begins_at) // STEP
    assert sum(int(row[1]) for row in told["by_range"]) > 0
