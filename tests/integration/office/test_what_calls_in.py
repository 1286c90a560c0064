"""What happens where modems and meters call in, as the office takes it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import DataError, OperationalError, connection
from django.test.utils import CaptureQueriesContext

from called_in import PUSH, reception, until
from kilovatt.config import call_ins
from kilovatt.config.call_book import LINES_AGAIN_AFTER, UNKNOWN_AGAIN_AFTER, CallBook
from kilovatt.config.call_ins import CallIns
from kilovatt.office.operations.clock import SiteClock
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.lines.call_leases import CallRefusal
from kilovatt.office.operations.lines.leases import Lease
from kilovatt.office.operations.lines.line_leases import HeldLine
from kilovatt.office.records.models import Event, Line, Meter, Organisation, UnknownCaller, Work
from kilovatt.wire.headend.call_in.desk import call_in_desk
from kilovatt.wire.headend.call_in.happenings import (
    CallEnded,
    Happening,
    ModemCalled,
    ModemGone,
    PushCame,
    TurnedAway,
)
from kilovatt.wire.headend.call_in.pushes import PushesOfACaller, Unasked
from kilovatt.wire.protocols.framing.call_in import Dialect, Introduced, WrappedMessage
from kilovatt.wire.protocols.framing.wrapper import wrapped
from kilovatt.wire.simulator.spodes.pushing import flags_pushed
from on_record import NOW

IMEI, DEVICE, PEER = "861234567890123", "EMR0222173608710", "10.0.0.7:4059"


@pytest.fixture
def line(association: Organisation) -> Line:
    line = association.lines.get()
    Line.objects.filter(pk=line.pk).update(url=f"callin://{IMEI}?listen=127.0.0.1:5009&shared=yes")
    return line


def called(*, at: datetime = NOW, name: str = IMEI, password: str = "") -> ModemCalled:
    return ModemCalled(at, name, Introduced(Dialect.IRZ, name, password=password), PEER)


def came(message: bytes, *, name: str = DEVICE, peer: str = PEER, at: datetime = NOW) -> PushCame:
    frame = wrapped(message, source=1, destination=16)
    heard = PushesOfACaller().hear(Unasked(WrappedMessage(1, 16, message), frame))
    assert heard is not None
    return PushCame(at, name, peer, 1, 16, message, frame, heard.said, heard.fault)


def book(held: dict[int, HeldLine] | None = None) -> CallBook:
    return CallBook(holder="host 1", held={} if held is None else held)


# ── Calls ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_modem_whose_line_is_not_held_here_brings_its_line(line: Line) -> None:
    followed = book().deal_with(called())
    assert isinstance(followed, HeldLine)
    assert followed.line_id == line.pk


def test_the_password_of_a_connected_modem_is_kept_as_a_proof_that_shows_nothing(line: Line) -> None:
    (held,) = line_leases.take_lines(now=NOW, at_most=9, holder="host 1")
    here, there = book({line.pk: held}), book()
    assert here.deal_with(called(password="5492")) is None
    payload = Work.objects.get(kind="line").payload
    assert "5492" not in str(payload)
    assert there.deal_with(called(password="1234")) is CallRefusal.ANOTHER_PASSWORD
    assert here.deal_with(ModemGone(NOW, IMEI, "it fell silent")) is None
    assert isinstance(there.deal_with(called(password="1234")), HeldLine)


def test_a_modem_without_a_password_whose_line_is_held_here_changes_nothing(line: Line) -> None:
    (held,) = line_leases.take_lines(now=NOW, at_most=9, holder="host 1")
    here = book({line.pk: held})
    assert here.deal_with(called()) is None
    assert Work.objects.get(kind="line").payload == {"holder": "host 1"}


def test_a_modem_nobody_knows_is_noted_once_a_minute_and_forgotten_when_it_is_on_record(line: Line) -> None:
    here = book()
    for seconds in (0, 10, 30):
        assert here.deal_with(called(name="863", at=NOW + timedelta(seconds=seconds))) is None
    assert UnknownCaller.objects.get().calls == 1
    here.deal_with(called(name="863", at=NOW + UNKNOWN_AGAIN_AFTER))
    found = UnknownCaller.objects.get()
    assert (found.name, found.why, found.calls) == ("863", "no_line", 2)
    here.deal_with(called(name="", at=NOW + UNKNOWN_AGAIN_AFTER))
    assert UnknownCaller.objects.count() == 1
    Line.objects.filter(pk=line.pk).update(url="callin://863")
    assert isinstance(here.deal_with(called(name="863", at=NOW + timedelta(minutes=2))), HeldLine)
    assert not UnknownCaller.objects.exists()
    # A line that was struck off the record while its modem called.
    Meter.objects.update(line=None)
    Line.objects.all().delete()
    assert here.deal_with(called(name="863", at=NOW + timedelta(minutes=2, seconds=5))) is None
    late = NOW + timedelta(minutes=2) + 2 * LINES_AGAIN_AFTER
    assert here.deal_with(called(name="863", at=late)) is None
    assert UnknownCaller.objects.get().name == "863"


def test_names_without_end_are_not_looked_for_among_all_lines_each_time(line: Line) -> None:
    here = book()
    here.deal_with(called(name="862"))
    with CaptureQueriesContext(connection) as asked:
        for seconds in range(2, 22, 2):
            here.deal_with(called(name=f"863{seconds}", at=NOW + timedelta(seconds=seconds)))
    of_lines = [one["sql"] for one in asked if 'FROM "records_line"' in one["sql"]]
    assert (len(of_lines), all("callin://863" in sql for sql in of_lines)) == (10, True)
    Line.objects.filter(pk=line.pk).update(url="callin://864?listen=127.0.0.1:5009")
    assert isinstance(here.deal_with(called(name="864", at=NOW + timedelta(seconds=24))), HeldLine)


def test_a_line_whose_address_is_none_is_nobodys(line: Line) -> None:
    Line.objects.filter(pk=line.pk).update(url="callin://?listen=nowhere")
    assert book().deal_with(called()) is None


# ── Pushes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_push_of_a_meter_on_record_is_an_event(line: Line) -> None:
    Meter.objects.filter(serial="41000001").update(model_key="energomera-ce208-spds", serial="12415173608710")
    Line.objects.filter(pk=line.pk).update(url=f"callin://{DEVICE}")
    assert book().deal_with(came(PUSH)) is None
    assert Event.objects.get().code == "spodes:external_influence:3"


def test_a_late_answer_is_nobodys_and_a_strangers_push_is_kept_with_who_it_says_it_is(line: Line) -> None:
    here = book()
    late = came(bytes.fromhex("C401810009060000280000FF"))
    assert late.said is None
    here.deal_with(late)
    assert not UnknownCaller.objects.exists()
    for _ in range(2):
        here.deal_with(came(PUSH))
    found = UnknownCaller.objects.get()
    assert (found.name, found.serial, found.why, found.calls) == (DEVICE, "012415173608710", "no_line", 1)
    assert bytes(found.pushed or b"") == wrapped(PUSH, source=1, destination=16)
    here.deal_with(came(flags_pushed(2), name="", peer="10.0.0.9:77"))
    assert UnknownCaller.objects.get(name="10.0.0.9").why == "no_name"


def test_so_many_unknown_callers_are_known_to_be_unknown(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kilovatt.config.call_book.UNKNOWN_NAMES_MAX", 1)
    here = book()
    for name in ("861", "862", "861"):
        here.deal_with(called(name=name))
    assert UnknownCaller.objects.get(name="861").calls == 2


def test_a_call_that_was_ended_is_dealt_with_where_it_was(line: Line) -> None:
    assert book().deal_with(CallEnded(NOW, TurnedAway.TOO_SLOW, PEER)) is None


# ── In the loop ─────────────────────────────────────────────────────────────────────────────────────────────────────


class _Book:
    """Deals with what happens as a test likes."""

    def __init__(self, answers: Callable[[Happening], HeldLine | CallRefusal | None]) -> None:
        self.heard: list[Happening] = []
        self._answers = answers

    def deal_with(self, happening: Happening) -> HeldLine | CallRefusal | None:
        self.heard.append(happening)
        return self._answers(happening)


def run(
    answers: Callable[[Happening], HeldLine | CallRefusal | None], *happenings: Happening, count: int | None = None
) -> tuple[list[Happening], list[HeldLine]]:
    """Deal with happenings in a loop; return what was heard, and which lines followed."""
    fake, took = _Book(answers), list[HeldLine]()

    async def job() -> None:
        calls = CallIns(SiteClock(), holder="host 1", held={}, take=took.append)
        calls._book = fake  # type: ignore[assignment]  # what the loop does with answers is looked at
        calls.begin()
        stopped = asyncio.Event()
        for happening in happenings:
            call_in_desk().tell(happening)
        running = asyncio.create_task(calls.run(stopped))
        await until(lambda: len(fake.heard) >= (len(happenings) if count is None else count))
        stopped.set()
        await running

    asyncio.run(job())
    return fake.heard, took


def test_what_happens_is_dealt_with_in_order_at_the_clock_of_the_site_and_lines_are_taken() -> None:
    line = HeldLine(7, "callin://861", 1000, 100, Lease("line", "7", 1))
    heard, took = run(lambda happening: line if isinstance(happening, ModemCalled) else None, came(PUSH), called())
    assert [type(one) for one in heard] == [PushCame, ModemCalled]
    assert all(one.at > NOW - timedelta(days=3650) and one.at != NOW for one in heard)
    assert took == [line]


def test_a_caller_who_may_not_have_the_line_is_hung_up_on() -> None:
    async def job() -> list[TurnedAway]:
        async with reception() as (received, port, happened):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"AT$IMEI={IMEI},PSW=1,\n".encode())
            await until(lambda: received.names() == [IMEI])
            received.end_call(IMEI, TurnedAway.CONTESTED)
            received.end_call("nobody", TurnedAway.CONTESTED)
            assert await reader.read() == b""
            writer.close()
            return [one.why for one in happened if isinstance(one, CallEnded)]

    assert asyncio.run(job()) == [TurnedAway.CONTESTED]
    heard, took = run(lambda _: CallRefusal.CONTESTED, called(), replace(called(), name="862"))
    assert (len(heard), took) == (2, [])


def test_a_database_that_does_not_answer_is_asked_again_and_nonsense_stops_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(call_ins, "_AGAIN_S", 0.01)
    answers = iter([OperationalError("locked"), None, ValueError("nonsense"), None])

    def answer(_: Happening) -> None:
        found = next(answers)
        if found is not None:
            raise found

    heard, _ = run(answer, called(), came(PUSH), called(), count=4)
    assert [type(one) for one in heard] == [ModemCalled, ModemCalled, PushCame, ModemCalled]


def test_what_cannot_be_kept_after_several_tries_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_ins, "_AGAIN_S", 0.001)

    def answer(happening: Happening) -> None:
        if isinstance(happening, PushCame):
            raise OperationalError("locked")

    heard, _ = run(answer, came(PUSH), called(), count=call_ins.TRIES_MAX + 1)
    assert [type(one) for one in heard] == [PushCame] * call_ins.TRIES_MAX + [ModemCalled]


@pytest.mark.parametrize("limits", [(2, 1 << 20), (100, 2 * len(PUSH) * 2 + 40)])
def test_of_more_than_can_wait_the_oldest_is_lost(limits: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_ins, "WAITING_MAX", limits[0])
    monkeypatch.setattr(call_ins, "WAITING_BYTES_MAX", limits[1])
    pushes = [came(PUSH, peer=f"10.0.0.{number}:1") for number in range(4)]
    heard, _ = run(lambda _: None, *pushes, count=2)
    assert [one.peer for one in heard if isinstance(one, PushCame)] == ["10.0.0.2:1", "10.0.0.3:1"]


def test_what_a_database_cannot_keep_is_not_tried_again() -> None:
    answers = iter([DataError("value too long"), None])

    def answer(_: Happening) -> None:
        found = next(answers)
        if found is not None:
            raise found

    heard, _ = run(answer, came(PUSH), called())
    assert [type(one) for one in heard] == [PushCame, ModemCalled]


def test_whoever_stops_tries_what_waits_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_ins, "_AGAIN_S", 60.0)

    def answer(_: Happening) -> None:
        raise OperationalError("the server is gone")

    fake = _Book(answer)

    async def job() -> None:
        calls = CallIns(SiteClock(), holder="host 1", held={}, take=lambda _: None)
        calls._book = fake  # type: ignore[assignment]  # as above
        calls.begin()
        for _ in range(3):
            call_in_desk().tell(called())
        stopped = asyncio.Event()
        stopped.set()
        async with asyncio.timeout(10):
            await calls.run(stopped)

    asyncio.run(job())
    assert len(fake.heard) == 3


def test_a_line_that_another_process_has_is_waited_for_no_longer() -> None:
    async def job() -> None:
        calls = CallIns(SiteClock(), holder="host 1", held={}, take=lambda _: None)
        calls.line_lost(HeldLine(7, f"callin://{IMEI}", 1000, 100, Lease("line", "7", 1)))
        calls.line_lost(HeldLine(8, "tcp://10.0.0.1:4001", 1000, 100, Lease("line", "8", 1)))
        stopped = asyncio.Event()
        stopped.set()
        await calls.run(stopped)

    asyncio.run(job())
