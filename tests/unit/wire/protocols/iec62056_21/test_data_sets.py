"""Frames, checks, data sets and numbers of IEC 62056-21."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.iec62056_21.datasets import DataSet, data_sets_of, floored, text_of, value_and_unit
from kilovatt.wire.protocols.iec62056_21.frames import (
    BlockCheck,
    Command,
    answer_frame,
    answer_of,
    command_of,
    frame_size,
)

# wb-mqtt-serial's and hostcc's frames: the check is the sum.
COMMANDS = {
    "01 50 30 02 28 31 34 31 36 32 38 33 34 35 29 03 28": Command("P0", "(141628345)"),
    "01 50 31 02 28 37 37 37 37 37 37 29 03 21": Command("P1", "(777777)"),
    "01 50 30 02 28 37 37 37 37 37 37 29 03 20": Command("P0", "(777777)"),
    "01 52 31 02 45 54 30 50 45 28 29 03 37": Command("R1", "ET0PE()"),
    "01 52 31 02 56 4F 4C 54 41 28 29 03 5F": Command("R1", "VOLTA()"),
    "01 52 31 02 48 45 4C 4C 4F 28 29 03 4D": Command("R1", "HELLO()"),
    # As two programs of others send it to these meters.
    "01 42 30 03 75": Command("B0"),
}
ANSWERS = {
    "02 56 4F 4C 54 41 28 32 33 37 2E 35 38 29 0D 0A 03 28": "VOLTA(237.58)\r\n",
    b"\x02ET0PE(68.42)\r\n(45.54)\r\n(22.88)\r\n(0.00)\r\n(0.00)\r\n(0.00)\r\n\x03\x0f".hex(" "): "ET0PE(68.42)\r\n"
    "(45.54)\r\n(22.88)\r\n(0.00)\r\n(0.00)\r\n(0.00)\r\n",
    b"\x02400B(E12)(118.8)(121.1)400D(50.01)5003(009114135064195)\x03\x1e".hex(" "): "400B(E12)(118.8)(121.1)"
    "400D(50.01)5003(009114135064195)",
}
NAMES = st.text(st.sampled_from("ABCXYZ019._:*&- "), min_size=1, max_size=12)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="()"), max_size=20)


@pytest.mark.parametrize("frame", COMMANDS)
def test_captured_commands_are_understood_and_written(frame: str) -> None:
    assert command_of(bytes.fromhex(frame), BlockCheck.SUM) == COMMANDS[frame]
    assert COMMANDS[frame].encode(BlockCheck.SUM) == bytes.fromhex(frame)


@pytest.mark.parametrize("frame", ANSWERS)
def test_captured_answers_are_understood_and_written(frame: str) -> None:
    assert answer_of(bytes.fromhex(frame), BlockCheck.SUM) == ANSWERS[frame]
    assert answer_frame(ANSWERS[frame], BlockCheck.SUM) == bytes.fromhex(frame)


# Of one answer, the sum and the exclusive or are the same.
@pytest.mark.parametrize("frame", [*COMMANDS, *(frame for frame in ANSWERS if not frame.endswith("0f"))])
def test_no_captured_frame_has_the_check_of_the_standard(frame: str) -> None:
    read = command_of if frame.startswith("01") else answer_of
    with pytest.raises(ValueError, match=r"the check is ..h, and ..h is wanted"):
        read(bytes.fromhex(frame), BlockCheck.XOR)


def test_the_check_of_the_standard_is_an_exclusive_or() -> None:
    # ISO 1155: over "B0" ETX it is 42h ^ 30h ^ 03h.
    assert Command("B0").encode(BlockCheck.XOR) == b"\x01B0\x03\x71"
    assert Command("R1", "1.8.0()").encode(BlockCheck.XOR)[-1] == 0x5A


@given(
    text=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60), check=st.sampled_from(BlockCheck)
)
def test_frames_are_written_and_understood(text: str, check: BlockCheck) -> None:
    assert answer_of(answer_frame(text, check), check) == text
    assert command_of(Command("R1", text).encode(check), check) == Command("R1", text)
    assert frame_size(answer_frame(text, check)) == len(text) + 3


@given(data=st.binary(max_size=40), check=st.sampled_from(BlockCheck))
def test_nothing_but_a_frame_is_one(data: bytes, check: BlockCheck) -> None:
    for read, mark in ((command_of, b"\x01"), (answer_of, b"\x02")):
        damaged = mark + b"R1\x02A()\x03" + bytes([check.of(b"R1\x02A()\x03") ^ 1]) + data
        with pytest.raises(ValueError, match=r"the check is|ends with ETX"):
            read(damaged, check)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"R\x02A()", "two letters or digits"),
        (b"R-\x02A()", "two letters or digits"),
        (b"R1A()", "begin with STX"),
        (b"R1\x02A\x04()", "character 1 of the data is 04h"),
        (b"R1\x02\x80", "character 0 of the data is 80h"),
    ],
)
def test_a_command_that_is_none_is_refused(content: bytes, why: str) -> None:
    body = content + b"\x03"
    with pytest.raises(ValueError, match=why):
        command_of(b"\x01" + body + bytes([sum(body) & 0x7F]), BlockCheck.SUM)


@pytest.mark.parametrize("text", ["\x03", "ж", "\x02"])
def test_characters_that_would_end_a_frame_are_not_sent(text: str) -> None:
    with pytest.raises(ValueError, match=r"characters|ascii"):
        answer_frame(text, BlockCheck.SUM)


def test_the_end_of_a_frame_is_certain_with_its_check_alone() -> None:
    frame = answer_frame("A(1)", BlockCheck.XOR)
    assert [frame_size(frame[:size]) for size in range(len(frame) + 1)] == [None] * len(frame) + [len(frame)]


# ── Data sets ───────────────────────────────────────────────────────────────────────────────────────────────────────


@given(
    sets=st.lists(st.tuples(NAMES, st.lists(VALUES, min_size=1, max_size=4)), max_size=6, unique_by=lambda it: it[0])
)
def test_data_sets_are_written_and_understood_in_every_form(sets: list[tuple[str, list[str]]]) -> None:
    told = tuple(DataSet(name, tuple(values)) for name, values in sets)
    for named_once in (True, False):
        for line_ends in (True, False):
            assert data_sets_of(text_of(told, named_once=named_once, line_ends=line_ends)) == told
    assert data_sets_of(text_of(told) + "!\r\n") == told


def test_values_may_stand_with_their_name_or_without() -> None:
    energies = DataSet("ET0PE", ("68.42", "45.54"))
    assert data_sets_of("ET0PE(68.42)\r\n(45.54)\r\n") == (energies,)
    assert data_sets_of("ET0PE(68.42)\r\nET0PE(45.54)\r\n") == (energies,)
    assert data_sets_of("(ERR12)") == (DataSet("", ("ERR12",)),)
    assert data_sets_of("") == ()
    assert str(energies) == "ET0PE(68.42)(45.54)"


@pytest.mark.parametrize(
    "text", ["A", "A(", "A(1))", "A(1)B", "A((1))", "A(1\r\n)", "!\r\nA(1)", "A(" + "1" * 129 + ")"]
)
def test_what_is_no_data_set_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(ValueError, match=r"at character \d+ a name and a value in brackets are wanted"):
        data_sets_of(text)


def test_a_flood_of_data_sets_is_cut_off() -> None:
    with pytest.raises(ValueError, match="more than 4096 data sets"):
        data_sets_of("A()B()" * 2100)


# ── Numbers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "decimals", "number"),
    [
        ("16907.9477764", 3, 16_907_947),
        ("68.42", 3, 68_420),
        ("0.0", 3, 0),
        ("7", 3, 7_000),
        ("0001234.567", 3, 1_234_567),
        ("-0.5", 3, -500),
        ("-0.0005", 3, -1),
        ("12.9", 0, 12),
    ],
)
def test_a_number_is_floored_to_the_place_that_is_wanted(text: str, decimals: int, number: int) -> None:
    assert floored(text, decimals) == number


@given(number=st.integers(-(10**9), 10**9), decimals=st.integers(0, 6), finer=st.integers(0, 10**5 - 1))
def test_what_is_finer_never_raises_a_number(number: int, decimals: int, finer: int) -> None:
    whole, fraction = divmod(number * 10**5 + finer, 10 ** (decimals + 5))
    text = f"{whole}.{fraction:0{decimals + 5}}" if whole >= 0 else None
    if text is not None:
        assert floored(text, decimals) == number


@pytest.mark.parametrize("text", ["", "1,5", "1.", ".5", "E12", "1e3", "+1", "1" * 13, "1.2.3", "½"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a decimal number is wanted"):
        floored(text, 3)


def test_a_unit_stands_behind_an_asterisk() -> None:
    assert value_and_unit("0012345.67*kWh") == ("0012345.67", "kWh")
    assert value_and_unit("50.01") == ("50.01", "")
