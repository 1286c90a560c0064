"""A session that was captured is served again as a meter, and says the same; no secret stands in what was written."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kilovatt.measure.metering.catalogue import MODELS, model_by_key
from kilovatt.measure.metering.invocation_counters import counter_by_clock
from kilovatt.measure.metering.models import MeterModel, PasswordForm
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.addresses import address_rule, factory_address
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.explain import OpeningKeys, explainer
from kilovatt.wire.explain.transcript import Transcript, TranscriptHead, parse_transcript
from kilovatt.wire.headend.captured import Capture
from kilovatt.wire.headend.one import read_one
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter, Keys
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.faults import FaultKind
from kilovatt.wire.simulator.gateway import Line, LineGateway
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.replayed import ReplayedBus, serve_replay
from kilovatt.wire.simulator.single import plan_single
from kilovatt.wire.simulator.spodes import SpodesMeter
from kilovatt.wire.simulator.town import Town
from simulated_spodes import ENERGY

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


async def captured(
    model: MeterModel, file: Path, url: str, task: ReadingTask, address: MeterAddress | None = None
) -> Captured:
    head = TranscriptHead(
        language=model.language.value, model=model.key, zone="Europe/Moscow", began_at=NOW, by="kilovatt 0.1.0"
    )
    with file.open("x", encoding="utf-8") as opened:
        report = await read_one(
            url,
            address or address_of(model),
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
        # Not how often it was asked again: that is the machine's load.
        "outcome": (report.outcome, report.detail, report.exchanges_made),
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


def test_what_a_secret_could_be_tried_out_with_is_in_no_capture(tmp_path: Path) -> None:
    """A challenge and its proof by AES (mechanism 2): with both, a machine could try out passwords of digits."""
    model = model_by_key("nartis-i300")
    password = "7382914655918273"
    address = replace(
        address_of(model), access_level=2, password=password, counter=InvocationCounter(counter_by_clock(NOW))
    )

    async def session() -> Captured:
        town = Town(plan_single(model, now=NOW, port=0, serial=SERIAL))
        ports = await town.listen()
        try:
            return await captured(model, tmp_path / "session", f"tcp://127.0.0.1:{ports['line-01']}", TASK, address)
        finally:
            await town.close()

    done = asyncio.run(session())
    # The meter has the password of the factory: it answers the proof, and denies.
    assert done.report.outcome is Outcome.WRONG_PASSWORD
    sent = [burst for burst in done.transcript.bursts if not burst.came]
    challenged, proved = [burst.octets for burst in sent if None in burst.octets]
    # Each is one block of AES, and the checksum that would betray a byte of it.
    assert min(challenged.count(None), proved.count(None)) >= 16
    cipher = Cipher(algorithms.AES(password.encode()), modes.ECB())
    for burst in done.transcript.bursts:
        seen = burst.masked
        for at in range(len(seen) - 15):
            proof = cipher.encryptor().update(seen[at : at + 16])
            assert not any(proof in other.masked for other in done.transcript.bursts)


def test_keys_are_in_no_capture(tmp_path: Path) -> None:
    model = model_by_key("nartis-i300")
    keys = Keys(bytes(range(16)), bytes(range(0xD0, 0xE0)))
    secret = b"73829146559182ab"
    meter = SpodesMeter(
        SimulatedMeterPlan(
            model=model,
            serial=SERIAL,
            address=factory_address(model, SERIAL),
            zone=MOSCOW,
            energy=ENERGY,
            keys=keys,
            hls_secret=secret,
        )
    )
    address = replace(
        address_of(model),
        access_level=2,
        password=None,
        keys=keys,
        hls_secret=secret,
        counter=InvocationCounter(counter_by_clock(NOW)),
    )

    async def session() -> Captured:
        gateway = LineGateway(Line(Bus([meter]), TownClock(NOW)))
        port = await gateway.listen("127.0.0.1", 0)
        try:
            return await captured(model, tmp_path / "session", f"tcp://127.0.0.1:{port}", TASK, address)
        finally:
            await gateway.close()

    done = asyncio.run(session())
    assert done.report.outcome is Outcome.OK, done.report.detail
    written = re.sub(r"\s", "", done.text)
    assert not any(secret.hex().upper() in written for secret in (keys.encryption, keys.authentication, secret))
    # Nor is what only the key opens.
    serial = str(SERIAL).encode().hex().upper()
    assert serial not in written
    # With the keys, and the titles that the session itself tells, everything is explained.
    one = explainer("dlms", OpeningKeys(encryption=keys.encryption, authentication=keys.authentication))
    opened = [one(it.request.masked, it.answer) for it in done.transcript.exchanges() if it.request is not None]
    frames = [frame for it in opened for frame in (it.request, it.answer) if frame is not None]
    ciphered = [frame for frame in frames if frame.code == "ciphered"]
    assert len(ciphered) > 10
    assert [frame.problem for frame in ciphered] == [None] * len(ciphered)
    told = {field.value for frame in ciphered if frame.within is not None for field in frame.within.fields}
    assert {"0.0.96.1.0.255", str(SERIAL)} <= told
