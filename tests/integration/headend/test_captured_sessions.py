"""A session that was captured is served again as a meter, and says the same; no secret stands in what was written."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.catalogue import MODELS
from kilovatt.measure.metering.models import MeterModel, PasswordForm
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.addresses import address_rule, factory_address
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.explain.transcript import Transcript, TranscriptHead, parse_transcript
from kilovatt.wire.headend.captured import Capture
from kilovatt.wire.headend.one import read_one
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.faults import FaultKind
from kilovatt.wire.simulator.replayed import ReplayedBus, serve_replay
from kilovatt.wire.simulator.single import plan_single
from kilovatt.wire.simulator.town import Town

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
SERIAL = 41_906_467
PASSWORDS = {PasswordForm.DIGITS: "738291", PasswordForm.ASCII: "73829146", PasswordForm.NUMBER: "738291"}
TASK = ReadingTask(
    instant=True,
    register_days=(date(2026, 11, 23),),
    register_months=(date(2026, 11, 1),),
    profile_days=(date(2026, 11, 22), date(2026, 11, 23)),
    events=True,
)
# One of each language, and of each way a language goes over a line.
KINDS = {
    (model.language, model.password and model.password.form, type(model.dialect), address_rule(model).alone): model
    for model in MODELS
}
WITH_PASSWORD = [model for model in KINDS.values() if model.password is not None]


def password_of(model: MeterModel) -> str | None:
    """Return a password that stands nowhere else, as long as the model's may be."""
    if model.password is None:
        return None
    password = PASSWORDS[model.password.form]
    return password[: model.password.length_max].ljust(model.password.length_min, "5")


def forms_of(password: str) -> Iterator[bytes]:
    """Return a password in every form in which a language sends one."""
    yield password.encode()
    yield bytes(int(digit) for digit in password)
    yield int(password).to_bytes(4, "little")
    yield int(password).to_bytes(4, "big")


def address_of(model: MeterModel) -> MeterAddress:
    return MeterAddress(
        model=model,
        address=factory_address(model, SERIAL),
        serial=str(SERIAL),
        password=password_of(model),
        zone=MOSCOW,
    )


@dataclass(frozen=True)
class Captured:
    report: SessionReport
    text: str

    @property
    def transcript(self) -> Transcript:
        return parse_transcript(self.text)


async def captured(model: MeterModel, file: Path, url: str, task: ReadingTask) -> Captured:
    head = TranscriptHead(
        language=model.language.value, model=model.key, zone="Europe/Moscow", began_at=NOW, by="kilovatt 0.1.0"
    )
    with file.open("x", encoding="utf-8") as opened:
        report = await read_one(
            url,
            address_of(model),
            task,
            clock=TownClock(NOW),
            answer_timeout_s=0.25,
            quiet_s=0.03,
            capture=Capture(opened, head),
        )
    return Captured(report, await asyncio.to_thread(file.read_text))


async def captured_of_simulated(
    model: MeterModel, file: Path, *faults: FaultKind, task: ReadingTask = TASK
) -> Captured:
    plan = plan_single(
        model,
        now=NOW,
        port=0,
        serial=SERIAL,
        password=password_of(model),
        faults=frozenset({FaultKind.COVER, *faults}),
        late_by_s=0.3,
    )
    town = Town(plan)
    ports = await town.listen()
    try:
        return await captured(model, file, f"tcp://127.0.0.1:{ports['line-01']}", task)
    finally:
        await town.close()


async def replayed(
    transcript: Transcript, model: MeterModel, file: Path, *, task: ReadingTask = TASK, times: int = 1
) -> tuple[list[Captured], ReplayedBus]:
    bus = ReplayedBus(transcript)
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.ensure_future(serve_replay(transcript, bus, host="127.0.0.1", port=0, listening=port.set_result))
    try:
        url = f"tcp://127.0.0.1:{await port}"
        sessions = [await captured(model, file.with_suffix(f".{time}"), url, task) for time in range(times)]
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
    bus.fall_silent()
    return sessions, bus


def said(report: SessionReport) -> dict[str, object]:
    """What a session brought, without the instants at which we heard it and the fractions of a second between."""
    learnt = report.learnt
    return {
        "outcome": (report.outcome, report.detail, report.exchanges_made, report.retries),
        "identity": learnt.identity,
        "clock": learnt.clock and learnt.clock.taken_at,
        "instant": learnt.instant and replace(learnt.instant, taken_at=NOW),
        "registers": [(r.quantity, r.tariff, r.moment, r.value) for r in learnt.registers],
        "days": [(d.day_on, d.a_plus, d.a_minus, d.r_plus, d.qualities) for d in learnt.meter_days],
        "events": [(e.kind, e.began_at, e.ended_at, e.detail) for e in learnt.events],
        "answers": [(exchange.number, exchange.answer) for exchange in report.exchanges],
    }


@pytest.mark.parametrize("model", KINDS.values(), ids=lambda model: model.key)
def test_a_captured_session_is_read_again_with_the_same_report(model: MeterModel, tmp_path: Path) -> None:
    async def both() -> tuple[Captured, list[Captured], ReplayedBus]:
        first = await captured_of_simulated(model, tmp_path / "session")
        again, bus = await replayed(first.transcript, model, tmp_path / "again", times=2)
        return first, again, bus

    first, again, bus = asyncio.run(both())
    assert (first.report.outcome, first.report.detail) == (Outcome.OK, "")
    assert first.transcript.finished
    assert [said(session.report) for session in again] == [said(first.report)] * 2
    assert (bus.unheard, bus.first_unheard) == (0, b"")
    lines = [[burst.octets for burst in session.transcript.bursts if not burst.came] for session in (first, *again)]
    assert lines[1:] == lines[:1] * 2


@pytest.mark.parametrize("model", WITH_PASSWORD, ids=lambda model: model.key)
@pytest.mark.parametrize(
    "faults", [(), (FaultKind.ECHO,), (FaultKind.ECHO, FaultKind.NOISE, FaultKind.DROP)], ids="+".join
)
def test_no_password_is_in_any_capture(model: MeterModel, faults: tuple[FaultKind, ...], tmp_path: Path) -> None:
    session = asyncio.run(captured_of_simulated(model, tmp_path / "session", *faults))
    password = password_of(model)
    assert password is not None
    sent = [burst for burst in session.transcript.bursts if not burst.came]
    assert any(None in burst.octets for burst in sent)
    for burst in session.transcript.bursts:
        assert not any(form in burst.masked for form in forms_of(password))
    written = re.sub(r"\s", "", session.text)
    assert not any(form.hex().upper() in written for form in forms_of(password))
