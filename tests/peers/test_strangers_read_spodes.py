"""Strangers read our СПОДЭС meter: pydlms-client and dlms-cosem, in processes of their own, over real TCP."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.dlms.values.rows import decode_rows
from kilovatt.wire.protocols.dlms.values.stamps import decode_stamp
from simulated_spodes import COLUMNS, KEYS, NOW, PASSWORD, STEP, TITLE, ZONE, interval, register_wh, told_by

pytestmark = pytest.mark.peer

PUBLIC: dict[str, Any] = {"client": 16, "security": "none"}
READER: dict[str, Any] = {"client": 32, "security": "lls", "secret": PASSWORD, "count": 4}
CONFIGURATOR: dict[str, Any] = {
    "client": 48,
    "security": "gmac",
    "title": TITLE.hex(),
    "encryption_key": KEYS.encryption.hex(),
    "authentication_key": KEYS.authentication.hex(),
    "count": 4,
}
MONTH_AT = datetime(2026, 11, 1, tzinfo=ZONE)


@pytest.mark.parametrize("link", ["hdlc", "wrapper"])
@pytest.mark.parametrize("wish", [READER, CONFIGURATOR], ids=["lls", "gmac"])
def test_pydlms_reads_everything(peers_python: Path, link: str, wish: dict[str, Any]) -> None:
    told = told_by(peers_python, "pydlms_reads.py", link, wish)
    assert told["clock"][0]["clock"] == "2026-11-24 12:10:00.00 +03:00"
    (energy,) = told["energy"]
    assert (energy["value"], energy["unit"]) == (register_wh(Quantity.A_PLUS), "Wh")
    assert len(told["objects"]) > 70
    ends = [datetime(2026, 11, 24, 12, tzinfo=ZONE) - back * STEP for back in (3, 2, 1, 0)]
    assert told["profile"] == [
        dict(zip([f"{name}/2" for name in COLUMNS], [f"{at:%Y-%m-%d %H:%M}:00.00 +03:00", *interval(at)], strict=True))
        for at in ends
    ]


@pytest.mark.parametrize("link", ["hdlc", "wrapper"])
@pytest.mark.parametrize("program", ["pydlms_reads.py", "cosem_reads.py"])
def test_a_stranger_without_a_password_sees_the_clock(peers_python: Path, link: str, program: str) -> None:
    told = told_by(peers_python, program, link, PUBLIC)
    assert list(told) == ["clock"]
    assert "2026-11-24 12:10:00" in str(told["clock"]) or told["clock"].startswith("090c07ea0b18020c0a00")


@pytest.mark.parametrize("link", ["hdlc", "wrapper"])
def test_dlms_cosem_reads_the_months_in_blocks(peers_python: Path, link: str) -> None:
    told = told_by(peers_python, "cosem_reads.py", link, READER)
    assert told["energy"] == register_wh(Quantity.A_PLUS)
    rows = decode_rows(bytes.fromhex(told["rows"]))
    assert len(rows.columns) == told["columns"]
    stamps = [decode_stamp(stamp).instant(ZONE) for stamp in rows.columns[0]]
    assert MONTH_AT in stamps
    row = stamps.index(MONTH_AT)
    assert rows.columns[1][row] == register_wh(Quantity.A_PLUS, at=MONTH_AT)
    assert stamps[-1] < NOW
