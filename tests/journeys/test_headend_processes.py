"""Head-end processes on a town of simulated meters: lines shared, taken over and given back, the past filled."""

import json
import signal
import socket
import subprocess
from pathlib import Path

from kilovatt.measure.metering.catalogue import model_by_key
from simulated_site import Site, site_of

MODELS = ("mercury-234-artm-01-pob-r", "mercury-206-prlsno", "spodes-1ph", "psch-4tm-05mk-16-02")
TAKEN_OVER_S = 60
ONCE_MORE_S = 30


def read(site: Site) -> int:
    read: int = site.value("SELECT count(*) FROM records_meterstanding WHERE last_outcome = 'ok'")
    return read


def lines_held(site: Site, process: "subprocess.Popen[bytes]") -> dict[str, int]:
    """The lines that a process holds, or held last, and their fences."""
    rows = site.rows("SELECT key, fence, payload FROM records_work WHERE kind = 'line' AND lease_until IS NOT NULL")
    holder = f"{socket.gethostname()} {process.pid}"
    return {key: fence for key, fence, payload in rows if json.loads(payload).get("holder") == holder}


def gaps(site: Site) -> int:
    open_gaps: int = site.value("SELECT count(*) FROM records_profilegap WHERE lost = ''")
    return open_gaps


def proved(site: Site, order: str) -> str:
    """Wait until an order is over or a meter has not told, and return its state."""
    ends = ("confirmed", "failed", "expired", "unknown")
    site.wait(lambda: site.state_of(order)[0] in ends, seconds=30, what="an order proved")
    return site.state_of(order)[0]


def test_meters_are_read_when_due_and_their_past_is_filled_by_itself(tmp_path: Path) -> None:
    with site_of(tmp_path / "site", MODELS, meters=4) as site:
        site.start()
        site.wait(lambda: read(site) == 4, seconds=60, what="every meter read")
        site.wait(lambda: gaps(site) == 0, seconds=90, what="the past filled")
        whole_days = site.rows("SELECT meter_id, count(DISTINCT day_on) FROM records_intakemeterday GROUP BY meter_id")
        since = site.value("SELECT min(day_on) FROM records_intakemeterday")
        assert len({days for _, days in whole_days}) == 1
        assert since.endswith("-01")
        assert site.value("SELECT count(*) FROM records_session WHERE outcome != 'ok'") == 0
        visits = site.value("SELECT count(*) FROM records_session WHERE meter_id = 1")
        key = site.ask_for(1)
        done = "SELECT count(*) FROM records_work WHERE key = ? AND done_at IS NOT NULL"
        site.wait(lambda: site.value(done, key) == 1, seconds=ONCE_MORE_S, what="a meter read on demand")
        assert site.value("SELECT count(*) FROM records_session WHERE meter_id = 1") == visits + 1


def test_the_lines_of_a_killed_process_move_on_within_a_minute_and_nothing_is_there_twice(tmp_path: Path) -> None:
    with site_of(tmp_path / "site", MODELS, meters=8) as site:
        lines = site.value("SELECT count(DISTINCT line_id) FROM records_meter")
        first = site.start("--lines", str(lines - 1))
        site.wait(lambda: read(site) > 0, seconds=60, what="a meter read")
        second = site.start()
        site.wait(lambda: read(site) == 8, seconds=60, what="every meter read by two processes")
        first.send_signal(signal.SIGKILL)
        first.wait(10)
        left = lines_held(site, first)
        asked = {site.ask_for(meter_id) for (meter_id,) in site.rows("SELECT id FROM records_meter")}
        done = "SELECT count(*) FROM records_work WHERE kind = 'reading' AND done_at IS NOT NULL"
        site.wait(lambda: site.value(done) == len(asked), seconds=TAKEN_OVER_S + ONCE_MORE_S, what="lines taken over")
        twice = "SELECT digest FROM records_intakeregister GROUP BY digest HAVING count(*) > 1"
        assert site.rows(twice) == []
        taken_over = lines_held(site, second)
        assert len(taken_over) == lines
        # Each moved once.
        assert left
        assert {key: taken_over[key] for key in left} == {key: fence + 1 for key, fence in left.items()}


def test_a_process_that_starts_later_is_left_its_share_and_gives_it_back_when_it_stops(tmp_path: Path) -> None:
    with site_of(tmp_path / "site", MODELS, meters=8, KILOVATT_LINE_LEASE_S="4") as site:
        lines = site.value("SELECT count(DISTINCT line_id) FROM records_meter")
        first = site.start()
        site.wait(lambda: len(lines_held(site, first)) == lines, seconds=60, what="one process holds every line")
        second = site.start()
        half = lines - lines // 2
        shared = (half, lines - half)
        site.wait(
            lambda: (len(lines_held(site, first)), len(lines_held(site, second))) == shared,
            seconds=60,
            what="both hold as many lines",
        )
        asked = {site.ask_for(meter_id) for (meter_id,) in site.rows("SELECT id FROM records_meter")}
        done = "SELECT count(*) FROM records_work WHERE kind = 'reading' AND done_at IS NOT NULL"
        site.wait(lambda: site.value(done) == len(asked), seconds=60, what="both read their meters")
        # No session was cut off for a line that moved.
        assert site.rows("SELECT outcome, detail FROM records_session WHERE outcome != 'ok'") == []
        held = lines_held(site, first)
        second.send_signal(signal.SIGTERM)
        assert second.wait(20) == 0
        site.wait(lambda: len(lines_held(site, first)) == lines, seconds=20, what="the first holds all again")
        # Those it held all the time have not moved.
        assert held.items() <= lines_held(site, first).items()


def test_a_stopped_process_gives_its_lines_back_at_once(tmp_path: Path) -> None:
    with site_of(tmp_path / "site", MODELS[:2], meters=4) as site:
        first = site.start()
        site.wait(lambda: read(site) == 4, seconds=60, what="every meter read")
        first.send_signal(signal.SIGTERM)
        assert first.wait(20) == 0
        assert site.value("SELECT count(*) FROM records_work WHERE kind = 'line' AND lease_until IS NOT NULL") == 0
        site.start()
        key = site.ask_for(2)
        done = "SELECT count(*) FROM records_work WHERE key = ? AND done_at IS NOT NULL"
        site.wait(lambda: site.value(done, key) == 1, seconds=20, what="the next process reads")


def questions_asked(site: Site) -> int:
    asked: int = site.value("SELECT coalesce(sum(exchanges_made), 0) FROM records_session")
    return asked


def test_eight_days_without_anybody_reading_are_filled_when_they_are_over(tmp_path: Path) -> None:
    with site_of(tmp_path / "site", MODELS, meters=4) as site:
        site.start()
        site.wait(lambda: read(site) == 4 and gaps(site) == 0, seconds=120, what="everything read")
        until = site.value("SELECT max(gaps_noticed_until_on) FROM records_meterstanding")
        for_two_months = questions_asked(site)
        last_visit_at = site.value("SELECT max(ended_at) FROM records_session")
        events = site.value("SELECT count(*) FROM records_event")
        site.days_later(8)
        site.start()
        missed = "SELECT count(*) FROM records_meterstanding WHERE gaps_noticed_until_on > ?"
        site.wait(lambda: site.value(missed, until) == 4, seconds=30, what="gaps noticed")
        site.wait(lambda: gaps(site) == 0, seconds=90, what="the days filled")
        assert site.value("SELECT count(*) FROM records_profilegap") == 0
        filled = "SELECT count(DISTINCT day_on) FROM records_intakemeterday WHERE day_on >= ? GROUP BY meter_id"
        assert site.rows(filled, until) == [(8,)] * 4
        # So are the registers of their midnights, where a meter keeps them.
        frozen = "FROM records_intakeregister WHERE moment = 'day_start' AND taken_at > ? GROUP BY meter_id"
        keeping = sum(model_by_key(key).day_register_depth_days > 0 for key in MODELS)
        assert site.rows(f"SELECT count(DISTINCT taken_at) {frozen}", last_visit_at) == [(8,)] * keeping
        # Nothing is asked for that was there.
        assert questions_asked(site) - for_two_months < for_two_months / 2
        again = (
            "SELECT count(*) FROM records_intakemeterday d JOIN records_session s ON d.session_id = s.session_id "
            "WHERE d.day_on < ? AND s.started_at > ?"
        )
        assert site.value(again, until, last_visit_at) == 0
        # What meters show only now is kept from the first visit on; their journals tell what happened meanwhile.
        samples = "SELECT count(DISTINCT meter_id) FROM records_intakesample WHERE taken_at > ?"
        assert site.value(samples, last_visit_at) == 4
        assert site.value("SELECT count(*) FROM records_event") >= events


def test_a_relay_is_opened_and_closed_by_orders_that_the_meter_proves(tmp_path: Path) -> None:
    with site_of(tmp_path / "site", MODELS[:1], meters=1) as site:
        site.start()
        site.wait(lambda: read(site) == 1, seconds=60, what="the meter read")
        for command, closed in (("OpenRelay", 0), ("CloseRelay", 1)):
            order = site.order(1, command)
            assert proved(site, order) == "confirmed", site.state_of(order)
            assert site.value("SELECT relay_closed FROM records_meterstanding") == closed
        limit = site.order(1, "SetPowerLimit", 7_000)
        assert proved(site, limit) == "confirmed", site.state_of(limit)
        assert "limit_mw=7000000" in site.state_of(limit)[1]
