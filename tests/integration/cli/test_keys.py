"""`kilovatt keys`: a meter's secrets put on record sealed, weak ones told, the master key changed."""

import json
import subprocess
from pathlib import Path

import pytest

from demonstration import KILOVATT, environment
from simulated_site import Site, site_of


@pytest.fixture
def site(tmp_path: Path) -> "Site":
    with site_of(tmp_path / "site", ["mercury-234-artm-01-pob-r", "spodes-1ph"], meters=2) as made:
        return made


def kilovatt(site: Site, *words: str, **added: str) -> "subprocess.CompletedProcess[str]":
    command = [str(KILOVATT), "keys", *words, "--data", str(site.data)]
    return subprocess.run(command, capture_output=True, text=True, env=environment(**added), check=False, timeout=60)


def weak(site: Site) -> set[str]:
    told = json.loads(kilovatt(site, "status", "--json").stdout)
    return {meter["model"] for meter in told["on_factory_passwords"] if meter["reading"]}


def serial_of(site: Site, model: str) -> str:
    serial: str = site.value("SELECT serial FROM records_meter WHERE model_key = ?", model)
    return serial


def test_meters_on_factory_passwords_are_told_and_one_that_got_its_own_is_not(site: Site, tmp_path: Path) -> None:
    assert weak(site) == {"mercury-234-artm-01-pob-r", "spodes-1ph"}
    said = kilovatt(site, "status")
    assert "2 meters have passwords of their factories" in said.stdout
    (tmp_path / "new").write_text("918273\n", encoding="utf-8")
    model = "mercury-234-artm-01-pob-r"
    done = kilovatt(site, "set", model, serial_of(site, model), "--password-file", str(tmp_path / "new"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "918273" not in done.stdout
    assert weak(site) == {"spodes-1ph"}


def test_the_master_key_is_changed_and_everything_still_opens(site: Site) -> None:
    before = json.loads(kilovatt(site, "status", "--json").stdout)["master_key"]
    done = kilovatt(site, "rotate")
    assert "1 data key sealed anew." in done.stdout
    after = json.loads(kilovatt(site, "status", "--json").stdout)
    assert after["master_key"] != before
    assert len(after["on_factory_passwords"]) == 2
    assert (site.data / "keys" / "passwords.key.before").exists()


def test_a_master_key_handed_in_takes_over_from_the_file(site: Site, tmp_path: Path) -> None:
    (tmp_path / "master").write_bytes(bytes(range(32)))
    handed = {"KILOVATT_MASTER_KEY": str(tmp_path / "master")}
    assert "1 data key sealed anew." in kilovatt(site, "rotate", **handed).stdout
    (site.data / "keys" / "passwords.key").unlink()
    assert kilovatt(site, "status", **handed).returncode == 0


def test_what_cannot_be_put_on_record_is_said(site: Site, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("12345678", encoding="utf-8")
    file = str(tmp_path / "secret")
    for words, complaint in (
        (["mercury-234-artm-01-pob-r", "1"], "Say what to put on record"),
        (["mercury-234-artm-01-pob-r", "1", "--password-file", file], "cannot have such a password"),
        (["spodes-1ph", "1", "--password-file", file], "No meter"),
        (["mercury-234-artm-01-pob-r", "1", "--keys-file", file], "has no keys"),
    ):
        refused = kilovatt(site, "set", *words)
        assert refused.returncode in {1, 2}
        assert complaint in refused.stderr
        assert "12345678" not in refused.stderr
