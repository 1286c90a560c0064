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
    site.rows("DELETE FROM records_orderlist")


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


# ── Keys, a second person, lists ────────────────────────────────────────────────────────────────────────────────────


def test_new_keys_are_made_by_chance_once_the_old_ones_and_the_master_key_are_on_record(
    site: Site, tmp_path: Path
) -> None:
    assert "are not all on record" in order(site, "change-keys", model=SPODES).stderr
    file = tmp_path / "keys"
    serial = site.value("SELECT serial FROM records_meter WHERE model_key = ?", SPODES)
    held = {"encryption": bytes(range(16)), "authentication": bytes(range(16, 32)), "master": bytes(range(32, 48))}
    file.write_text("".join(f"{name} = {key.hex()}\n" for name, key in held.items()), encoding="utf-8")
    put = kilovatt(site, "keys", "set", SPODES, serial, "--keys-file", str(file))
    assert put.returncode == 0, put.stderr
    given = order(site, "change-keys", model=SPODES)
    assert given.returncode == 0, given.stderr
    (one,) = listed(site)
    assert one["facts"] == {"keys": ["authentication", "encryption"]}
    assert "New keys: authentication key, encryption key" in given.stdout
    assert order(site, "change-keys", "x", model=SPODES).returncode == 2
    file.write_text("master = 00\n", encoding="utf-8")
    assert "16 or 32 are wanted" in kilovatt(site, "keys", "set", SPODES, serial, "--keys-file", str(file)).stderr


def test_whoever_asked_for_a_disconnection_does_not_approve_it_where_that_is_the_rule(site: Site) -> None:
    code = site.value("SELECT code FROM records_organisation")
    holds = kilovatt(site, "secondperson", code)
    assert "A second person approves: none." in holds.stdout
    assert "Nobody has said otherwise" in holds.stdout
    said = kilovatt(site, "secondperson", code, "open-relay", "power-limit", "--lists", "--by", "anna")
    assert "A second person approves: Disconnect, Power limit, every list." in said.stdout
    given = order(site, "open-relay", "--approve")
    assert (given.returncode, "waits for approval" in given.stdout) == (2, True)
    assert "another operator of the organisation does" in given.stderr
    kept = json.loads(kilovatt(site, "secondperson", code, "--no-lists", "--by", "anna", "--json").stdout)
    assert kept == {"kinds": ["open_relay", "set_power_limit"], "lists": False, "said_by": "anna"}
    none = json.loads(kilovatt(site, "secondperson", code, "--none", "--by", "anna", "--json").stdout)
    assert none["kinds"] == []
    (one,) = listed(site)
    assert kilovatt(site, "orders", "--approve", one["order"], "--by", "anna").returncode == 0
    assert kilovatt(site, "secondperson", code, "open-relay").returncode == 2
    assert kilovatt(site, "secondperson", code, "open-relay", "--none", "--by", "anna").returncode == 2
    assert "no organisation nowhere" in kilovatt(site, "secondperson", "nowhere").stderr


def test_a_list_is_put_on_record_approved_by_its_sum_and_taken_back(site: Site, tmp_path: Path) -> None:
    code = site.value("SELECT code FROM records_organisation")
    serials = [serial for (serial,) in site.rows("SELECT serial FROM records_meter")]
    file = tmp_path / "debtors.csv"
    file.write_text("serial\n" + "\n".join([*serials, "7"]), encoding="utf-8")
    words = ["orderlist", "open-relay", str(file), "--organisation", code, "--because", WHY, "--by", "anna"]
    given = json.loads(kilovatt(site, *words, "--json").stdout)
    assert (given["orders"], given["state"]) == (2, "requested")
    assert given["left_out"] == [{"row": 4, "number": "7", "why": "unknown"}]
    again = kilovatt(site, *words)
    assert again.returncode == 1
    assert "it is being told something already" in again.stderr
    assert "2 meters wait for approval" in kilovatt(site, "orders").stdout
    approve = ["orders", "--approve", given["list"], "--by", "anna"]
    assert "say with --meters" in kilovatt(site, *approve).stderr
    assert "and not 3: look at it again" in kilovatt(site, *approve, "--meters", "3").stderr
    assert "Approved: 2 meters are told." in kilovatt(site, *approve, "--meters", "2").stdout
    assert "does not wait for approval: it is approved" in kilovatt(site, *approve, "--meters", "2").stderr
    assert {one["list"] for one in listed(site)} == {given["list"]}
    withdrawn = kilovatt(site, "orders", "--withdraw", given["list"], "--by", "anna")
    assert "2 commands were taken back." in withdrawn.stdout
    missing = kilovatt(site, *words[:2], str(tmp_path / "none"), *words[3:])
    assert (missing.returncode, "cannot be read" in missing.stderr) == (2, True)
