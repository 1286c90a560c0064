"""Calls through an AT modem, said word by word (ITU-T V.250, 3GPP 27.007)."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.framing.modems import (
    GUARD_S,
    CallFailedError,
    CallFailure,
    CallWatch,
    Done,
    ModemDialogue,
    Step,
    dialling,
    hanging_up,
    not_dialling,
)

NUMBER = "+79161234567"
OK = b"\r\nOK\r\n"
Answers = Callable[[bytes], bytes | None]
"""What a modem says to what is written; None for nothing until the time is over."""


def talked(dialogue: ModemDialogue, answers: Answers, size: int = 1000) -> tuple[Done, list[bytes]]:
    """Carry a dialogue to its end; what the modem says comes in pieces of a size. Return the end and all written."""
    written: list[bytes] = []
    step: Step | Done | None = dialogue.begin()
    while isinstance(step, Step):
        said = None
        if step.data:
            written.append(step.data)
            said = answers(step.data)
        following: Step | Done | None = None
        for start in range(0, len(said or b""), size):
            following = dialogue.receive((said or b"")[start : start + size]) or following
        step = following or dialogue.elapsed()
    assert step is not None
    return step, written


def willing(command: bytes) -> bytes | None:
    if command.startswith(b"ATD"):
        return b"\r\nCONNECT 9600\r\n"
    return b"\r\n+CREG: 0,1\r\n" + OK if command == b"AT+CREG?\r" else OK


def failed(answers: Answers, bearer: str | None = "71,0,1") -> CallFailedError:
    with pytest.raises(CallFailedError) as failure:
        talked(dialling(NUMBER, bearer=bearer, wait_s=60), answers)
    return failure.value


def test_a_number_is_called_over_gsm() -> None:
    done, written = talked(dialling(NUMBER, bearer="71,0,1", wait_s=60), willing)
    assert done == Done("CONNECT 9600", b"")
    assert written == [b"ATQ0V1E0\r", b"ATH\r", b"AT+CBST=71,0,1\r", b"AT+CREG?\r", b"ATD+79161234567\r"]


def test_a_modem_of_a_telephone_line_is_asked_nothing_of_gsm() -> None:
    _, written = talked(dialling("88442123456", bearer=None, wait_s=60), willing)
    assert written == [b"ATQ0V1E0\r", b"ATH\r", b"ATD88442123456\r"]


def test_a_modem_that_echoes_is_understood_all_the_same() -> None:
    done, _ = talked(
        dialling(NUMBER, bearer="71,0,1", wait_s=60), lambda command: command + b"\r" + (willing(command) or b"")
    )
    assert done.said == "CONNECT 9600"


@given(st.integers(min_value=1, max_value=20))
def test_the_words_of_a_modem_may_come_in_any_pieces(size: int) -> None:
    done, written = talked(dialling(NUMBER, bearer="71,0,1", wait_s=60), willing, size)
    assert (done, len(written)) == (Done("CONNECT 9600", b""), 5)


def test_what_comes_behind_connect_is_the_meters() -> None:
    dialogue = dialling(NUMBER, bearer=None, wait_s=60)
    dialogue.begin()
    dialogue.receive(OK)
    dialogue.receive(OK)
    assert dialogue.receive(b"\r\nRING\r\n\r\nCONNECT") is None
    assert dialogue.receive(b" 9600/RLP\r\n\x01\x02\n") == Done("CONNECT 9600/RLP", b"\x01\x02\n")


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        ("NO CARRIER", CallFailure.NO_CARRIER),
        ("BUSY", CallFailure.BUSY),
        ("NO ANSWER", CallFailure.NO_ANSWER),
        ("NO DIALTONE", CallFailure.NO_DIALTONE),
        ("NO DIAL TONE", CallFailure.NO_DIALTONE),
        ("ERROR", CallFailure.REFUSED),
        ("+CME ERROR: 30", CallFailure.REFUSED),
        ("OK", CallFailure.REFUSED),
    ],
)
def test_a_call_that_fails_does_so_in_the_modems_own_words(said: str, failure: CallFailure) -> None:
    error = failed(lambda command: f"\r\n{said}\r\n".encode() if command.startswith(b"ATD") else willing(command))
    assert (error.failure, error.said) == (failure, said)
    assert said in str(error)


def test_a_call_that_is_not_connected_in_its_time_is_given_up() -> None:
    error = failed(lambda command: None if command.startswith(b"ATD") else willing(command))
    assert (error.failure, str(error)) == (CallFailure.NOT_CONNECTED, "not_connected")
    done, written = talked(not_dialling(), lambda _: b"\r\nNO CARRIER\r\n")
    assert (done.said, written) == ("NO CARRIER", [b"\r", b"ATH\r"])
    assert talked(not_dialling(), lambda _: None)[0].said == ""


def test_a_modem_that_says_nothing_at_all_is_named() -> None:
    assert failed(lambda _: None).failure is CallFailure.MODEM_SILENT
    assert failed(lambda _: b"\x00\xff garbage\r\n" * 40).failure is CallFailure.MODEM_SILENT


@pytest.mark.parametrize("registered", ["+CREG: 0,0", "+CREG: 0,2", "+CREG: 1,3"])
def test_a_modem_outside_its_network_is_not_made_to_dial(registered: str) -> None:
    error = failed(
        lambda command: f"\r\n{registered}\r\n\r\nOK\r\n".encode() if b"CREG" in command else willing(command)
    )
    assert (error.failure, error.said) == (CallFailure.NOT_REGISTERED, registered)


@pytest.mark.parametrize("answer", [b"\r\nERROR\r\n", None, b"\r\n+CREG: 0,5\r\n"])
def test_a_modem_that_does_not_tell_whether_it_is_in_a_network_is_tried(answer: bytes | None) -> None:
    done, _ = talked(
        dialling(NUMBER, bearer="71,0,1", wait_s=60), lambda command: answer if b"CREG" in command else willing(command)
    )
    assert done.said == "CONNECT 9600"


def test_a_modem_that_cannot_make_data_calls_is_told_by_the_command_it_does_not_take() -> None:
    error = failed(lambda command: b"\r\nERROR\r\n" if b"CBST" in command else willing(command))
    assert (error.failure, error.said) == (CallFailure.REFUSED, "AT+CBST=71,0,1: ERROR")
    error = failed(lambda command: None if b"CBST" in command else willing(command))
    assert (error.failure, error.said) == (CallFailure.MODEM_SILENT, "AT+CBST=71,0,1")


def test_a_modem_left_in_a_call_is_brought_back_with_its_guard_times() -> None:
    is_escaped = False

    def left(command: bytes) -> bytes | None:
        nonlocal is_escaped
        is_escaped |= command == b"+++"
        return willing(command) if is_escaped else None

    done, written = talked(dialling(NUMBER, bearer=None, wait_s=60), left)
    assert done.said == "CONNECT 9600"
    assert written == [b"ATQ0V1E0\r"] * 2 + [b"+++", b"ATH\r", b"ATQ0V1E0\r", b"ATH\r", b"ATD+79161234567\r"]


def test_a_call_is_hung_up_after_a_silence_of_ours() -> None:
    dialogue = hanging_up()
    assert dialogue.begin() == Step(b"", GUARD_S)
    # What the other end still says does not matter, and the modem's own word begins the silence anew.
    assert dialogue.receive(b"\x01\x02") is None
    assert dialogue.receive(b"\r\nNO CARRIER\r\n") == Step(b"", GUARD_S)
    escape = dialogue.elapsed()
    assert isinstance(escape, Step)
    assert escape.data == b"+++"
    assert escape.wait_s > GUARD_S
    hang_up = dialogue.receive(OK)
    assert isinstance(hang_up, Step)
    assert hang_up.data == b"ATH\r"
    assert dialogue.receive(OK) == Done("OK", b"")
    assert talked(hanging_up(), lambda _: None)[0].said == ""


def test_a_modem_that_babbles_without_end_is_not_remembered() -> None:
    dialogue = dialling(NUMBER, bearer=None, wait_s=60)
    dialogue.begin()
    assert dialogue.receive(b"x" * 100_000) is None
    assert isinstance(dialogue.receive(b"\n" + OK), Step)


def test_a_call_that_was_broken_off_is_known_by_the_modems_word_in_any_pieces() -> None:
    watch = CallWatch()
    words = b"\x01\x02\r\nNO CARRIER\r\n"
    assert [watch.is_broken_by(words[at : at + 1]) for at in range(len(words))] == [False] * (len(words) - 1) + [True]
    assert CallWatch().is_broken_by(words)
    assert not CallWatch().is_broken_by(b"NO CARRIER")
