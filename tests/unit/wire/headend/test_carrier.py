import pytest

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import Exchange
from kilovatt.wire.drivers.conversation import Answer, Conversation, MeterRefusedError
from kilovatt.wire.headend.channels import NoRouteError
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.record import ExchangeFailedError
from kilovatt.wire.protocols.framing.connection import LocalProtocolError
from unit.wire.headend.bench import (
    BEGINNING,
    Bench,
    Delivery,
    Open,
    Read,
    ReadLong,
    TreacherousConnection,
    answers,
    asks,
    honest,
    read_codes,
    refuses,
    run,
    value_of,
)


def flipped(data: bytes, at: int = 1) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


def test_a_conversation_is_carried_and_its_exchanges_are_numbered_and_kept() -> None:
    async def job() -> tuple[list[int], Bench]:
        desk = Bench(honest)
        return await desk.carry(read_codes(1, 2, 3)), desk

    values, desk = run(job())
    assert values == [value_of(code) for code in (1, 2, 3)]
    kept = desk.record.kept({1, 3})
    assert [(one.number, one.request, one.answer, one.took_ms, one.tries) for one in kept] == [
        (1, asks(1), answers(value_of(1)), 5, 1),
        (3, asks(3), answers(value_of(3)), 5, 1),
    ]
    assert (desk.record.exchanges_made, desk.record.retries, desk.record.doubtful) == (3, 0, False)


def test_an_answer_knows_when_it_was_heard_and_which_exchange_carried_it() -> None:
    def listen() -> Conversation[list[tuple[int, float]]]:
        first = yield Read(1)
        second = yield Read(2)
        return [(answer.exchange, (answer.heard_at - BEGINNING).total_seconds()) for answer in (first, second)]

    async def job() -> list[tuple[int, float]]:
        return await Bench(honest).carry(listen())

    assert run(job()) == [(1, 0.005), (2, 0.01)]


def test_a_conversation_that_asks_nothing_returns_at_once() -> None:
    async def job() -> tuple[list[int], list[bytes]]:
        desk = Bench(honest)
        return await desk.carry(read_codes()), desk.channel.requests

    assert run(job()) == ([], [])


def test_an_answer_may_come_byte_by_byte() -> None:
    def slowly(_: int, request: bytes) -> list[Delivery]:
        whole = answers(value_of(request[1]))
        return [(0.02 * (i + 1), whole[i : i + 1]) for i in range(len(whole))]

    async def job() -> tuple[list[int], int]:
        desk = Bench(slowly, quiet_s=0.03)
        return await desk.carry(read_codes(1, 2)), desk.record.retries

    assert run(job()) == ([value_of(1), value_of(2)], 0)


def test_an_answer_of_several_blocks_is_one_exchange() -> None:
    def read() -> Conversation[Answer[int]]:
        return (yield ReadLong(9))

    async def job() -> tuple[int, bytes, list[bytes]]:
        desk = Bench(honest)
        answer = await desk.carry(read())
        return answer.exchange, desk.record.kept({1})[0].answer, desk.channel.requests

    number, answer, requests = run(job())
    assert number == 1
    assert answer == answers(value_of(9)) + answers(value_of(0xFE))
    assert requests == [asks(9), asks(0xFE)]


def test_a_shorter_answer_than_awaited_is_understood_when_the_line_falls_silent() -> None:
    def refuse(_: int, request: bytes) -> list[Delivery]:
        return [(0.005, refuses(3))]

    async def job() -> None:
        await Bench(refuse).carry(read_codes(1))

    with pytest.raises(MeterRefusedError, match="access_denied"):
        run(job())


def test_silence_is_tried_again_and_then_named() -> None:
    async def job() -> tuple[ExchangeFailedError, Bench]:
        desk = Bench(lambda *_: [], answer_timeout_s=1.0, tries=3)
        with pytest.raises(ExchangeFailedError) as failed:
            await desk.carry(read_codes(1))
        return failed.value, desk

    failed, desk = run(job())
    assert failed.outcome is Outcome.SILENCE
    assert str(failed) == "Read: nothing came back (3 tries)"
    assert [at for at, _ in desk.channel.written] == [0.0, 1.0, 2.0]
    assert (desk.record.exchanges_made, desk.record.retries) == (1, 2)


def test_one_flipped_byte_costs_one_retry() -> None:
    def once(n: int, request: bytes) -> list[Delivery]:
        answer = answers(value_of(request[1]))
        return [(0.005, flipped(answer) if n == 1 else answer)]

    async def job() -> tuple[list[int], Bench]:
        desk = Bench(once, quiet_s=0.1)
        return await desk.carry(read_codes(1, 2)), desk

    values, desk = run(job())
    assert values == [value_of(1), value_of(2)]
    assert desk.record.retries == 1
    # The damaged answer was plainly the answer to the first try: nothing is owed, and nothing waited for.
    assert [round(at, 3) for at, _ in desk.channel.written] == [0.0, 0.105, 0.11]
    assert not desk.record.doubtful


def test_noise_without_end_is_named_with_what_came() -> None:
    async def job() -> ExchangeFailedError:
        desk = Bench(lambda *_: [(0.01, b"\xaa\xbb\xcc\xdd")])
        with pytest.raises(ExchangeFailedError) as failed:
            await desk.carry(read_codes(1))
        return failed.value

    failed = run(job())
    assert failed.outcome is Outcome.NOISE
    assert str(failed) == "Read: the check does not fit (3 tries); got aa bb cc dd"


def test_another_meters_answer_is_never_taken() -> None:
    async def job() -> ExchangeFailedError:
        desk = Bench(lambda *_: [(0.01, answers(5, 8))])
        with pytest.raises(ExchangeFailedError) as failed:
            await desk.carry(read_codes(1))
        return failed.value

    failed = run(job())
    assert failed.outcome is Outcome.ANOTHER_METER
    assert "wanted 7, got 8" in str(failed)


def test_a_password_shows_neither_in_what_is_kept_nor_in_words() -> None:
    def garbled(n: int, request: bytes) -> list[Delivery]:
        if request[1] == 1 and n < 3:
            return [(0.01, flipped(request, 0))]
        return [(0.005, answers(0))]

    def opened() -> Conversation[Answer[int]]:
        return (yield Open(b"\x31\x32"))

    async def job() -> tuple[Exchange, str]:
        desk = Bench(garbled)
        await desk.carry(opened())
        broken = Bench(lambda _, request: [(0.01, flipped(request, 0))])
        with pytest.raises(ExchangeFailedError) as failed:
            await broken.carry(opened())
        return desk.record.kept({1})[0], str(failed.value)

    kept, words = run(job())
    assert kept.request == b"\x07\x01**\x6b"
    assert words == "Open: the check does not fit (3 tries)"


def test_bytes_nobody_asked_for_are_dropped_before_the_next_request() -> None:
    async def job() -> tuple[list[int], Bench]:
        desk = Bench(honest, quiet_s=0.1)
        await desk.carry(read_codes(1))
        desk.channel.feed(answers(0x6666))
        return await desk.carry(read_codes(2)), desk

    values, desk = run(job())
    assert values == [value_of(2)]
    # The line had to be quiet first.
    assert round(desk.channel.written[1][0] - desk.channel.written[0][0], 3) == 0.105
    assert desk.record.unasked


def test_a_line_that_never_falls_silent_is_given_up() -> None:
    async def job() -> tuple[Outcome, list[bytes]]:
        desk = Bench(honest)
        await desk.carrier.open()

        def babble() -> None:
            desk.channel.feed(b"\x55")
            desk.carrier._loop.call_later(0.02, babble)

        babble()
        with pytest.raises(ExchangeFailedError, match="does not fall silent") as failed:
            await desk.carry(read_codes(1))
        return failed.value.outcome, desk.channel.requests

    assert run(job()) == (Outcome.NOISE, [])


def test_an_answer_that_dribbles_for_ever_is_cut_off() -> None:
    class Endless(TreacherousConnection):
        def receive(self, data: bytes) -> None:
            self._came = data

    def dribble(_: int, request: bytes) -> list[Delivery]:
        return [(0.05 * i, b"\x55") for i in range(1, 2_000)]

    async def job() -> tuple[Outcome, float]:
        desk = Bench(dribble, tries=1)
        desk.connection = Endless(7)
        with pytest.raises(ExchangeFailedError) as failed:
            await desk.carry(read_codes(1))
        return failed.value.outcome, desk.carrier._loop.time()

    outcome, ended = run(job())
    assert outcome is Outcome.NOISE
    assert ended == pytest.approx(16.0, abs=0.1)


def test_a_line_that_is_lost_ends_the_conversation_at_once() -> None:
    async def job() -> tuple[float, bool]:
        desk = Bench(lambda *_: [])
        await desk.carrier.open()
        desk.carrier._loop.call_later(0.3, desk.channel.lose, "the gateway closed the connection")
        with pytest.raises(NoRouteError, match="closed the connection"):
            await desk.carry(read_codes(1))
        return desk.carrier._loop.time(), desk.carrier.is_open

    assert run(job()) == (0.3, False)


def test_a_line_that_is_not_there_is_no_route() -> None:
    async def job() -> None:
        desk = Bench(honest)
        with pytest.raises(NoRouteError, match="not open"):
            await desk.carrier.carry(read_codes(1), desk.connection, desk.record)
        desk.channel.lost_because = "it rains"
        desk.carrier._channel = desk.channel
        with pytest.raises(NoRouteError, match="it rains"):
            await desk.carrier.carry(read_codes(1), desk.connection, desk.record)

    run(job())


def test_a_request_that_cannot_be_framed_is_told_to_who_awaits_it() -> None:
    async def job() -> None:
        await Bench(honest).carry(read_codes(999))

    with pytest.raises(LocalProtocolError, match="cannot be framed"):
        run(job())


def test_a_mistake_in_a_conversation_is_not_swallowed() -> None:
    def mistaken() -> Conversation[None]:
        yield Read(1)
        raise ZeroDivisionError("our bug")

    async def job() -> None:
        await Bench(honest).carry(mistaken())

    with pytest.raises(ZeroDivisionError):
        run(job())


def test_a_serial_bus_rests_after_each_answer() -> None:
    async def job() -> list[float]:
        desk = Bench(honest, LineSpec(line_id=1, url="serial:///dev/ttyUSB0"))
        await desk.carry(read_codes(1, 2, 3))
        return [round(at, 3) for at, _ in desk.channel.written]

    assert run(job()) == [0.0, 0.025, 0.05]


def test_closing_a_line_leaves_no_timer_behind() -> None:
    async def job() -> tuple[bool, bool, bool]:
        desk = Bench(honest)
        await desk.carry(read_codes(1))
        await desk.carrier.close()
        return desk.channel.closed, desk.carrier.is_open, desk.carrier._alarm.is_set

    assert run(job()) == (True, False, False)


def test_what_follows_a_conversation_is_carried_in_the_same_turn() -> None:
    async def job() -> tuple[list[int], list[tuple[float, bytes]], int]:
        desk = Bench(honest)
        await desk.carrier.open()
        following = iter([read_codes(2, 3), read_codes(), read_codes(4)])
        told: list[list[int]] = []

        def follow(values: list[int]) -> Conversation[list[int]] | None:
            told.append(values)
            return next(following, None)

        latest = await desk.carrier.carry(read_codes(1), desk.connection, desk.record, follow)
        assert told == [[value_of(1)], [value_of(2), value_of(3)], [], [value_of(4)]]
        return latest, desk.channel.written, desk.record.exchanges_made

    latest, written, exchanges = run(job())
    assert latest == [value_of(4)]
    assert [data for _, data in written] == [asks(number) for number in (1, 2, 3, 4)]
    assert [at for at, _ in written] == pytest.approx([0.0, 0.005, 0.010, 0.015])
    assert exchanges == 4


def test_what_goes_wrong_between_two_conversations_ends_both() -> None:
    def follow(values: list[int]) -> Conversation[list[int]] | None:
        raise ValueError(f"nothing follows {values}")

    async def job() -> None:
        desk = Bench(honest)
        await desk.carrier.open()
        with pytest.raises(ValueError, match=f"nothing follows .{value_of(1)}."):
            await desk.carrier.carry(read_codes(1), desk.connection, desk.record, follow)
        # The line is as good as before.
        assert await desk.carry(read_codes(2)) == [value_of(2)]

    run(job())
