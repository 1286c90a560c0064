"""The head-end and СПОДЭС meters that know keys: everything a reader reads, proved and ciphered, over real TCP."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.cosem import ConfiguratorProof
from kilovatt.measure.metering.catalogue.spodes import SpodesDialect
from kilovatt.measure.metering.invocation_counters import counter_by_clock
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.registers import Quantity
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.headend.one import read_one
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter, Keys
from kilovatt.wire.protocols.framing.connection import LocalProtocolError
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.gateway import Line, LineGateway
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.spodes import SpodesMeter
from simulated_spodes import ADDRESS, ENERGY, HOST, KEYS, NOW, SERIAL, ZONE, interval, register_wh

SECRET = b"0000000100000001"
DAY_ON = date(2026, 11, 22)
WHOLE = ReadingTask(
    instant=True,
    register_days=(date(2026, 11, 24),),
    register_months=(date(2026, 11, 1),),
    profile_days=(DAY_ON,),
    events=True,
)


def row(**dialect: Any) -> MeterModel:  # noqa: ANN401  # options of a dialect
    return replace(model_by_key("spodes-3ph"), dialect=SpodesDialect(**dialect))


def simulated(model: MeterModel, keys: Keys | None = KEYS, **plan: Any) -> SpodesMeter:  # noqa: ANN401  # of a plan
    return SpodesMeter(
        SimulatedMeterPlan(model=model, serial=SERIAL, address=ADDRESS, zone=ZONE, energy=ENERGY, keys=keys, **plan)
    )


def address(model: MeterModel, **more: Any) -> MeterAddress:  # noqa: ANN401  # fields of an address
    given: dict[str, Any] = {"keys": KEYS, "counter": InvocationCounter(counter_by_clock(NOW))} | more
    return MeterAddress(model=model, address=ADDRESS, serial=str(SERIAL), zone=ZONE, **given)


def read(
    meter: SpodesMeter,
    *addresses: MeterAddress,
    task: ReadingTask = WHOLE,
    through: Callable[[bytes], bytes] | None = None,
) -> list[SessionReport]:
    """Read a meter by one address after another. `through`: what becomes of its answers on their way."""
    answers = meter.hear

    def heard(frame: bytes, now: datetime) -> bytes | None:
        answer = answers(frame, now)
        return answer if answer is None or through is None else through(answer)

    async def job() -> list[SessionReport]:
        meter.hear = heard  # type: ignore[method-assign]  # a line that changes what goes over it
        gateway = LineGateway(Line(Bus([meter]), TownClock(NOW, rate=0)))
        port = await gateway.listen(HOST, 0)
        try:
            url = f"tcp://{HOST}:{port}"
            clock = TownClock(NOW, rate=0)
            return [await read_one(url, one, task, clock=clock, answer_timeout_s=0.3) for one in addresses]
        finally:
            await gateway.close()

    return asyncio.run(job())


@pytest.mark.parametrize("over_wrapper", [False, True], ids=["hdlc", "wrapper"])
@pytest.mark.parametrize("general", [False, True], ids=["service tags", "general ciphering"])
def test_everything_is_read_by_a_configurator_with_his_keys(over_wrapper: bool, general: bool) -> None:
    model = row(over_wrapper=over_wrapper, general_ciphering=general)
    (report,) = read(simulated(model), address(model))
    assert (report.outcome, report.detail) == (Outcome.OK, "")
    (total,) = [
        one for one in report.learnt.registers if (one.quantity, one.tariff, one.taken_at) == (Quantity.A_PLUS, 0, NOW)
    ]
    assert total.value == register_wh(Quantity.A_PLUS)
    (day,) = [one for one in report.learnt.meter_days if one.day_on == DAY_ON]
    assert day.a_plus is not None
    midnight = datetime(2026, 11, 21, 21, tzinfo=UTC)
    assert list(day.a_plus) == [interval(midnight + timedelta(minutes=30) * slot)[0] for slot in range(1, 49)]
    kept = b"".join(exchange.request + exchange.answer for exchange in report.exchanges)
    assert KEYS.encryption not in kept
    assert str(SERIAL).encode() not in kept


def test_a_configurator_with_a_secret_of_his_own_is_let_in_with_and_without_ciphering() -> None:
    aes = ConfiguratorProof.AES
    for keys in (None, KEYS):
        model = row(configurator_proof=aes)
        (report,) = read(simulated(model, keys, hls_secret=SECRET), address(model, keys=keys, hls_secret=SECRET))
        assert (report.outcome, report.detail) == (Outcome.OK, "")


def test_a_configurator_of_nartis_is_let_in_with_the_password_of_the_factory() -> None:
    model = replace(model_by_key("nartis-i300"))
    meter = simulated(model, None)
    begun_at = InvocationCounter(counter_by_clock(NOW))
    (report,) = read(meter, address(model, keys=None, access_level=2, counter=begun_at))
    assert (report.outcome, report.detail) == (Outcome.OK, "")
    wrong = address(model, keys=None, access_level=2, password="0000000100000002")
    (report,) = read(meter, wrong)
    assert report.outcome is Outcome.WRONG_PASSWORD
    assert "0000000100000002" not in report.detail


def test_without_keys_it_is_read_as_a_reader_with_his_password() -> None:
    model = row()
    (report,) = read(simulated(model), address(model, keys=None, counter=None))
    assert (report.outcome, report.detail) == (Outcome.OK, "")


@pytest.mark.parametrize(
    ("more", "words"),
    [({"keys": None, "access_level": 2}, "needs its keys"), ({"counter": None}, "want an invocation counter")],
    ids=["no keys", "no counter"],
)
def test_a_configurator_without_what_he_needs_is_refused_before_anything_is_opened(
    more: dict[str, Any], words: str
) -> None:
    model = row()
    with pytest.raises(LocalProtocolError, match=words):
        read(simulated(model), address(model, **more))


@pytest.mark.parametrize("over_wrapper", [False, True], ids=["hdlc", "wrapper"])
@pytest.mark.parametrize(
    "wrong", [replace(KEYS, encryption=bytes(16)), replace(KEYS, authentication=bytes(16))], ids=["EK", "AK"]
)
def test_a_wrong_key_brings_no_value_and_shows_in_no_report(over_wrapper: bool, wrong: Keys) -> None:
    model = row(over_wrapper=over_wrapper)
    (report,) = read(simulated(model), address(model, keys=wrong))
    assert report.outcome in {Outcome.REFUSED, Outcome.WRONG_PASSWORD}
    assert report.failed_part is SessionPart.OPENING
    assert report.learnt.is_empty
    assert KEYS.encryption.hex() not in repr(report)


def test_a_counter_goes_on_from_session_to_session_and_above_what_the_meter_has_had() -> None:
    model = row()
    meter, counter = simulated(model), InvocationCounter(1)
    own = address(model, counter=counter)
    reports = read(meter, own, own, task=ReadingTask())
    assert [report.outcome for report in reports] == [Outcome.OK, Outcome.OK]
    used = counter.next
    behind = InvocationCounter(1)
    (report,) = read(meter, address(model, counter=behind), task=ReadingTask())
    assert report.outcome is Outcome.OK
    assert behind.next > used


def test_a_counter_that_was_used_is_refused_by_a_meter_that_does_not_tell_which_are() -> None:
    model = row(counter_obis=None, over_wrapper=True)
    meter = simulated(model)
    first, second = read(
        meter,
        address(model, counter=InvocationCounter(1000)),
        address(model, counter=InvocationCounter(1)),
        task=ReadingTask(),
    )
    assert (first.outcome, second.outcome) == (Outcome.OK, Outcome.REFUSED)
    assert second.learnt.is_empty


def test_a_meter_of_the_standards_letter_that_tells_no_counter_is_read_by_the_clock() -> None:
    model = row(counter_obis="0.0.43.1.7.255")
    meter = simulated(row())
    (report,) = read(meter, address(model), task=ReadingTask())
    assert (report.outcome, report.detail) == (Outcome.OK, "")


def test_an_answer_with_a_flipped_bit_is_never_a_value() -> None:
    model = row(over_wrapper=True)
    flipped: list[bytes] = []

    def flip(answer: bytes) -> bytes:
        # Of ciphered answers only, and not in the wrapper's header: the tag alone protects what is in there.
        if answer[8] not in {0xCC, 0xCF}:
            return answer
        place = 8 + 9 + len(flipped) * 7 % (len(answer) - 17)
        changed = bytearray(answer)
        changed[place] ^= 1 << len(flipped) % 8
        flipped.append(answer)
        return bytes(changed)

    (report,) = read(simulated(model), address(model), task=ReadingTask(), through=flip)
    assert flipped
    assert report.outcome is Outcome.NOISE
    assert report.learnt.is_empty


def test_an_answer_that_was_heard_before_is_never_a_value() -> None:
    model = row(over_wrapper=True)
    heard: list[bytes] = []

    def replay(answer: bytes) -> bytes:
        if answer[8] != 0xCC:
            return answer
        heard.append(answer)
        return heard[0]

    (report,) = read(simulated(model), address(model), task=ReadingTask(), through=replay)
    assert len(heard) > 1
    assert report.outcome is Outcome.NOISE
    # The serial number was the first answer, and true.
    assert report.learnt.registers == ()
    assert report.learnt.clock is None


@pytest.mark.parametrize("knows_counter", [True, False], ids=["counter told", "counter kept"])
def test_a_whole_session_that_was_recorded_is_no_meter(knows_counter: bool) -> None:
    model = row(over_wrapper=True, counter_obis="0.0.43.1.0.255" if knows_counter else None)
    recorded: list[bytes] = []
    counter = InvocationCounter(counter_by_clock(NOW))

    def record(answer: bytes) -> bytes:
        recorded.append(answer)
        return answer

    (true,) = read(simulated(model), address(model, counter=counter), task=ReadingTask(), through=record)
    assert true.outcome is Outcome.OK
    played = iter(recorded)
    (false,) = read(
        simulated(model),
        address(model, counter=counter),
        task=ReadingTask(),
        through=lambda answer: next(played, answer),
    )
    assert (false.outcome, false.failed_part) == (Outcome.NOISE, SessionPart.OPENING)
    assert false.learnt.is_empty
