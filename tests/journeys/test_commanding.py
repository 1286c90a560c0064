"""An operator disconnects a place from the browser, and sees the meter itself confirm it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from operators_pages import is_sound, looking, make_operators, served, tell
from simulated_site import Site, site_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.peer, pytest.mark.timeout(300)]
MODELS = ("mercury-234-artm-01-pob-r", "spodes-1ph")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_of(tmp_path_factory.mktemp("commanding") / "site", MODELS, meters=2) as made:
        code = make_operators(made, "operator", "second")
        # Single commands are approved by whoever gives them here, lists by the other.
        tell(made, "secondperson", code, "--none", "--lists", "--by", "operator")
        made.start()
        yield made


@pytest.fixture(scope="module")
def pages(site: Site) -> Iterator[str]:
    """The address of the pages of the site."""
    with served(site) as address:
        yield address


def meter_of(site: Site, model: str) -> tuple[int, str]:
    ((meter_id, serial),) = site.rows("SELECT id, serial FROM records_meter WHERE model_key = ?", model)
    return meter_id, serial


def ordered(page: "Page", control: str, because: str) -> None:
    """Fill in a command on the page of its meter and go on to the order's page."""
    page.locator(f"#order-{control}").click()
    page.get_by_label("Because").fill(because)
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/console/orders/*/")


def approved(page: "Page", serial: str) -> None:
    page.locator("#ends").fill(serial[-4:])
    page.locator("#approve").click()
    expect(page.locator("#order-state")).to_have_text("Confirmed", timeout=60_000)


@pytest.mark.parametrize(("width", "control"), [(1280, "open_relay"), (390, "close_relay")])
def test_a_relay_is_told_and_seen_to_obey(browser: "Browser", pages: str, site: Site, width: int, control: str) -> None:
    meter_id, serial = meter_of(site, MODELS[0])
    with looking(browser, pages, width) as page:
        page.goto(f"/console/meters/{meter_id}/")
        is_sound(page, width, "meter")
        page.locator(f"#order-{control}").click()
        is_sound(page, width, f"new-{control}")
        page.go_back()
        ordered(page, control, "not paid since July")
        is_sound(page, width, "waiting")
        page.locator("#ends").fill("none")
        page.locator("#approve").click()
        expect(page.locator("#trouble")).to_contain_text("Nothing was sent.")
        is_sound(page, width, "wrong-digits")
        approved(page, serial)
        expect(page.locator("#order")).to_contain_text("The meter showed: the load is")
        is_sound(page, width, "confirmed")
        assert site.value("SELECT relay_closed FROM records_meterstanding WHERE meter_id = ?", meter_id) == (
            width < 720
        )
        page.goto(f"/console/meters/{meter_id}/")
        expect(page.locator("#orders tbody tr").first).to_contain_text("confirmed")
        page.get_by_role("link", name="Commands", exact=True).click()
        expect(page.locator("#commands tbody tr").first).to_contain_text("confirmed")
        is_sound(page, width, "list")


@pytest.mark.parametrize("width", [1280, 390])
def test_every_form_can_be_filled_in_by_anybody(browser: "Browser", pages: str, site: Site, width: int) -> None:
    meter_id, _serial = meter_of(site, MODELS[1])
    with looking(browser, pages, width) as page:
        page.goto(f"/console/meters/{meter_id}/")
        links = [link.get_attribute("href") or "" for link in page.locator(".controls a").all()]
        assert len(links) == 9
        for link in links:
            page.goto(link)
            is_sound(page, width, link.split("/")[-2])


def test_a_command_is_followed_on_the_meters_own_page(browser: "Browser", pages: str, site: Site) -> None:
    meter_id, serial = meter_of(site, MODELS[0])
    with looking(browser, pages, 1280) as page:
        page.goto(f"/console/meters/{meter_id}/")
        page.locator("#order-set_power_limit").click()
        page.get_by_label("Limit").fill("7,5")
        page.get_by_label("Because").fill("by contract")
        page.get_by_role("button", name="Go on").click()
        page.wait_for_url("**/console/orders/*/")
        expect(page.locator("h1")).to_contain_text("7.5\u00a0kW")
        page.locator("#ends").fill(serial[-4:])
        page.locator("#approve").click()
        page.goto(f"/console/meters/{meter_id}/")
        expect(page.locator("#orders tbody tr").first).to_contain_text("limit 7.5", timeout=60_000)


@pytest.mark.parametrize(("width", "language"), [(1280, "en"), (390, "ru")])
def test_a_list_is_given_by_one_approved_by_another_and_opens_into_its_frames(
    browser: "Browser", pages: str, site: Site, width: int, language: str
) -> None:
    serials = [serial for (serial,) in site.rows("SELECT serial FROM records_meter ORDER BY serial")]
    with looking(browser, pages, width, language=language) as page:
        page.goto("/console/orders/")
        page.locator("#new-list").click()
        is_sound(page, width, f"new-list-{language}")
        page.locator("input[value=close_relay]").check()
        page.locator("#id_numbers").fill("\n".join([*serials, "12345", serials[0]]))
        page.locator("#id_because").fill("оплатили")
        page.locator("button.main").click()
        page.wait_for_url("**/console/orders/lists/*/")
        expect(page.locator("#for-another")).to_be_visible()
        page.locator("details").click()
        is_sound(page, width, f"list-of-another-{language}")
        address = page.url
    with looking(browser, pages, width, login="second", language=language) as page:
        page.goto(address)
        page.locator("#orders-count").fill("7")
        page.locator("#approve").click()
        expect(page.locator("#trouble")).to_be_visible()
        is_sound(page, width, f"wrong-sum-{language}")
        page.locator("#orders-count").fill("2")
        page.locator("#approve").click()
        # The one without keys on record can be opened for reading only, and is not told.
        expect(page.locator("#order-list .dot.good").first).to_be_visible(timeout=60_000)
        expect(page.locator("#order-list .dot.bad").first).to_be_visible(timeout=60_000)
        is_sound(page, width, f"list-sent-{language}")
        page.goto("/console/orders/?show=confirmed")
        is_sound(page, width, f"orders-{language}")
        page.locator("#commands tbody a.place").first.click()
        page.locator("#frames").click()
        expect(page.locator("ul.bytes").first).to_be_visible()
        is_sound(page, width, f"frames-{language}")
        page.locator("main a[href^='/frames/']").first.click()
        expect(page.locator("#of-order")).to_be_visible()
        is_sound(page, width, f"frame-{language}")
