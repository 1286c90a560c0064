"""An operator finds a meter from the board and puts it on record; a search outlives the process that makes it."""

import signal
import sqlite3
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from operators_pages import is_sound, looking, make_operators, served
from simulated_site import Site, site_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.peer, pytest.mark.timeout(300), pytest.mark.xdist_group("finding")]
MODEL = "mercury-234-artm-01-pob-r"
METERS = 3


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose line has a meter more than is on record; it lets leases go early, so that nobody waits."""
    data = tmp_path_factory.mktemp("finding") / "site"
    with site_of(data, [MODEL], meters=METERS, KILOVATT_LINE_LEASE_S="4") as made:
        make_operators(made, "operator")
        made.start()
        yield made


@pytest.fixture(scope="module")
def pages(site: Site) -> Iterator[str]:
    """The address of the pages of the site."""
    with served(site) as address:
        yield address


def forget(site: Site, meter_id: int) -> tuple[int, str]:
    """Let the site never have known a meter; return the line it stands on and its number."""
    ((line_id, serial),) = site.rows("SELECT line_id, serial FROM records_meter WHERE id = ?", meter_id)
    with sqlite3.connect(site.data / "kilovatt.sqlite3", timeout=30) as connection:
        installed = "SELECT id FROM records_installation WHERE meter_id = ?"
        connection.execute(f"DELETE FROM records_tariffmap WHERE installation_id IN ({installed})", (meter_id,))
        for table in ("installation", "meterstanding", "profilegap"):
            connection.execute(f"DELETE FROM records_{table} WHERE meter_id = ?", (meter_id,))
        connection.execute(
            "UPDATE records_meter SET line_id = NULL, serial = 'forgotten ' || id WHERE id = ?", (meter_id,)
        )
    return line_id, serial


def choose_only(page: "Page", *ways: str) -> None:
    for box in page.locator("input[name=ways]").all():
        box.set_checked(box.get_attribute("value") in ways)


def wait_for_answers(page: "Page", ms: str) -> None:
    """The line on record is as patient as one over a mobile network; the town is near."""
    page.get_by_text("More", exact=True).click()
    page.get_by_label("How long to wait for an answer, ms").fill(ms)


def scan(site: Site, what: str) -> Any:  # noqa: ANN401  # whatever a column holds
    return site.value(f"SELECT {what} FROM records_linescan ORDER BY asked_at DESC LIMIT 1")


@pytest.mark.parametrize(("width", "number"), [(1280, 2), (390, 3)])
def test_a_meter_is_found_and_put_on_record_and_read(
    browser: "Browser", pages: str, site: Site, width: int, number: int
) -> None:
    line_id, serial = forget(site, number)
    with looking(browser, pages, width) as page:
        page.goto("/console/lines/")
        is_sound(page, width, "lines")
        page.goto(f"/console/lines/{line_id}/")
        is_sound(page, width, "line")
        page.get_by_role("link", name="Find meters").click()
        choose_only(page, "short", "hdlc")
        wait_for_answers(page, "300")
        expect(page.locator("#estimate")).to_contain_text("questions, at most")
        is_sound(page, width, "new-scan")
        page.get_by_role("button", name="Begin").click()
        page.wait_for_url("**/console/searches/*/")
        expect(page.get_by_text("Search again")).to_be_visible(timeout=120_000)
        row = page.get_by_role("row").filter(has_text=serial)
        expect(row).to_contain_text("not on record")
        is_sound(page, width, "scan-over")
        row.get_by_role("link", name="Put on record").click()
        expect(page.get_by_label("Serial number")).to_have_value(serial)
        page.get_by_label("Model").select_option(MODEL)
        page.get_by_label("Password for reading").fill("111111")
        page.get_by_label("Place that is measured").fill(f"участок {serial}")
        is_sound(page, width, "new-meter")
        page.get_by_role("button", name="Put on record").click()
        page.wait_for_url("**/console/meters/*/")
        meter_id = int(page.url.rstrip("/").rsplit("/", 1)[-1])
        read = "SELECT COUNT(*) FROM records_session WHERE meter_id = ? AND outcome = 'ok'"
        site.wait(lambda: site.value(read, meter_id) > 0, seconds=60, what="the new meter is read")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_plan_says_what_follows_from_it_while_it_is_filled_in(
    browser: "Browser", pages: str, site: Site, width: int
) -> None:
    del site
    with looking(browser, pages, width) as page:
        page.goto("/console/plans/")
        is_sound(page, width, "plans-none")
        page.get_by_role("link", name="New plan").click()
        page.get_by_label("Name", exact=True).fill(f"at night {width}")
        page.get_by_label("Every", exact=True).fill("1")
        page.get_by_label("Unit of time").select_option("hours")
        page.get_by_label("Not before").fill("01:00")
        page.get_by_label("Not after").fill("05:00")
        page.get_by_label("Load profile", exact=True).uncheck()
        expect(page.locator("#consequence")).to_contain_text("every hour between 01:00 and 05:00")
        expect(page.locator("#consequence")).to_contain_text("its days stay missing")
        page.locator("input[name=lines]").first.check()
        is_sound(page, width, "new-plan")
        page.get_by_role("button", name="Keep").click()
        page.wait_for_url("**/console/plans/")
        is_sound(page, width, "plans")
        page.get_by_role("link", name=f"at night {width}").click()
        expect(page.get_by_text("put on record")).to_be_visible()
        is_sound(page, width, "plan")


def test_who_waits_is_read_at_once_and_a_killed_process_is_gone_on_for(
    browser: "Browser", pages: str, site: Site
) -> None:
    (line_id, meter_id) = site.rows("SELECT line_id, id FROM records_meter WHERE line_id IS NOT NULL LIMIT 1")[0]
    with looking(browser, pages, 1280) as page:
        page.goto(f"/console/lines/{line_id}/search/")
        choose_only(page, "short")
        wait_for_answers(page, "300")
        page.get_by_label("Addresses to ask one by one").fill("1-240")
        page.get_by_role("button", name="Begin").click()
        page.wait_for_url("**/console/searches/*/")
        site.wait(lambda: (scan(site, "json_extract(progress, '$.done')") or 0) > 5, seconds=60, what="it goes on")
        key = site.ask_for(meter_id)
        done = "SELECT done_at IS NOT NULL FROM records_work WHERE key = ?"
        site.wait(lambda: bool(site.value(done, key)), seconds=30, what="who waits is read")
        assert scan(site, "state") == "running"
        site.wait(lambda: (scan(site, "json_extract(progress, '$.done')") or 0) > 20, seconds=60, what="it goes on")
        is_sound(page, 1280, "scan-running")

        site.processes[-1].send_signal(signal.SIGKILL)
        site.processes[-1].wait(30)
        before = scan(site, "json_extract(remarks, '$.asked')")
        site.start()
        site.wait(lambda: scan(site, "takeovers") == 1, seconds=60, what="another process goes on")
        site.wait(lambda: scan(site, "json_extract(remarks, '$.asked')") > before, seconds=60, what="it goes on")
        expect(page.get_by_text("another went on from where it was")).to_be_visible(timeout=30_000)
        is_sound(page, 1280, "scan-taken-over")
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_text("Stopped by operator")).to_be_visible(timeout=30_000)
        is_sound(page, 1280, "scan-stopped")
        asked = scan(site, "json_extract(remarks, '$.asked')")
        time.sleep(3)
        assert scan(site, "json_extract(remarks, '$.asked')") <= asked + 5
