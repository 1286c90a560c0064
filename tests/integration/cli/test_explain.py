"""`kilovatt explain` says what frames mean, to a person and to a program."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from demonstration import KILOVATT, environment
from kilovatt.config.cli.commands.explain import explain

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


GREEN_BOOK = "C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B"
KEYS = "encryption = 000102030405060708090A0B0C0D0E0F\nauthentication = D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF\n"


def facts_of(
    capsys: pytest.CaptureFixture[str],
    *frames: str,
    **options: Any,  # noqa: ANN401  # those of the command
) -> tuple[list[dict[str, Any]], str]:
    """Return what a program is told, and what a person is told beside."""
    explain(list(frames) or None, as_json=True, **options)
    told = capsys.readouterr()
    facts: list[dict[str, Any]] = json.loads(told.out)
    return facts, told.err


def refusal_of(
    capsys: pytest.CaptureFixture[str],
    *frames: str,
    **options: Any,  # noqa: ANN401  # those of the command
) -> str:
    with pytest.raises(SystemExit) as left:
        explain(list(frames) or None, as_json=True, **options)
    assert left.value.code == 2
    return " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(("protocol", "frames"), [("mercury-v1", V1), ("energomera", CE)])
def test_the_language_need_not_be_named(
    protocol: str, frames: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    facts, words = facts_of(capsys, *frames)
    assert (facts[0]["language"], facts[0]["answer"]["problem"]) == (protocol, None)
    assert protocol in words


def test_where_several_languages_make_sense_all_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    facts, words = facts_of(capsys, "430800 87D4")
    assert facts[0]["language"] == "mercury-v2"
    assert "nzif" in words


@pytest.mark.parametrize(
    "frame",
    [
        ("0006475E63ECD4",),
        ("00-06-47-5E-63-EC-D4",),
        ("0x00, 0x06, 0x47, 0x5e, 0x63, 0xec, 0xd4",),
        (r"\x00\x06\x47\x5e\x63\xec\xd4",),
        ("00", "06", "47", "5E", "63", "EC", "D4"),
    ],
)
def test_a_frame_may_be_written_in_many_ways(frame: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    facts, _ = facts_of(capsys, *frame)
    assert [fact["request"]["bytes"] for fact in facts] == ["00 06 47 5e 63 ec d4"]


def test_frames_may_stand_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "frames.txt"
    file.write_text(f"# from a log\n> {V1[0]}\n\n< {V1[1]}  # 588 W\n")
    for facts, _ in (facts_of(capsys, file=file), facts_of(capsys, str(file))):
        assert [fact["answer"]["code"] for fact in facts] == ["read_phase_values"]


def test_a_ciphered_message_is_opened_with_its_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "keys"
    file.write_text(KEYS)
    facts, _ = facts_of(capsys, GREEN_BOOK, keys_file=file, system_title=["4D4D4D0000BC614E"])
    assert facts[0]["request"]["within"]["code"] == "get_request"
    file.write_text(KEYS + "title = 4D4D4D0000BC614E\n")
    assert facts_of(capsys, GREEN_BOOK, keys_file=file)[0] == facts
    file.write_text(KEYS.replace("0F", "10"))
    (wrong,), _ = facts_of(capsys, GREEN_BOOK, keys_file=file, system_title=["4D4D4D0000BC614E"])
    assert (wrong["request"]["problem"], wrong["request"]["within"]) == ("wrong_key", None)


def test_keys_that_are_none_are_refused_without_a_word_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "keys"
    file.write_text("authentication = D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF\n")
    assert "no encryption key" in refusal_of(capsys, GREEN_BOOK, keys_file=file)
    file.write_text("encryption = D0D1D2\n")
    said = refusal_of(capsys, GREEN_BOOK, keys_file=file)
    assert "16 bytes" in said
    assert "D0D1D2" not in said
    file.write_text(KEYS)
    for title in ("4D4D", "no title"):
        assert "16 hex digits" in refusal_of(capsys, GREEN_BOOK, keys_file=file, system_title=[title])
    assert "Keys are for DLMS" in refusal_of(capsys, *V1, keys_file=file)


def test_what_cannot_be_explained_is_said_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "No language makes sense" in refusal_of(capsys, "ABCD")
    assert "Frames are explained in mercury-v1" in refusal_of(capsys, "ABCD", protocol="file")
    assert "Give frames as hex" in refusal_of(capsys)
    assert "Give frames as hex" in refusal_of(capsys, V1[0], file=tmp_path)
    for text in ("no such file", "g" * 5000, "\0"):
        assert "pairs of hex digits" in refusal_of(capsys, text)
    assert "cannot be read" in refusal_of(capsys, file=tmp_path)
    file = tmp_path / "session.txt"
    head = "kilovatt transcript 1\nlanguage: morse\nmodel: m\nzone: UTC\nbegan: 2026-11-24T06:00:00Z\nby: k\n"
    file.write_text(head + "> 0.0 80\n< 0.1 81\nend\n")
    assert "is not known here" in refusal_of(capsys, file=file)
    # A language that is named wins over what the file says.
    facts, _ = facts_of(capsys, file=file, protocol="mercury-v2")
    assert facts[0]["request"]["problem"] == "too_short"


def test_what_came_before_any_request_stands_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "session.txt"
    head = "kilovatt transcript 1\nlanguage: dlms\nmodel: m\nzone: UTC\nbegan: 2026-11-24T06:00:00Z\nby: k\n"
    file.write_text(head + "< 0.1 0F 00 00 00 01 00 11 05\nend\n")
    ((fact,), _) = facts_of(capsys, file=file)
    assert (fact["request"]["is_answer"], fact["request"]["code"], fact["came_s"]) == (True, "data_notification", None)
