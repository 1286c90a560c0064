"""Clocks that are ahead are put right by a real head-end process, and the meters prove it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulated_site import Site, site_of

MODELS = ("mercury-234-artm-01-pob-r", "spodes-1ph")
AHEAD_S = 40
EARLY_IN_A_HALF_HOUR = datetime(2026, 11, 24, 9, 4, tzinfo=UTC)
RIGHT_WITHIN_S = 3
SLEWED_AND_READ_BACK_S = 180


def agree(site: Site) -> None:
    """The organisation lets clocks be corrected without being asked."""
    site.rows(
        "INSERT INTO records_readingplan (organisation_id, name, is_default, every_minutes, priority, corrects_clocks, "
        "reads_registers, reads_profile, reads_samples, reads_journals, reads_quality) "
        "SELECT id, '', 1, 30, 1, 1, 1, 1, 1, 1, 1 FROM records_organisation"
    )


def restart(site: Site) -> None:
    """Do the chores, which each process begins with, once more."""
    site.stop()
    site.processes.clear()
    site.start()


def deviations(site: Site) -> list[int]:
    return [seconds for (seconds,) in site.rows("SELECT clock_deviation_s FROM records_meterstanding ORDER BY 1")]


@pytest.mark.timeout(300)
def test_clocks_that_are_ahead_are_slewed_or_stepped_back_and_the_meters_prove_it(tmp_path: Path) -> None:
    with site_of(tmp_path / "site", MODELS, meters=2, now=EARLY_IN_A_HALF_HOUR, clock_ahead_s=AHEAD_S) as site:
        agree(site)
        site.start()
        read = "SELECT count(*) FROM records_meterstanding WHERE last_outcome = 'ok'"
        site.wait(lambda: site.value(read) == 2, seconds=60, what="both meters read")
        assert all(abs(seconds - AHEAD_S) <= RIGHT_WITHIN_S for seconds in deviations(site))
        restart(site)
        over = "SELECT count(*) FROM records_meterorder WHERE over_at IS NOT NULL"
        site.wait(lambda: site.value(over) == 2, seconds=SLEWED_AND_READ_BACK_S, what="both clocks corrected")
        told = "SELECT kind, state, because, requested_by_id, sent_at IS NULL FROM records_meterorder"
        assert {row[:2] + row[3:] for row in site.rows(told)} == {("shift_clock", "confirmed", None, 0)}
        assert all(row[2].startswith("drift of ") for row in site.rows(told))
        for (meter_id,) in site.rows("SELECT id FROM records_meter"):
            site.ask_for(meter_id)
        waiting = "SELECT count(*) FROM records_work WHERE kind = 'reading' AND done_at IS NULL"
        site.wait(lambda: site.value(waiting) == 0, seconds=30, what="both read once more")
        assert all(abs(seconds) <= RIGHT_WITHIN_S for seconds in deviations(site))
        restart(site)
        site.ask_for(1)
        site.wait(lambda: site.value(waiting) == 0, seconds=30, what="the chores done once more")
        assert site.value("SELECT count(*) FROM records_meterorder") == 2
        assert site.value("SELECT count(*) FROM records_event WHERE kind = 'clock_wrong'") == 0
