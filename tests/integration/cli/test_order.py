"""`kilovatt order` and `kilovatt orders`: a meter told something at a site without a browser at hand."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demonstration import KILOVATT, environment
from simulated_site import Site, site_of

RELAY, SPODES = "mercury-234-artm-01-pob-r", "spodes-1ph"
WHY = "не платит с июля"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose meters nobody reads: what is ordered stays where it is."""
    with site_of(tmp_path_factory.mktemp("orders") / "site", [RELAY, SPODES], meters=2) as made:
        put_operator_on_record(made)
        yield made


@pytest.fixture(autouse=True)
def forget_orders(site: Site) -> Iterator[None]:
    yield
    site.rows("DELETE FROM records_meterorder")


def put_operator_on_record(site: Site) -> None:
    code = site.value("SELECT code FROM records_organisation")
    command = [str(KILOVATT), "createoperator", "anna", "--organisation", code, "--data", str(site.data)]
    subprocess.run(command, check=True, env=environment(KILOVATT_OPERATOR_PASSWORD="op-33333-x"), timeout=60)


def kilovatt(site: Site, *words: str, **added: str) -> "subprocess.CompletedProcess[str]":
    command = [str(KILOVATT), *words, "--data", str(site.data)]
    surroundings = environment(COLUMNS="200", **site.settings, **added)
    return subprocess.run(command, capture_output=True, text=True, env=surroundings, check=False, timeout=90)


def order(
    site: Site, *words: str, model: str = RELAY, by: str = "anna", **added: str
) -> "subprocess.CompletedProcess[str]":
    serial = site.value("SELECT serial FROM records_meter WHERE model_key = ?", model)
    return kilovatt(site, "order", model, serial, *words, "--because", WHY, "--by", by, **added)


def listed(site: Site) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(kilovatt(site, "orders", "--json").stdout)
    return told


def test_an_order_waits_for_its_approval_and_is_withdrawn(site: Site) -> None:
    assert "No meter was told anything" in kilovatt(site, "orders").stdout
    given = order(site, "open-relay")
    assert (given.returncode, given.stderr) == (0, "")
    assert "waits for approval. Nothing was sent." in given.stdout
    (one,) = listed(site)
    assert (one["kind"], one["state"], one["because"], one["requested_by"]) == ("open_relay", "requested", WHY, "anna")
    approved = kilovatt(site, "orders", "--approve", one["order"], "--by", "anna")
    assert "approved. Nothing was sent yet" in approved.stdout
    again = kilovatt(site, "orders", "--approve", one["order"], "--by", "anna")
    assert (again.returncode, "does not wait for approval: it is approved" in again.stderr) == (2, True)
    assert "withdrawn" in kilovatt(site, "orders", "--withdraw", one["order"], "--by", "anna").stdout
    assert "Disconnect" in kilovatt(site, "orders").stdout
    assert "счётчик" in kilovatt(site, "orders", KILOVATT_LANGUAGE="ru").stdout


@pytest.mark.parametrize(
    ("model", "words", "kind", "facts"),
    [
        (RELAY, ["power-limit", "7000"], "set_power_limit", {"power_w": 7000}),
        (RELAY, ["shift-clock", "-30"], "shift_clock", {"seconds": -30, "ahead_s": None}),
        (SPODES, ["permit-relay"], "permit_relay", {}),
        (
            SPODES,
            ["tariff-table", "00:00=2,07:00=1,23:00=2"],
            "set_tariff_table",
            {"marks": [[0, 2], [420, 1], [1380, 2]], "activate_at": None},
        ),
        (SPODES, ["change-password"], "change_password", {"level": 1}),
    ],
)
def test_what_is_said_is_what_is_ordered(
    site: Site, model: str, words: list[str], kind: str, facts: dict[str, Any]
) -> None:
    given = order(site, *words, model=model)
    assert given.returncode == 0, given.stderr
    (one,) = listed(site)
    assert (one["kind"], one["facts"]) == (kind, facts)


def test_a_password_comes_from_a_file_and_is_never_said_again(site: Site, tmp_path: Path) -> None:
    (tmp_path / "new").write_text("Pq9-secret\n", encoding="utf-8")
    given = order(site, "change-password", "--password-file", str(tmp_path / "new"), "--approve", model=SPODES)
    assert given.returncode == 0, given.stderr
    said = given.stdout + given.stderr + kilovatt(site, "orders", "--json").stdout + kilovatt(site, "orders").stdout
    assert "for reading" in said
    assert "Pq9-secret" not in said
    assert site.value("SELECT secret_sealed IS NOT NULL FROM records_meterorder") == 1


def test_what_cannot_be_ordered_is_one_sentence(site: Site) -> None:
    for words, complaint in (
        (["permit-relay"], "A Меркурий 234 ARTM-01 POB.R cannot be told that."),
        (["power-limit"], "Write whole watts"),
        (["power-limit", "7kW"], "Write whole watts"),
        (["power-limit", "0"], "Write whole watts"),
        (["tariff-table", "00:00=2,nonsense"], "is no tariff table"),
        (["tariff-table", "07:00=2"], "is no tariff table"),
        (["shift-clock", "0"], "is no correction"),
        (["shift-clock", "-900"], "its maker allows to correct 240 s. Set it instead."),
        (["shift-clock"], "How far its clock is off is not known yet"),
        (["open-relay", "--aprove"], "takes no value"),
    ):
        refused = order(site, *words)
        assert (refused.returncode, refused.stdout) == (2, ""), words
        assert complaint in refused.stderr, words
    assert "There is no login nobody." in order(site, "open-relay", by="nobody").stderr
    unnamed = kilovatt(site, "order", RELAY, "1", "open-relay", "--because", WHY)
    assert "--by LOGIN" in unnamed.stderr
    unknown = kilovatt(site, "order", RELAY, "1", "open-relay", "--because", WHY, "--by", "anna")
    assert (unknown.returncode, "is on record" in unknown.stderr) == (1, True)
    nameless = kilovatt(site, "orders", "--approve", "00000000-0000-0000-0000-000000000001", "--by", "anna")
    assert "There is no order 0000" in nameless.stderr
    assert listed(site) == []


def test_an_operator_without_the_role_is_refused_with_the_operations_own_sentence(site: Site) -> None:
    site.rows("UPDATE records_staffrole SET role = 'bookkeeper' WHERE user_id = (SELECT max(id) FROM records_user)")
    refused = order(site, "open-relay", KILOVATT_LANGUAGE="ru")
    site.rows("UPDATE records_staffrole SET role = 'operator'")
    assert refused.returncode == 2
    assert "Only an operator" not in refused.stderr
    assert "оператор" in refused.stderr


def test_a_site_that_waits_sees_the_meter_confirm(tmp_path: Path) -> None:
    with site_of(tmp_path / "site", [RELAY], meters=1) as site:
        put_operator_on_record(site)
        site.start()
        told = order(site, "power-limit", "7000", "--approve", "--wait")
        assert told.returncode == 0, told.stdout + told.stderr + site.said()
        assert "confirmed. The meter itself shows that it was done. It showed: limit 7 kW" in told.stdout.replace(
            "\u00a0", " "
        )
        refused = order(site, "power-limit", "100000000", "--approve", "--wait")
        assert refused.returncode == 1, refused.stdout
        assert "failed. It was not done. Nothing that changes the meter was sent." in refused.stdout
        assert "The meter does not take this value" in refused.stdout
