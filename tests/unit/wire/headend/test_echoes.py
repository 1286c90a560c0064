"""Adapters that hear themselves: an echo is known by repeating the request, byte for byte, and being followed."""

import pytest

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.headend.record import ExchangeFailedError
from unit.wire.headend.bench import Bench, Delivery, Script, answers, asks, honest, read_codes, run, value_of


def carried(script: Script, *codes: int, **settings: float) -> tuple[list[int], Bench]:
    async def job() -> tuple[list[int], Bench]:
        desk = Bench(script, **settings)
        return await desk.carry(read_codes(*codes)), desk

    return run(job())


def test_an_echo_before_the_answer_is_taken_away() -> None:
    values, desk = carried(lambda n, request: [(0.001, request), *honest(n, request)], 1, 2)
    assert values == [value_of(1), value_of(2)]
    assert desk.carrier.echo.echoes is True
    assert desk.record.kept({1})[0].answer == answers(value_of(1))


def test_an_echo_and_the_answer_may_come_in_one_piece() -> None:
    values, _ = carried(lambda _, request: [(0.005, request + answers(value_of(request[1])))], 1, 2)
    assert values == [value_of(1), value_of(2)]


def test_an_echo_may_come_byte_by_byte() -> None:
    def script(n: int, request: bytes) -> list[Delivery]:
        return [(0.001 * i, request[i : i + 1]) for i in range(len(request))] + honest(n, request)

    values, _ = carried(script, 1, 2)
    assert values == [value_of(1), value_of(2)]


def test_a_meter_may_think_longer_after_an_echo_than_a_gap_within_an_answer_lasts() -> None:
    def script(_: int, request: bytes) -> list[Delivery]:
        return [(0.001, request), (0.7, answers(value_of(request[1])))]

    values, desk = carried(script, 1, 2, quiet_s=0.05, answer_timeout_s=1.0)
    assert values == [value_of(1), value_of(2)]
    assert desk.record.retries == 0


def test_a_line_that_does_not_echo_is_known_by_its_first_answer() -> None:
    _, desk = carried(honest, 1)
    assert desk.carrier.echo.echoes is False


def test_a_line_that_begins_to_echo_is_noticed_on_the_next_try() -> None:
    """An adapter was changed: until now answers came without an echo."""

    def script(n: int, request: bytes) -> list[Delivery]:
        return honest(n, request) if n == 1 else [(0.001, request), (0.4, answers(value_of(request[1])))]

    values, desk = carried(script, 1, 2, quiet_s=0.05, answer_timeout_s=1.0, late_window_s=0.5)
    assert values == [value_of(1), value_of(2)]
    assert desk.carrier.echo.echoes is True


def test_a_damaged_echo_costs_a_try_and_nothing_more() -> None:
    def script(n: int, request: bytes) -> list[Delivery]:
        echo = b"\x63" + request[1:] if n == 2 else request
        return [(0.001, echo), *honest(n, request)]

    values, desk = carried(script, 1, 2, answer_timeout_s=1.0, late_window_s=0.5)
    assert values == [value_of(1), value_of(2)]
    assert desk.record.retries == 1


@pytest.mark.parametrize(("answered_before", "tries"), [(False, 3), (True, 5)])
def test_only_an_echo_is_named_an_echo(answered_before: bool, tries: int) -> None:
    def script(n: int, request: bytes) -> list[Delivery]:
        return [(0.001, request), *(honest(n, request) if request[1] == 1 else [])]

    async def job() -> ExchangeFailedError:
        desk = Bench(script)
        with pytest.raises(ExchangeFailedError) as failed:
            await desk.carry(read_codes(*([1, 2] if answered_before else [2])))
        return failed.value

    failed = run(job())
    assert failed.outcome is Outcome.ECHO
    assert str(failed) == f"Read: only the request itself came back ({tries} tries)"


def test_silence_on_a_line_that_echoes_is_silence_of_the_adapter_too() -> None:
    """Not even the echo comes: the adapter itself is gone."""

    def script(n: int, request: bytes) -> list[Delivery]:
        return [(0.001, request), *honest(n, request)] if request[1] == 1 else []

    async def job() -> ExchangeFailedError:
        desk = Bench(script)
        with pytest.raises(ExchangeFailedError) as failed:
            await desk.carry(read_codes(1, 2))
        return failed.value

    assert run(job()).outcome is Outcome.SILENCE


@pytest.mark.parametrize(("known", "waited_s"), [(True, 0.11), (False, 1.0)])
def test_an_answer_equal_to_its_request_is_taken_where_the_line_does_not_echo(known: bool, waited_s: float) -> None:
    """Known by an earlier answer without an echo, or since nothing follows within the time of an answer."""

    async def job() -> tuple[list[int], float]:
        desk = Bench(lambda n, request: [(0.005, asks(0))] if request[1] == 0 else honest(n, request), quiet_s=0.1)
        values = await desk.carry(read_codes(*([1, 0] if known else [0])))
        return values, desk.carrier._loop.time()

    values, took_s = run(job())
    assert values == ([value_of(1), 0] if known else [0])
    assert took_s == pytest.approx(waited_s)
