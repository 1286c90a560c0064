"""Commands to a simulated Mercury V2: relay, power limit, clock, and what proves them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.commands import (
    CloseRelay,
    Command,
    NotSentReason,
    OpenRelay,
    PermitRelay,
    Proof,
    ReadBack,
    SetClock,
    SetPowerLimit,
    SetTariffTable,
    ShiftClock,
    TariffMark,
)
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.drivers.conversation import (
    Answer,
    CommandingDriver,
    CommandNotSentError,
    Conversation,
    MeterAddress,
    MeterRefusedError,
    SendOnce,
)
from kilovatt.wire.drivers.mercury_v2.driver import MercuryV2Driver
from kilovatt.wire.protocols.framing.connection import Answered, RefusalReason
from kilovatt.wire.protocols.mercury_v2 import writes
from simulated_v2 import ADDRESS, M234, M234_R, MOSCOW, NOW, silent_meter

DRIVER: CommandingDriver = MercuryV2Driver()
ResultT = TypeVar("ResultT")


class Commanded:
    """A meter and what time it is; each conversation has a session of its own."""

    def __init__(self, model: Any = M234_R, ahead: timedelta = timedelta(0), now: datetime = NOW) -> None:  # noqa: ANN401  # a row
        self.meter = silent_meter(model=model, ahead=ahead)
        self.now = now
        self.told: list[Any] = []
        self.address = MeterAddress(model=model, address=ADDRESS, access_level=2, zone=MOSCOW)

    def command(self, command: Command, **at: Any) -> None:  # noqa: ANN401  # fields of an address
        address = replace(self.address, **at)
        self.carry(address, DRIVER.command(address, command, now=self.now))

    def read_back(self, command: Command) -> ReadBack:
        return self.carry(self.address, DRIVER.read_back(self.address, command))

    def carry(self, address: MeterAddress, conversation: Conversation[ResultT]) -> ResultT:
        self._carry(address, DRIVER.opening(address))
        return self._carry(address, conversation)

    def _carry(self, address: MeterAddress, conversation: Conversation[ResultT]) -> ResultT:
        connection = DRIVER.connection(address)
        answer: Answer[Any] | None = None
        try:
            while True:
                request = conversation.send(answer)  # type: ignore[arg-type]  # None starts a generator
                if isinstance(request, SendOnce):
                    request = request.request
                    self.told.append(request)
                heard = self.meter.hear(connection.send(request).data, self.now)
                assert heard is not None
                event = connection.receive(heard) or connection.quiet()
                assert isinstance(event, Answered)
                answer = Answer(event.value, 1, self.now)
        except StopIteration as stop:
            result: ResultT = stop.value
            return result


def test_the_relay_is_opened_and_closed_and_its_load_word_proves_it() -> None:
    meter = Commanded()
    assert meter.read_back(OpenRelay()).proof is Proof.NOT_SO
    meter.command(OpenRelay())
    assert (meter.read_back(OpenRelay()).proof, meter.read_back(CloseRelay()).proof) == (Proof.CONFIRMED, Proof.NOT_SO)
    meter.command(CloseRelay())
    assert meter.read_back(CloseRelay()).shown == "off=false,by_command=false"
    assert meter.told == [writes.SwitchLoad(is_off=True), writes.SwitchLoad(is_off=False)]


def test_a_power_limit_is_set_and_watched() -> None:
    meter = Commanded()
    command = SetPowerLimit(7500)
    assert meter.read_back(command).proof is Proof.NOT_SO
    meter.command(command)
    assert meter.read_back(command).shown == "limit_mw=7500000,watched=true"
    assert meter.read_back(command).proof is Proof.CONFIRMED
    assert meter.read_back(SetPowerLimit(7600)).proof is Proof.NOT_SO


def test_a_clock_is_set_to_our_time_or_another() -> None:
    meter = Commanded(M234, ahead=timedelta(hours=2))
    meter.command(SetClock(NOW))
    assert meter.read_back(SetClock(NOW)).proof is Proof.CONFIRMED
    ahead = SetClock(NOW + timedelta(minutes=10), at=NOW)
    assert meter.read_back(ahead).proof is Proof.NOT_SO
    meter.now += timedelta(hours=5)
    meter.command(ahead)
    assert meter.read_back(ahead).shown == "ahead_s=600"


def test_a_correction_takes_as_long_as_it_is() -> None:
    meter = Commanded(M234, ahead=timedelta(seconds=100))
    command = ShiftClock(-100, ahead_s=100)
    meter.command(command, access_level=1)
    assert meter.read_back(command).proof is Proof.NOT_SO
    meter.now += timedelta(seconds=50)
    halfway = meter.read_back(command)
    assert (halfway.proof, halfway.shown) == (Proof.CANNOT_TELL, "ahead_s=50,slewing=true")
    meter.now += timedelta(seconds=50)
    assert meter.read_back(command).proof is Proof.CONFIRMED
    assert meter.read_back(ShiftClock(-100)).proof is Proof.CANNOT_TELL
    assert meter.read_back(ShiftClock(100, ahead_s=40)).proof is Proof.NOT_SO
    with pytest.raises(CommandNotSentError) as refused:
        meter.command(command)
    assert refused.value.reason is NotSentReason.CLOCK_ELSEWHERE


def test_a_second_correction_in_one_day_is_refused_by_the_meter() -> None:
    meter = Commanded(M234)
    meter.command(ShiftClock(5))
    meter.now += timedelta(minutes=1)
    with pytest.raises(MeterRefusedError) as refused:
        meter.command(ShiftClock(5))
    assert refused.value.reason is RefusalReason.CLOCK_ALREADY_CORRECTED
    assert refused.value.outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("model", "command", "more", "reason"),
    [
        (M234, OpenRelay(), {}, NotSentReason.NOT_TAKEN),
        (M234_R, PermitRelay(), {}, NotSentReason.NOT_TAKEN),
        (M234_R, OpenRelay(), {"access_level": 1}, NotSentReason.ANOTHER_ROLE),
        (M234_R, SetPowerLimit(200_000), {}, NotSentReason.BAD_VALUE),
        (M234_R, ShiftClock(241), {}, NotSentReason.SHIFT_TOO_LARGE),
        (replace(M234_R, commands=frozenset({PermitRelay.kind})), PermitRelay(), {}, NotSentReason.NOT_TAKEN),
    ],
)
def test_what_cannot_be_is_not_sent(
    model: Any,  # noqa: ANN401  # a row
    command: Command,
    more: dict[str, Any],
    reason: NotSentReason,
) -> None:
    meter = Commanded(model)
    with pytest.raises(CommandNotSentError) as refused:
        meter.command(command, **more)
    assert (refused.value.reason, meter.told) == (reason, [])
    assert model_by_key(meter.address.model.key) is not None


def test_a_correction_across_midnight_waits() -> None:
    meter = Commanded(M234, now=datetime(2026, 11, 24, 20, 59, tzinfo=UTC))
    with pytest.raises(CommandNotSentError, match="across midnight"):
        meter.command(ShiftClock(90))
    assert meter.read_back(PermitRelay()).proof is Proof.CANNOT_TELL


# ── Tariffs ─────────────────────────────────────────────────────────────────────────────────────────────────────────

NIGHT_AND_DAY = SetTariffTable((TariffMark(0, 2), TariffMark(420, 1), TariffMark(1380, 2)))


def test_a_tariff_table_is_written_for_all_days_in_two_halves_and_read_back() -> None:
    meter = Commanded(M234)
    assert meter.read_back(NIGHT_AND_DAY).proof in {Proof.NOT_SO, Proof.CONFIRMED}
    meter.command(NIGHT_AND_DAY)
    assert [request.selection.half for request in meter.told] == [1, 0]
    assert all(len(request.selection.months) * len(request.selection.days) == 96 for request in meter.told)
    found = meter.read_back(NIGHT_AND_DAY)
    assert (found.proof, found.shown) == (Proof.CONFIRMED, "table=active,marks=0:2/420:1/1380:2")
    other = SetTariffTable((TariffMark(0, 1),))
    assert meter.read_back(other).proof is Proof.NOT_SO
    meter.command(other)
    assert meter.read_back(other).proof is Proof.CONFIRMED
    assert meter.read_back(NIGHT_AND_DAY).shown == "table=active,marks=0:1"


def test_more_marks_than_half_a_table_has_go_to_the_other_half() -> None:
    meter = Commanded(M234)
    command = SetTariffTable(tuple(TariffMark(place * 90, place % 2 + 1) for place in range(16)))
    meter.command(command)
    assert meter.read_back(command).proof is Proof.CONFIRMED


@pytest.mark.parametrize(
    "command",
    [
        SetTariffTable((TariffMark(0, 1),), NOW),
        SetTariffTable((TariffMark(0, 5),)),
        SetTariffTable(tuple(TariffMark(place * 60, 1) for place in range(17))),
    ],
    ids=["in waiting", "a fifth tariff", "seventeen marks"],
)
def test_a_table_that_this_meter_cannot_have_is_not_sent(command: SetTariffTable) -> None:
    meter = Commanded(M234)
    with pytest.raises(CommandNotSentError) as refused:
        meter.command(command)
    assert (refused.value.reason, meter.told) == (NotSentReason.BAD_VALUE, [])
