"""A head-end in a process of its own, strangers at its listening port, and meters that are read on all the while."""

import os
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from called_in import ATM21
from simulated_site import Place, Site, site_of
from strangers_calling import HOST, free_port, modem_calling, say, strangers

SOAKING = os.environ.get("KILOVATT_SOAK") == "1"
IDLE = 10_000 if SOAKING else 1_500
FILES = min(20_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]) if SOAKING else 1_024
"""What the head-end may open. Of the usual limit a crowd of idle callers may take half, and not more."""
MODELS = ("mercury-234-artm-01-pob-r", "mercury-206-prlsno", "spodes-1ph")
METERS = 6
IMEI = "861234567890123"
PASSWORD = "5492"
READ_WITHIN_S = 30.0
MEGABYTES_MORE_MAX = 60


@dataclass(frozen=True, slots=True)
class Besieged:
    """A site whose head-end takes calls, one line of it behind a modem that calls in."""

    site: Site
    port: int

    @property
    def pid(self) -> int:
        return self.site.processes[0].pid

    @property
    def handles(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    @property
    def megabytes(self) -> float:
        (pages,) = [line for line in Path(f"/proc/{self.pid}/status").read_text().splitlines() if "VmRSS" in line]
        return int(pages.split()[1]) / 1024

    def read_everybody(self) -> None:
        """Ask for every meter, and see each read anew."""
        reads = "SELECT count(*) FROM records_session WHERE outcome = 'ok'"
        before = self.site.value(reads)
        keys = [self.site.ask_for(meter_id) for (meter_id,) in self.site.rows("SELECT id FROM records_meter")]
        waiting = "SELECT count(*) FROM records_work WHERE kind = 'reading' AND done_at IS NULL"
        self.site.wait(lambda: self.site.value(waiting) == 0, seconds=READ_WITHIN_S, what="everybody read")
        assert self.site.value(reads) >= before + len(keys)
        assert self.site.value("SELECT count(*) FROM records_meterstanding WHERE last_outcome != 'ok'") == 0


@pytest.fixture(scope="module")
def besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    limited = Place(within=("prlimit", f"--nofile=512:{FILES}", "--"))
    data = tmp_path_factory.mktemp("besieged") / "site"
    with site_of(data, MODELS, meters=METERS, place_of_headend=limited) as site:
        port = free_port()
        line = site.plan.meters[0].line
        url = f"callin://{IMEI}?listen={HOST}:{port}"
        site.rows("UPDATE records_line SET url = ? WHERE name = ?", url, line)
        with modem_calling(site.plan, line, port=port, imei=IMEI, password=PASSWORD):
            site.start()
            reads = "SELECT count(*) FROM records_meterstanding WHERE last_outcome = 'ok'"
            site.wait(lambda: site.value(reads) == METERS, seconds=60, what="everybody read once")
            gaps = "SELECT count(*) FROM records_profilegap WHERE lost = ''"
            site.wait(lambda: site.value(gaps) == 0, seconds=60, what="the past filled")
            yield Besieged(site, port)


def test_garbage_is_hung_up_on_and_everybody_else_is_read(besieged: Besieged) -> None:
    megabytes = besieged.megabytes
    with strangers("babbling", port=besieged.port, count=64):
        besieged.read_everybody()
    assert besieged.megabytes < megabytes + MEGABYTES_MORE_MAX
    assert "Traceback" not in besieged.site.said()


def test_slow_bytes_win_no_time_and_keep_nobody_from_being_read(besieged: Besieged) -> None:
    with strangers("slow", port=besieged.port, count=200) as slow:
        besieged.read_everybody()
        assert slow.stdout is not None
        began = time.monotonic()
        assert slow.stdout.readline() == "all hung up on\n"
        assert time.monotonic() - began < 40
        besieged.read_everybody()
    assert "Traceback" not in besieged.site.said()


def test_thousands_of_idle_callers_leave_room_for_lines_and_modems(besieged: Besieged) -> None:
    megabytes = besieged.megabytes
    with strangers("idle", port=besieged.port, count=IDLE):
        besieged.read_everybody()
        assert besieged.handles < FILES * 3 / 4
        assert besieged.megabytes < megabytes + MEGABYTES_MORE_MAX
    besieged.site.wait(lambda: besieged.handles < 100, seconds=30, what="the handles of strangers given back")
    besieged.read_everybody()
    assert "Traceback" not in besieged.site.said()


def test_invented_names_take_neither_room_nor_records_from_those_on_record(besieged: Besieged) -> None:
    megabytes = besieged.megabytes
    with strangers("inventing", port=besieged.port, count=IDLE):
        besieged.read_everybody()
        assert besieged.handles < FILES * 3 / 4
        assert besieged.megabytes < megabytes + MEGABYTES_MORE_MAX
    besieged.site.wait(lambda: besieged.handles < 100, seconds=30, what="the handles of strangers given back")
    assert besieged.site.value("SELECT count(*) FROM records_unknowncaller") <= 1_000
    besieged.read_everybody()
    assert "Traceback" not in besieged.site.said()


def test_a_forged_imei_is_hung_up_on_and_reported_and_its_owner_is_read_on(besieged: Besieged) -> None:
    site = besieged.site
    forged = ATM21.replace(PASSWORD.encode(), b"0000").replace(b"861234567890123", IMEI.encode()) + b"\n"
    for _ in range(3):
        assert say(besieged.port, forged) == b""
    besieged.read_everybody()
    reported = [line for line in site.said().splitlines() if f"as {IMEI} was ended: another_password" in line]
    assert len(reported) == 3
    assert not any("0000" in line for line in reported)
