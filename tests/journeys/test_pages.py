"""A person looks at the demonstration in a real browser: logs in, opens a bill, and reaches the meter's own answer."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from demonstration import KILOVATT, NOW, environment
from operators_pages import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

METERS = 14
STARTS_WITHIN_S = 240
pytestmark = [pytest.mark.peer, pytest.mark.timeout(600), pytest.mark.xdist_group("pages")]

WORDS = {
    "en": {"pay": "How to pay", "line": "comes from", "proof": "This is the value.", "log out": "Log out"},
    "ru": {"pay": "Как оплатить", "line": "Откуда взялись", "proof": "Это и есть значение.", "log out": "Выйти"},
}
ALL_WAYS = pytest.mark.parametrize(("language", "width"), [("ru", 1280), ("ru", 390), ("en", 1280), ("en", 390)])


@dataclass(frozen=True, slots=True)
class Site:
    """A demonstration that is being served."""

    url: str
    logins: dict[str, str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, free_port: int) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("demo") / "data"
    options = ["--meters", str(METERS), "--faults", "none", "--now", NOW, "--port", str(free_port), "--data", str(data)]
    running = subprocess.Popen([KILOVATT, "demo", *options], env=environment(), stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{free_port}"
    try:
        wait_for(url, running, seconds=STARTS_WITHIN_S)
        yield Site(url, json.loads((data / "logins.json").read_text(encoding="utf-8")))
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(30)


@pytest.fixture(scope="module")
def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def looking(browser: "Browser", site: Site, language: str, width: int, scheme: str = "light") -> "Iterator[Page]":
    """Open a page; whatever the console says of errors, scripts that were refused included, fails the test."""
    complaints: list[str] = []
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        locale=language,
        color_scheme="dark" if scheme == "dark" else "light",
        base_url=site.url,
    )
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
    try:
        yield page
        assert complaints == []
    finally:
        context.close()


def log_in(page: "Page", site: Site, who: str, language: str) -> None:
    page.goto("/login/")
    page.get_by_role("textbox").first.fill(site.logins[who])
    page.locator("input[type=password]").fill(site.logins[f"{who}_password"])
    page.locator("button.main").click()
    page.wait_for_url(lambda url: "/login/" not in url)
    if page.locator("html").get_attribute("lang") != language:
        page.locator(f"button[lang={language}]").click()
        page.wait_for_load_state()
    assert page.locator("html").get_attribute("lang") == language


def is_sound(page: "Page", width: int) -> None:
    """Check that nothing scrolls sideways, axe finds nothing, and fonts are ours."""
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    found = Axe().run(page)
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
    assert page.evaluate("document.fonts.check('16px \"Golos Text\"')")


@ALL_WAYS
def test_from_the_account_to_the_frame(browser: "Browser", site: Site, language: str, width: int) -> None:
    words = WORDS[language]
    with looking(browser, site, language, width) as page:
        page.goto("/")
        is_sound(page, width)
        log_in(page, site, "owner", language)
        page.goto("/accounts/")
        is_sound(page, width)
        page.locator("table a").first.click()
        is_sound(page, width)
        page.get_by_role("link", name=words["pay"]).click()
        page.wait_for_url("**/bills/**")
        is_sound(page, width)
        page.locator("tbody a").first.click()
        page.wait_for_url("**/lines/1/")
        is_sound(page, width)
        assert words["line"] in page.locator("h1").inner_text()
        proofs = page.locator(".field.proof")
        assert proofs.count() == 2
        assert all(words["proof"] in (proof.text_content() or "") for proof in proofs.all())
        page.go_back()
        page.locator(".crumbs a").click()
        page.locator("a[href^='/frames/']").first.click()
        page.wait_for_url("**/frames/**")
        is_sound(page, width)
        assert page.locator(".field.right").count() == 2
        page.get_by_role("button", name=words["log out"]).click()
        page.wait_for_url("**/login/**")


@ALL_WAYS
def test_the_operator_looks_round(browser: "Browser", site: Site, language: str, width: int) -> None:
    with looking(browser, site, language, width) as page:
        log_in(page, site, "operator", language)
        assert page.locator("tbody tr").count() == METERS
        is_sound(page, width)
        page.locator("tbody a").first.click()
        page.wait_for_url("**/meters/*/")
        is_sound(page, width)
        for address in (
            "/console/events/",
            "/console/lines/",
            "/console/meters/?show=silent",
            "/accounts/",
            "/accounts/?q=nobody",
        ):
            page.goto(address)
            is_sound(page, width)


def test_the_board_is_filtered_and_renewed_in_place(browser: "Browser", site: Site) -> None:
    with looking(browser, site, "en", 1280) as page:
        log_in(page, site, "operator", "en")
        page.evaluate("window.sameDocument = true")
        page.locator("#show-silent").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#show-silent")).to_have_attribute("aria-current", "true")
        assert page.url.endswith("?show=silent")
        assert page.evaluate("document.activeElement.id") == "show-silent"
        page.go_back()
        expect(page.locator("tbody tr")).to_have_count(METERS)
        expect(page.locator("#show-all")).to_have_attribute("aria-current", "true")
        assert page.evaluate("window.sameDocument") is True
        page.evaluate("document.querySelector('#board .place').textContent = 'stale'")
        with page.expect_response("**/console/meters/?show=all&page=1"):
            page.evaluate("htmx.ajax('GET', '?show=all&page=1', {target: '#board', swap: 'outerHTML'})")
        expect(page.locator("#board .place").first).not_to_have_text("stale")
        assert page.locator("#board").count() == 1
        is_sound(page, 1280)


@pytest.mark.parametrize("width", [1280, 390])
def test_an_operator_has_a_meter_read_now_and_sees_its_answer_come(browser: "Browser", site: Site, width: int) -> None:
    with looking(browser, site, "en", width) as page:
        log_in(page, site, "operator", "en")
        page.locator("#board .place").first.click()
        page.wait_for_url("**/meters/*/")
        sessions = page.locator("#meter-past .sessions tbody tr")
        before = sessions.count()
        page.locator("#read-now").click()
        expect(page.locator("#asked")).to_contain_text("read whole", timeout=30_000)
        expect(page.locator("#read-now")).to_be_enabled()
        expect(sessions).to_have_count(before + 1)
        assert page.locator("#meter").count() == 1
        page.locator("summary").last.click()
        is_sound(page, width)
        page.locator("#voltage-view-1").click()
        expect(page.locator("#voltage-view-1")).to_have_attribute("aria-current", "true")
        expect(page.locator("#voltage canvas")).to_have_count(1)
        is_sound(page, width)


def test_the_board_is_filtered_without_scripts_too(browser: "Browser", site: Site) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en", base_url=site.url)
    page = context.new_page()
    log_in(page, site, "operator", "en")
    page.locator("#show-silent").click()
    page.wait_for_url("**/?show=silent")
    assert page.locator("#show-silent").get_attribute("aria-current") == "true"
    context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_chart_walks_through_time(browser: "Browser", site: Site, width: int) -> None:
    with looking(browser, site, "en", width) as page:
        log_in(page, site, "owner", "en")
        page.goto(f"/accounts/{site.logins['owner']}/")
        page.wait_for_selector("#chart canvas")
        title = page.locator("#chart-title")
        assert title.inner_text().replace("\u00a0", " ") == "Monday, 23 November 2026"
        assert drawn(page) > 500
        page.locator("#chart-earlier").click()
        expect(title).to_contain_text("Sunday, 22")
        assert page.url.endswith("on=2026-11-22")
        page.locator("#chart-views a").nth(1).click()
        expect(title).to_have_text(re.compile("^November"))
        page.locator("#chart-views a").nth(2).click()
        expect(title).to_have_text("Months")
        page.go_back()
        expect(title).to_have_text(re.compile("^November"))
        is_sound(page, width)
        page.locator("#chart").hover()
        assert "kWh" in page.locator("#chart-pointed").inner_text()
        page.locator("#chart-table").click()
        page.wait_for_url("**/profile/**")
        assert page.locator("tbody tr").count() == 23
        is_sound(page, width)


def test_pages_are_sound_in_the_dark(browser: "Browser", site: Site) -> None:
    with looking(browser, site, "ru", 1280, "dark") as page:
        log_in(page, site, "owner", "ru")
        account = site.logins["owner"]
        for address in (f"/accounts/{account}/", f"/bills/{account}-202610/", f"/bills/{account}-202610/lines/1/"):
            page.goto(address)
            is_sound(page, 1280)


def test_the_first_tab_leads_past_the_bar(browser: "Browser", site: Site) -> None:
    with looking(browser, site, "en", 1280) as page:
        log_in(page, site, "owner", "en")
        page.goto(f"/accounts/{site.logins['owner']}/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"


def drawn(page: "Page") -> int:
    """Count the pixels of the chart that have a zone's colour in them."""
    count = page.evaluate(
        """() => {
          const canvas = document.querySelector('#chart canvas');
          const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
          let count = 0;
          for (let i = 0; i < data.length; i += 4) {
            const channels = data.slice(i, i + 3);
            if (data[i + 3] && Math.max(...channels) - Math.min(...channels) > 60) count++;
          }
          return count;
        }"""
    )
    assert isinstance(count, int)
    return count
