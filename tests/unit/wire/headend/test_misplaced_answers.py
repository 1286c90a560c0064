"""An answer in the place of another comes to light where the shapes differ: then the whole session is in question."""

from collections import Counter

import pytest

from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.headend.session import Errand, read_meter
from unit.wire.headend.bench import (
    TASK,
    Bench,
    Delivery,
    Script,
    TreacherousDriver,
    answers,
    code_of,
    honest,
    meter_address,
    run,
    value_of,
)

LONGER = bytes.fromhex("07 01 02 03 04 11")
"""An answer to something else: longer than those that are wanted."""
RIGHT = answers(value_of(21))


def strange_once(came: bytes) -> Script:
    """The first answer to code 21 is not its own."""
    asked = Counter[int]()

    def script(n: int, request: bytes) -> list[Delivery]:
        asked[request[1]] += 1
        return [(0.005, came)] if request[1] == 21 and asked[21] == 1 else honest(n, request)

    return script


def read(script: Script) -> SessionReport:
    async def job() -> SessionReport:
        desk = Bench(script, answer_timeout_s=1.0, late_window_s=0.5)
        return await read_meter(Errand(77, meter_address(7), TASK), desk.carrier, desk.clock, TreacherousDriver())

    return run(job())


def values(report: SessionReport) -> dict[int, int]:
    return {code_of(register): register.value for register in report.learnt.registers}


def test_of_a_session_in_which_an_answer_came_in_the_place_of_another_nothing_is_believed() -> None:
    report = read(strange_once(LONGER))
    assert (report.outcome, report.failed_part) == (Outcome.NOISE, SessionPart.IDENTITY)
    assert "in the place of another" in report.detail
    assert values(report) == {}


@pytest.mark.parametrize("came", [RIGHT[:2], RIGHT[1:], RIGHT[:3] + bytes((RIGHT[3] ^ 0x40,))])
def test_an_answer_that_was_damaged_or_cut_short_is_no_other(came: bytes) -> None:
    report = read(strange_once(came))
    assert report.outcome is Outcome.OK
    assert values(report) == {code: value_of(code) for code in (10, 20, 21, 30, 31)}
