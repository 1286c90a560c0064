"""`kilovatt explain` says what frames mean, to a person and to a program."""

import json
import subprocess

import pytest

from demonstration import KILOVATT, environment

V1 = ("00 06 47 5E 63 EC D4", "00 06 47 5E 63 23 58 02 64 00 05 88 45 C6")
NZIF = ("53 08 00 86 11", "53 2F FE 19 57 17 05 18 70 D6")
CE = ("C04869D5FD0031DE0B00D2013000001FC0", "C0 48 FD 00 69 D5 57 01 30 00 04 20 35 4A 00 00 BC C0")
V2 = ("80 05 31 00 2C 75", "80 00 00 70 0A FF FF FF FF 00 00 E8 03 00 00 00 00 3F 0F")


def explained(*options: str, **added: str) -> subprocess.CompletedProcess[str]:
    command = [str(KILOVATT), "explain", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment(**added), check=False)


@pytest.mark.parametrize(
    ("protocol", "frames", "field"),
    [
        ("mercury-v1", V1, {"code": "power_w", "value": 588, "unit": "W", "bytes": "00 05 88"}),
        ("mercury-v2", V2, {"code": "a_plus_wh", "value": 2_672, "unit": "Wh", "bytes": "00 00 70 0a"}),
        ("energomera", CE, {"code": "count", "value": 18_997, "unit": None, "bytes": "35 4a 00 00"}),
        ("nzif", NZIF, {"code": "serial", "value": 805_181_783, "bytes": "2f fe 19 57"}),
    ],
)
def test_a_program_is_told_each_field(protocol: str, frames: tuple[str, str], field: dict[str, object]) -> None:
    done = explained("--protocol", protocol, "--json", *frames)
    assert done.returncode == 0, done.stderr
    (exchange,) = json.loads(done.stdout)
    assert exchange["answer"]["crc_is_right"] is True
    found = [it for it in exchange["answer"]["fields"] if it["code"] == field["code"]]
    assert [{key: it[key] for key in field} for it in found] == [field]
    octets = " ".join(it["bytes"] for it in exchange["answer"]["fields"])
    assert octets == exchange["answer"]["bytes"]


def test_a_person_is_told_in_words() -> None:
    done = explained("--protocol", "mercury-v2", *V2, KILOVATT_LANGUAGE="en")
    assert done.returncode == 0, done.stderr
    assert "Active energy taken" in done.stdout
    assert "2672 Wh" in done.stdout


def test_a_damaged_frame_is_told_as_one() -> None:
    done = explained("--protocol", "mercury-v2", "--json", V2[0], V2[1][:-2] + "00")
    (exchange,) = json.loads(done.stdout)
    assert (exchange["answer"]["crc_is_right"], exchange["answer"]["problem"]) == (False, "wrong_crc")


def test_what_is_no_hex_is_refused_with_a_sentence() -> None:
    done = explained("--protocol", "mercury-v2", "80 0", KILOVATT_LANGUAGE="en")
    assert done.returncode == 2
    assert "pairs of hex digits" in done.stderr
