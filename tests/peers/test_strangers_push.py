"""A stranger's pushes, gurux-dlms', arrive at a running head-end as events."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from called_site import free_port, is_listened, let_call
from demonstration import environment
from kilovatt.wire.headend.clock import MachineClock
from simulated_site import Site, site_of

pytestmark = pytest.mark.peer

TITLE, ENCRYPTION, AUTHENTICATION = "52494D0000BC614E", bytes(range(16)), bytes(range(0xD0, 0xE0))
MOSCOW = ZoneInfo("Europe/Moscow")
WITHIN_S = 5
MAGNET, COVER, CASE, CURRENT = 1 << 3, 1 << 4, 1 << 5, 1 << 7
EVENTS = "SELECT kind, code, detail FROM records_event ORDER BY kind"
KEYS = f"""
import os, sys
from pathlib import Path
from zoneinfo import ZoneInfo
os.environ["DJANGO_SETTINGS_MODULE"] = "kilovatt.config.settings"
from kilovatt.config import site
site.open_site(Path(sys.argv[1]))
from kilovatt.office.operations.secrets.meter_keys import put_keys
from kilovatt.office.records.models import Meter
slots = {{"encryption": {ENCRYPTION!r}, "authentication": {AUTHENTICATION!r}}}
put_keys(Meter.objects.get(), slots)
"""


@dataclass(frozen=True)
class Called:
    """A site whose only meter calls, and how a stranger pushes to it."""

    site: Site
    python: Path
    port: int
    serial: str
    device: str

    def push(self, *told: dict[str, object]) -> None:
        at = MachineClock().now().astimezone(MOSCOW).replace(microsecond=0).isoformat()
        each = [{"device": self.device, "serial": self.serial, "at": at} | one for one in told]
        script = Path(__file__).parent / "strangers" / "gurux_pushes.py"
        command = [str(self.python), str(script), "127.0.0.1", str(self.port), json.dumps(each)]
        subprocess.run(command, check=True, timeout=60, env={"PATH": os.environ["PATH"]})

    def events(self, count: int) -> list[tuple[str, str, str]]:
        """Wait for so many events."""
        self.site.wait(lambda: len(self.site.rows(EVENTS)) >= count, seconds=WITHIN_S, what=f"{count} events")
        found: list[tuple[str, str, str]] = self.site.rows(EVENTS)
        return found


@pytest.fixture
def called(tmp_path: Path, peers_python: Path) -> Iterator[Called]:
    port = free_port()
    with site_of(tmp_path / "site", ["rim-289-spodes"], meters=1) as site:
        serial = site.value("SELECT serial FROM records_meter")
        it = Called(site, peers_python, port, serial, f"RIM{serial:0>13}")
        yield it


def listening(called: Called, name: str) -> None:
    let_call(called.site, 1, name, called.port)
    called.site.start()
    called.site.wait(lambda: is_listened(called.port), seconds=30, what="a place to call")


def test_data_and_event_notifications_of_a_stranger_become_events_within_seconds(called: Called) -> None:
    listening(called, called.device)
    called.push({"as": "listed", "flags": MAGNET | CURRENT}, {"as": "event", "flags": MAGNET | CURRENT | CASE})
    assert called.events(3) == [
        ("case_opened", "spodes:external_influence:4", ""),
        ("magnetic_field", "spodes:external_influence:1", ""),
        ("relay_opened", "spodes:switching:9", "cause=overcurrent"),
    ]
    # Its journals are read at once for what the flags leave open, though it is not there to be asked.
    assert called.site.value("SELECT count(*) FROM records_work WHERE kind = 'reading'") == 1
    called.push({"as": "unlisted", "flags": COVER})
    assert called.events(4)[-1] == ("unknown_push", "push:not_understood", "because=not_understood")


def test_a_sealed_push_of_a_stranger_is_opened_once_and_its_replay_told(called: Called) -> None:
    told = [sys.executable, "-c", KEYS, str(called.site.data)]
    subprocess.run(
        told, check=True, timeout=60, env=environment(KILOVATT_DATA=str(called.site.data), **called.site.settings)
    )
    listening(called, TITLE)
    keys = {"title": TITLE, "encryption_key": ENCRYPTION.hex(), "authentication_key": AUTHENTICATION.hex()}
    sealed = {"as": "listed", "flags": COVER, "counter": 5} | keys
    called.push(sealed)
    assert called.events(1) == [("terminal_cover_opened", "spodes:external_influence:3", "")]
    called.push(sealed)
    assert called.events(2)[0] == ("sealed_push", "push:replay", "because=replay")
    called.push(sealed | {"counter": 6, "flags": COVER | CASE})
    assert called.events(3)[0] == ("case_opened", "spodes:external_influence:4", "")
