"""Nothing in an answer of the bench's language says what it answers: only time and counting can tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.drivers.conversation import Conversation
from kilovatt.wire.headend.debts import resembles
from kilovatt.wire.headend.record import ExchangeFailedError, SessionRecord
from unit.wire.headend.bench import (
    Bench,
    Delivery,
    Read,
    ScriptedChannel,
    answers,
    honest,
    read_codes,
    run,
    value_of,
)


def test_an_answer_too_late_for_its_try_is_taken_by_the_next_and_the_second_waited_for() -> None:
    """The answer to try 1 comes at 1.2 s, within try 2 of the same request; that to try 2 comes at 1.9 s."""

    def script(n: int, request: bytes) -> list[Delivery]:
        answer = answers(value_of(request[1]))
        return [({1: 1.2, 2: 0.9}.get(n, 0.005), answer)]

    async def job() -> tuple[list[int], Bench]:
        desk = Bench(script, answer_timeout_s=1.0, late_window_s=1.0)
        return await desk.carry(read_codes(1, 2)), desk

    values, desk = run(job())
    assert values == [value_of(1), value_of(2)]
    # Both answers came, so nothing is owed any more and the wait ends after a quiet 0.1 s, not at 3.0 s.
    assert [round(at, 3) for at, _ in desk.channel.written] == [0.0, 1.0, 2.0]
    assert not desk.record.doubtful


def test_after_a_retry_the_line_is_drained_before_anything_else_is_asked() -> None:
    def script(n: int, request: bytes) -> list[Delivery]:
        return [] if n == 1 else [(0.005, answers(value_of(request[1])))]

    async def job() -> tuple[list[int], Bench]:
        desk = Bench(script, answer_timeout_s=1.0, late_window_s=0.7)
        return await desk.carry(read_codes(1, 2)), desk

    values, desk = run(job())
    assert values == [value_of(1), value_of(2)]
    assert [round(at, 3) for at, _ in desk.channel.written] == [0.0, 1.0, 2.7]
    assert desk.record.doubtful


def test_after_a_failure_the_line_is_drained_even_for_the_next_meter() -> None:
    """All three answers to code 1 come in a heap, after it was given up."""

    def script(n: int, request: bytes) -> list[Delivery]:
        answer = answers(value_of(request[1]))
        return [(3.4 - (n - 1) if n <= 3 else 0.005, answer)]

    async def job() -> tuple[Outcome, list[int], Bench]:
        desk = Bench(script, answer_timeout_s=1.0, late_window_s=0.6)
        with pytest.raises(ExchangeFailedError) as failed:
            await desk.carry(read_codes(1))
        return failed.value.outcome, await desk.carry(read_codes(2)), desk

    outcome, values, desk = run(job())
    assert outcome is Outcome.SILENCE
    assert values == [value_of(2)]
    assert round(desk.channel.written[3][0], 3) == 3.6


def test_what_a_line_owes_it_owes_over_a_new_connection_too() -> None:
    async def job() -> float:
        desk = Bench(lambda *_: [], answer_timeout_s=1.0, late_window_s=0.5, tries=1)
        with pytest.raises(ExchangeFailedError):
            await desk.carry(read_codes(1))
        await desk.carrier.close()
        later = desk.channel = ScriptedChannel(honest)
        await desk.carry(read_codes(2))
        return later.written[0][0]

    assert run(job()) == 1.5


def test_an_answer_in_pieces_while_the_line_is_drained_is_known_for_what_it_is() -> None:
    def script(n: int, request: bytes) -> list[Delivery]:
        answer = answers(value_of(request[1]))
        return [(1.5, answer[:2]), (1.54, answer[2:])] if n == 1 else [(0.005, answer)]

    async def job() -> tuple[list[int], Bench]:
        desk = Bench(script, answer_timeout_s=1.0, late_window_s=1.0, quiet_s=0.1)
        return await desk.carry(read_codes(1, 2)), desk

    values, desk = run(job())
    assert values == [value_of(1), value_of(2)]
    assert round(desk.channel.written[2][0], 3) == 1.64


def test_an_answer_later_than_any_window_betrays_itself_by_one_answer_too_many() -> None:
    """The answer to code 1, try 1, comes at 9 s, when code 4 is asked; each answer after it is one behind."""

    def script(n: int, request: bytes) -> list[Delivery]:
        return [(9.0 if n == 1 else 0.005 if n == 2 else 2.0, answers(value_of(request[1])))]

    async def job() -> tuple[list[int], bool, SessionRecord]:
        desk = Bench(script, answer_timeout_s=3.0, late_window_s=0.5)
        values = await desk.carry(read_codes(1, 2, 3, 4, 5))
        return values, await desk.carrier.stays_quiet(), desk.record

    values, quiet, record = run(job())
    assert values[:2] == [value_of(1), value_of(2)]
    assert values != [value_of(code) for code in (1, 2, 3, 4, 5)]
    assert record.doubtful
    assert not quiet


def test_a_session_in_doubt_that_ends_quietly_is_believed() -> None:
    def script(n: int, request: bytes) -> list[Delivery]:
        return [] if n == 1 else [(0.005, answers(value_of(request[1])))]

    async def job() -> tuple[bool, bool]:
        desk = Bench(script, answer_timeout_s=1.0, late_window_s=0.5)
        await desk.carry(read_codes(1, 2))
        return desk.record.doubtful, await desk.carrier.stays_quiet()

    assert run(job()) == (True, True)


def test_a_line_lost_while_we_listen_proves_nothing() -> None:
    async def job() -> tuple[bool, bool]:
        desk = Bench(honest)
        await desk.carry(read_codes(1))
        desk.carrier._loop.call_later(0.2, desk.channel.lose, "gone")
        lost_meanwhile = await desk.carrier.stays_quiet()
        return lost_meanwhile, await desk.carrier.stays_quiet()

    assert run(job()) == (False, False)


def test_two_answers_in_one_piece_are_none() -> None:
    """The answer to code 1, try 1, comes at 3 s together with that to code 2."""

    def script(n: int, request: bytes) -> list[Delivery]:
        answer = answers(value_of(request[1]))
        return {1: [], 3: [(0.005, answers(value_of(1)) + answer)]}.get(n, [(0.005, answer)])

    async def job() -> tuple[list[int], Bench]:
        desk = Bench(script, answer_timeout_s=1.0, late_window_s=0.5)
        return await desk.carry(read_codes(1, 2, 3)), desk

    values, desk = run(job())
    assert values == [value_of(1), value_of(2), value_of(3)]
    # What came with it may have been the answer to the request before: in doubt, that counts.
    assert desk.record.doubtful
    assert desk.record.unasked


def test_a_line_that_was_late_is_given_a_quarter_more_the_next_time() -> None:
    """The answer to try 1 comes 2.4 s after it; the window alone would end 2.5 s after."""

    def script(n: int, request: bytes) -> list[Delivery]:
        return [({1: 2.4, 3: 9.0}.get(n, 0.005), answers(value_of(request[1])))]

    async def job() -> list[float]:
        desk = Bench(script, answer_timeout_s=1.0, late_window_s=0.5, quiet_s=0.05)
        await desk.carry(read_codes(1, 2, 3))
        return [round(at, 3) for at, _ in desk.channel.written]

    # After the late answer the line is quiet for 0.05 s; after the lost one it is waited for 1.25 x 2.4 s.
    assert run(job()) == [0.0, 1.0, 2.45, 3.45, 5.45]


FATES = st.one_of(
    st.just(("at once", 0.0)),
    st.just(("at once", 0.0)),
    st.just(("request lost", 0.0)),
    st.just(("answer damaged", 0.0)),
    st.just(("noise, then the answer", 0.0)),
    st.tuples(st.just("late"), st.floats(0.0, 1.9)),
    st.tuples(st.just("late and in pieces"), st.floats(0.0, 1.8)),
)


def deliveries(answer: bytes, fate: str, late_s: float) -> list[tuple[float, bytes]]:
    match fate:
        case "at once":
            return [(0.004, answer)]
        case "request lost":
            return []
        case "answer damaged":
            return [(0.004, answer[:2] + bytes([answer[2] ^ 1]) + answer[3:])]
        case "noise, then the answer":
            return [(0.003, b"\x99\x98\x97\x96"), (0.5, answer)]
        case "late":
            return [(late_s, answer)]
        case _:
            return [(late_s, answer[:1]), (late_s + 0.05, answer[1:])]


@given(fates=st.lists(FATES, min_size=1, max_size=40), echoes=st.booleans())
def test_whatever_comes_within_the_window_no_wrong_value_is_ever_accepted(
    fates: list[tuple[str, float]], echoes: bool
) -> None:
    accepted: dict[int, int] = {}

    def script(n: int, request: bytes) -> list[Delivery]:
        fate, late_s = fates[(n - 1) % len(fates)]
        back = [(0.001, request)] if echoes else []
        return back + deliveries(answers(value_of(request[1])), fate, late_s)

    def read() -> Conversation[None]:
        for code in range(10, 22):
            answer = yield Read(code)
            accepted[code] = answer.value

    async def job() -> None:
        desk = Bench(script, answer_timeout_s=1.0, late_window_s=1.0, quiet_s=0.1)
        try:
            await desk.carry(read())
        except ExchangeFailedError as failed:
            assert failed.outcome in {Outcome.SILENCE, Outcome.NOISE, Outcome.ECHO}  # noqa: PT017

    run(job())
    assert accepted == {code: value_of(code) for code in accepted}


@given(
    late=st.integers(1, 14),
    late_s=st.floats(0.5, 20.0),
    think_s=st.floats(0.001, 0.9),
)
def test_an_answer_later_than_the_window_is_found_out_by_the_end(late: int, late_s: float, think_s: float) -> None:
    """One a session, and no answer lost altogether: what is taken for another leaves one over."""

    def script(n: int, request: bytes) -> list[Delivery]:
        return [(late_s if n == late else think_s, answers(value_of(request[1])))]

    async def job() -> bool:
        desk = Bench(script, answer_timeout_s=1.0, late_window_s=0.5, quiet_s=0.1, tries=10)
        values = await desk.carry(read_codes(*range(10, 22)))
        right = values == [value_of(code) for code in range(10, 22)]
        return right or (desk.record.doubtful and not await desk.carrier.stays_quiet())

    assert run(job())


@pytest.mark.parametrize(
    ("burst", "expected"),
    [
        (b"\x01\x02\x03\x04", True),
        (b"\x01\x02\x03\xff", True),
        (b"\x01\x02\xff\xff", False),
        (b"\x01\x02\x03", False),
        (b"\x01\x02\x03\x04\x05", False),
    ],
)
def test_a_burst_is_an_answer_we_know_when_three_bytes_of_four_agree(burst: bytes, expected: bool) -> None:
    assert resembles(burst, b"\x01\x02\x03\x04") is expected
