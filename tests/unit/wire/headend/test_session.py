"""One session with a meter: what is read, what is taken back, and what the report says of it."""

from datetime import timedelta

import pytest

from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from one_session import except_for, honestly, read, values
from unit.wire.headend.bench import (
    BEGINNING,
    Delivery,
    TreacherousDriver,
    answers,
    honest,
    refuses,
    value_of,
)


def test_a_meter_is_read_whole_and_its_report_says_so() -> None:
    done = read(honest)
    report = done.report
    assert (report.meter_id, report.outcome, report.failed_part, report.detail) == (77, Outcome.OK, None, "")
    assert report.language == "mercury-v1"
    assert values(report) == honestly(10, 20, 21, 30, 31)
    assert [one.number for one in report.exchanges] == [1, 2, 3, 4, 5]
    assert (report.exchanges_made, report.retries) == (5, 0)
    assert (report.started_at, report.ended_at) == (BEGINNING, BEGINNING + timedelta(seconds=0.025))


def test_only_exchanges_that_carried_something_learnt_are_kept() -> None:
    driver = TreacherousDriver(opens=True)
    done = read(except_for(_1=[(0.005, answers(0))]), driver=driver)
    assert done.report.outcome is Outcome.OK
    assert [one.number for one in done.report.exchanges] == [2, 3, 4, 5, 6]
    assert done.report.exchanges_made == 6
    assert all(b"\x31\x32" not in one.request for one in done.report.exchanges)


def test_a_silent_meter_holds_the_line_for_its_tries_and_the_drain() -> None:
    done = read(lambda *_: [], tries=3)
    assert done.report.outcome is Outcome.SILENCE
    assert done.took_s == pytest.approx(3 * 1.0)
    assert done.desk.carrier.debts.until == pytest.approx(3 * 1.0 + 0.5)


def test_a_meter_that_fell_silent_gets_two_tries_more_and_ends_the_session() -> None:
    done = read(except_for(_20=[]), tries=3)
    report = done.report
    assert (report.outcome, report.failed_part) == (Outcome.SILENCE, SessionPart.REGISTERS)
    assert values(report) == honestly(10)
    assert done.took_s == pytest.approx(0.005 + 5 * 1.0)
    assert done.desk.carrier.debts.until == pytest.approx(0.005 + 5 * 1.0 + 0.5)


def test_after_noise_the_other_parts_are_read() -> None:
    done = read(except_for(_21=[(0.005, b"\x01\x02\x03\x04")]))
    assert (done.report.outcome, done.report.failed_part) == (Outcome.NOISE, SessionPart.REGISTERS)
    assert values(done.report) == honestly(10, 30, 31)


def test_a_long_answer_on_a_noisy_line_is_asked_for_ten_times() -> None:
    asked = 0

    def script(n: int, request: bytes) -> list[Delivery]:
        nonlocal asked
        asked += request[1] == 20
        if request[1] == 20 and asked < 10:
            return [(0.005, answers(value_of(20))[:3] + b"\x00")]
        return honest(n, request)

    done = read(script, tries=3, quiet_s=0.1)
    assert done.report.outcome is Outcome.OK
    assert done.report.retries == 9
    # Each damaged answer was the answer, damaged: nothing was owed, nothing drained.
    assert done.took_s == pytest.approx(5 * 0.005 + 9 * 0.105)


def test_noise_and_silence_in_turn_are_noise_and_the_other_parts_are_read() -> None:
    def script(n: int, request: bytes) -> list[Delivery]:
        if request[1] == 20:
            return [(0.005, b"\x01\x02\x03\x04")] if n % 2 else []
        return honest(n, request)

    done = read(script, tries=1)
    assert (done.report.outcome, done.report.failed_part) == (Outcome.NOISE, SessionPart.REGISTERS)
    assert values(done.report) == honestly(10, 30, 31)
    assert done.report.detail == "Read: nothing came back (5 tries); noise came to others"


def test_after_a_refusal_the_other_parts_are_read() -> None:
    done = read(except_for(_10=[(0.005, refuses(3))]))
    assert (done.report.outcome, done.report.failed_part) == (Outcome.ACCESS_DENIED, SessionPart.IDENTITY)
    assert done.report.detail == "Read was refused: access_denied (status 3)"
    assert values(done.report) == honestly(20, 21, 30, 31)


def test_a_line_too_noisy_is_left_after_two_parts() -> None:
    parts = tuple((SessionPart.PROFILE, (code,)) for code in range(30, 40))
    noise = {f"_{code}": [(0.005, b"\x01\x02\x03\x04")] for code in range(31, 40)}
    done = read(except_for(**noise), driver=TreacherousDriver(parts))
    assert done.report.outcome is Outcome.NOISE
    assert {request[1] for request in done.desk.channel.requests} == {30, 31, 32}
    assert values(done.report) == honestly(30)


def test_an_answer_that_makes_no_sense_stops_its_part_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    done = read(except_for(_20=[(0.005, answers(0xDEAD))]))
    assert (done.report.outcome, done.report.failed_part) == (Outcome.NOISE, SessionPart.REGISTERS)
    assert done.report.detail == "the answer makes no sense: ValueError: no such date"
    assert values(done.report) == honestly(10, 30, 31)
    assert "could not be understood" in caplog.text


def test_an_answer_its_conversation_finds_no_sense_in_stops_its_part_and_nothing_else() -> None:
    done = read(except_for(_20=[(0.005, answers(0xDEAF))]))
    assert (done.report.outcome, done.report.failed_part) == (Outcome.NOISE, SessionPart.REGISTERS)
    assert done.report.detail == "no such month"
    assert values(done.report) == honestly(10, 30, 31)


def test_a_wrong_password_is_named_and_nothing_is_read() -> None:
    driver = TreacherousDriver(opens=True)

    def refusing(n: int, request: bytes) -> list[Delivery]:
        return [(0.005, answers(9))]

    done = read(refusing, driver=driver)
    assert (done.report.outcome, done.report.failed_part) == (Outcome.WRONG_PASSWORD, SessionPart.OPENING)
    assert done.report.learnt.is_empty
    assert len(done.desk.channel.requests) == 1


def test_another_serial_number_takes_back_everything() -> None:
    parts = ((SessionPart.REGISTERS, (20,)), (SessionPart.IDENTITY, (10,)), (SessionPart.PROFILE, (30,)))
    done = read(honest, driver=TreacherousDriver(parts, serial=4711))
    assert (done.report.outcome, done.report.failed_part) == (Outcome.ANOTHER_METER, SessionPart.IDENTITY)
    assert done.report.learnt.is_empty
    assert done.report.exchanges == ()
    assert [request[1] for request in done.desk.channel.requests] == [20, 10]


def test_another_meters_answers_end_the_session_and_leave_what_was_read() -> None:
    done = read(except_for(_20=[(0.005, answers(1, 8))]))
    assert done.report.outcome is Outcome.ANOTHER_METER
    assert values(done.report) == honestly(10)
