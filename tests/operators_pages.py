"""The pages of a site served beside its head-end, and an operator who looks at them in a browser; for journeys."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from demonstration import KILOVATT, environment
from simulated_site import Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASSWORD = "op-33333-x"
_STARTS_WITHIN_S = 60


def make_operators(site: Site, *logins: str) -> str:
    """Let these be operators of the site's organisation, all with one password; return the organisation's code."""
    code: str = site.value("SELECT code FROM records_organisation")
    for login in logins:
        tell(site, "createoperator", login, "--organisation", code)
    return code


def tell(site: Site, *words: str) -> None:
    """Have the command line do something at the site."""
    surroundings = environment(KILOVATT_OPERATOR_PASSWORD=PASSWORD)
    subprocess.run([str(KILOVATT), *words, "--data", str(site.data)], check=True, env=surroundings, timeout=60)


@contextmanager
def served(site: Site) -> Iterator[str]:
    """The address of the pages of a site, as long as they are served."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    serving = [sys.executable, "-m", "gunicorn", "kilovatt.config.wsgi:application", "--bind", f"127.0.0.1:{port}"]
    surroundings = environment(KILOVATT_DATA=str(site.data), **site.settings)
    with (site.data / "pages.log").open("wb") as log:
        running = subprocess.Popen([*serving, "--threads", "4"], env=surroundings, stderr=log, stdout=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, running)
        yield address
    finally:
        running.terminate()
        running.wait(30)


def wait_for(address: str, running: "subprocess.Popen[Any]", *, seconds: float = _STARTS_WITHIN_S) -> None:
    """Wait until pages are served at an address by a process that runs."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert running.poll() is None, f"what was to serve {address} ended by itself"
        try:
            with urllib.request.urlopen(f"{address}/login/", timeout=5):
                return
        except OSError:
            # Not there yet, or there and busy with its first page on a machine under load.
            time.sleep(0.2)
    pytest.fail(f"nothing was served within {seconds:g} s")


@contextmanager
def looking(
    browser: "Browser", pages: str, width: int, *, login: str = "operator", language: str = "en"
) -> "Iterator[Page]":
    """Open the board as an operator; whatever the console says of errors fails the test."""
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": 900}, locale=language, base_url=pages)
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
    try:
        page.goto("/login/")
        page.get_by_role("textbox").first.fill(login)
        page.locator("input[type=password]").fill(PASSWORD)
        page.locator("button.main").click()
        page.wait_for_url("**/console/meters/")
        if page.locator("html").get_attribute("lang") != language:
            page.locator(f"button[lang={language}]").click()
            page.wait_for_load_state()
        yield page
        assert complaints == []
    finally:
        context.close()


def is_sound(page: "Page", width: int, name: str) -> None:
    """Check that nothing scrolls sideways and axe finds nothing."""
    page.wait_for_load_state("load")
    if "KILOVATT_SCREENSHOTS" in os.environ:
        page.screenshot(path=Path(os.environ["KILOVATT_SCREENSHOTS"]) / f"{name}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    found = Axe().run(page)
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
