"""Connections whose answers say which request they belong to are believed; a long answer is won part by part."""

from typing import Any

import pytest

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.drivers.conversation import Conversation, ask
from kilovatt.wire.headend.record import ExchangeFailedError
from kilovatt.wire.headend.tries import TRIES_WITH_GAIN_MAX
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    Event,
    LineFault,
    NumbersAnswers,
    Outgoing,
    RemoteProtocolError,
    Request,
    SendMore,
)
from unit.wire.headend.bench import (
    ADDRESS,
    Bench,
    Delivery,
    ReadLong,
    Script,
    TreacherousConnection,
    answers,
    asks,
    honest,
    read_codes,
    run,
    value_of,
)

MORE = answers(value_of(0xFE))


class NumberedConnection(TreacherousConnection, NumbersAnswers):
    """The small language, had its answers numbers."""


class PartwiseConnection(NumbersAnswers):
    """An answer of several parts; those that came are kept when a try fails."""

    def __init__(self, parts: int) -> None:
        self._awaited = parts
        self._parts: list[bytes] = []

    def send(self, request: Request[Any]) -> Outgoing:
        return Outgoing(asks(len(self._parts)))

    def receive(self, data: bytes) -> Event | None:
        if data != MORE:
            raise RemoteProtocolError(LineFault.NOISE, "no part of an answer", data)
        self._parts.append(data)
        if len(self._parts) == self._awaited:
            return Answered(self._awaited, data)
        return SendMore(Outgoing(asks(len(self._parts))))

    def quiet(self) -> Event:
        raise RemoteProtocolError(LineFault.SILENCE, "nothing came back", b"")


def read_long() -> Conversation[int]:
    """Ask for a long answer and return its value."""
    answer = yield from ask(ReadLong(9))
    return answer.value


def a_part_to_each_first_request() -> Script:
    """One part comes a try; what is asked after it goes unheard."""
    heard: set[bytes] = set()

    def script(_: int, request: bytes) -> list[Delivery]:
        first = request not in heard
        heard.add(request)
        return [] if first and len(heard) > 1 else [(0.005, MORE)]

    return script


def test_after_a_try_in_vain_nothing_is_waited_for() -> None:
    def deaf_once(n: int, request: bytes) -> list[Delivery]:
        return [] if n == 1 else honest(n, request)

    async def job() -> Bench:
        desk = Bench(deaf_once, answer_timeout_s=1.0, late_window_s=2.0)
        desk.connection = NumberedConnection(ADDRESS)
        await desk.carry(read_codes(1, 2))
        return desk

    desk = run(job())
    assert [at for at, _ in desk.channel.written] == pytest.approx([0.0, 1.0, 1.005])
    assert (desk.record.retries, desk.record.doubtful) == (1, False)


def test_noise_among_the_tries_raises_no_doubt_of_what_was_heard() -> None:
    def noisy_twice(n: int, request: bytes) -> list[Delivery]:
        return [(0.005, b"\x01\x02\x03\x04")] if n in {1, 3} else honest(n, request)

    async def job() -> Bench:
        desk = Bench(noisy_twice)
        desk.connection = NumberedConnection(ADDRESS)
        await desk.carry(read_codes(1, 2))
        return desk

    record = run(job()).record
    assert (record.retries, record.doubtful, record.unasked) == (2, False, False)


def test_an_answer_given_up_leaves_the_line_owing_nothing() -> None:
    async def job() -> Bench:
        desk = Bench(lambda *_: [], answer_timeout_s=1.0, late_window_s=30.0, tries=2)
        desk.connection = NumberedConnection(ADDRESS)
        with pytest.raises(ExchangeFailedError):
            await desk.carry(read_codes(1))
        return desk

    assert run(job()).carrier.debts.owed == 0


def test_a_try_that_brought_a_part_of_a_long_answer_does_not_count() -> None:
    async def job() -> tuple[int, Bench]:
        desk = Bench(a_part_to_each_first_request(), answer_timeout_s=1.0, tries=2)
        desk.connection = PartwiseConnection(parts=20)
        answer = await desk.carry(read_long())
        return answer, desk

    parts, desk = run(job())
    assert parts == 20
    assert desk.record.retries > desk.spec.tries


def test_a_meter_that_gives_parts_for_ever_is_given_up() -> None:
    async def job() -> tuple[Outcome, int]:
        desk = Bench(a_part_to_each_first_request(), answer_timeout_s=1.0, tries=2)
        desk.connection = PartwiseConnection(parts=1_000)
        with pytest.raises(ExchangeFailedError) as failed:
            await desk.carry(read_long())
        return failed.value.outcome, desk.record.retries

    outcome, retries = run(job())
    assert outcome is Outcome.SILENCE
    assert retries == TRIES_WITH_GAIN_MAX + 1


def test_a_connection_without_numbers_waits_for_what_may_still_come() -> None:
    def deaf_once(n: int, request: bytes) -> list[Delivery]:
        return [] if n == 1 else honest(n, request)

    async def job() -> list[float]:
        desk = Bench(deaf_once, answer_timeout_s=1.0, late_window_s=2.0)
        await desk.carry(read_codes(1, 2))
        return [at for at, _ in desk.channel.written]

    assert run(job())[2] == pytest.approx(4.0)
