"""What meters push becomes events: at once, once, with the message as their evidence."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError
from django.utils import translation

from called_in import PUSH
from kilovatt.config.pushed import MeterSaid, StrangerSaid, taken
from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.pushes import MeterPush, PushTrouble, ToldCode
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.measure.metering.spodes.event_code import Journal
from kilovatt.office.operations.intake import callers, pushes
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.intake.pushes import (
    DETAILS_AGAIN_AFTER,
    KEPT_AN_HOUR_MAX,
    TROUBLE_AGAIN_AFTER,
    TakenPush,
    accept_push,
    give_way,
)
from kilovatt.office.operations.keeping import keeper
from kilovatt.office.operations.keeping.evidence import evidence
from kilovatt.office.operations.secrets.meter_keys import put_keys
from kilovatt.office.operations.standing.meter_file import meter_file, newest_events
from kilovatt.office.pages.words import event_sentence
from kilovatt.office.records.models import Event, IntakeFrame, Line, Meter, PushStanding, Session, UnknownCaller, Work
from kilovatt.wire.headend.call_in.happenings import PushCame
from kilovatt.wire.headend.call_in.pushes import PushesOfACaller, Unasked
from kilovatt.wire.protocols.dlms.apdu.notifications import DataNotification
from kilovatt.wire.protocols.dlms.association.ciphering import Ciphering
from kilovatt.wire.protocols.dlms.security.sealing import Keys, Protection, Sealer
from kilovatt.wire.protocols.dlms.values import DoubleLongUnsigned, OctetString, Structure
from kilovatt.wire.protocols.framing.call_in import WrappedMessage
from kilovatt.wire.protocols.framing.wrapper import wrapped
from on_record import MOSCOW, NOW, report_of

SERIAL, DEVICE = "012415173608710", "EMR0222173608710"
AT = NOW - timedelta(seconds=8)
COVER = ToldCode(journal=Journal.EXTERNAL_INFLUENCE, number=3)
PUSHED = MeterPush(heard_at=NOW, wire=wrapped(PUSH, source=1, destination=32), at=AT, codes=(COVER,), flags=0x10)
TITLE = bytes.fromhex("454D520000BC614E")
ENCRYPTION, AUTHENTICATION = bytes(range(16)), bytes(range(0xD0, 0xE0))


@pytest.fixture
def meter(meter: Meter) -> Meter:
    """A СПОДЭС meter alone on a line that calls in."""
    line = Line.objects.create(
        organisation=meter.line.organisation,  # type: ignore[union-attr]  # it has a line
        name="зовёт",
        url=f"callin://{DEVICE}?listen=127.0.0.1:5009",
    )
    Meter.objects.filter(pk=meter.pk).update(model_key="energomera-ce208-spds", serial=SERIAL, address=17, line=line)
    return Meter.objects.get(pk=meter.pk)


def kept(meter: Meter, push: MeterPush, *, now: datetime | None = None, generation: int | None = None) -> TakenPush:
    now = now or push.heard_at
    return accept_push(meter.pk, push, peer="10.0.0.7:4059", session_id=uuid4(), key_generation=generation, now=now)


def came(message: bytes, *, name: str = DEVICE, source: int = 1, at: datetime = NOW) -> PushCame:
    """A message as the reception tells of it."""
    frame = wrapped(message, source=source, destination=32)
    heard = PushesOfACaller().hear(Unasked(WrappedMessage(source, 32, message), frame))
    assert heard is not None
    return PushCame(
        at=at,
        name=name,
        peer="10.0.0.7:4059",
        source=source,
        destination=32,
        message=heard.message,
        frame=heard.frame,
        said=heard.said,
        fault=heard.fault,
        title=heard.title,
    )


def flags_alone(word: int, *, at: bytes = b"") -> bytes:
    return DataNotification(1, at, Structure((DoubleLongUnsigned(word),))).encode()


def sealed(message: bytes, counter: int, *, protection: Protection = Protection.BOTH) -> bytes:
    sealer = Sealer(Keys(ENCRYPTION, AUTHENTICATION), title=TITLE, counter=counter)
    return Ciphering(sealer, protection, general=True).seal(message)


# ── Kept ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_push_of_a_real_meter_becomes_an_event_whose_evidence_is_its_message(meter: Meter) -> None:
    said = taken(came(PUSH), meter.line_id)
    assert isinstance(said, MeterSaid)
    assert kept(meter, said.push) == TakenPush(new_events=1, trouble=None, asked=False)
    event = Event.objects.get()
    assert (event.kind, event.code) == (EventKind.TERMINAL_COVER_OPENED, "spodes:external_influence:3")
    # Its stamp is four years old: the alarm is of now, and what its clock said is kept.
    assert (event.began_at, event.detail) == (NOW, "its_clock=2022-11-03T12:38:25Z")
    shown = evidence(UUID(str(event.session_id)), event.exchange)
    assert shown.frame is not None
    assert shown.frame.answer == wrapped(PUSH, source=1, destination=32)
    assert shown.explained is not None
    assert shown.explained.answer is None
    assert shown.explained.request.is_answer
    assert any(str(field.value).startswith(DEVICE) for field in shown.explained.request.fields)


def test_the_same_push_again_changes_nothing_nor_does_its_repetition_a_minute_later(meter: Meter) -> None:
    assert kept(meter, PUSHED).new_events == 1
    later = NOW + timedelta(minutes=1)
    assert kept(meter, PUSHED).new_events == 0
    assert kept(meter, replace(PUSHED, heard_at=later, at=later)).new_events == 0
    assert Event.objects.count() == Session.objects.count() == 1


def test_a_repetition_with_a_stamp_that_is_not_believed_is_known_by_that_stamp(meter: Meter) -> None:
    old = replace(PUSHED, at=AT - timedelta(days=400))
    assert kept(meter, old).new_events == 1
    assert kept(meter, replace(old, heard_at=NOW + timedelta(hours=2))).new_events == 0


def test_what_the_journal_tells_takes_the_place_of_what_was_pushed(meter: Meter) -> None:
    kept(meter, PUSHED)
    exact = MeterEvent(
        kind=EventKind.TERMINAL_COVER_OPENED,
        began_at=AT - timedelta(seconds=20),
        ended_at=None,
        detail="",
        exchange=20,
        code="spodes:external_influence:3",
    )
    accept(report_of(meter, Learnt(events=(exact,))), now=NOW + timedelta(minutes=1))
    event = Event.objects.get()
    assert (event.began_at, event.exchange, event.first_heard_at) == (exact.began_at, 20, NOW)
    # Read again, and pushed again: nothing new.
    accept(report_of(meter, Learnt(events=(exact,)), name="second"), now=NOW + timedelta(minutes=2))
    assert kept(meter, replace(PUSHED, heard_at=NOW + timedelta(minutes=2))).new_events == 0
    assert Event.objects.count() == 1


def test_an_alarm_whose_stamp_was_not_believed_gives_way_to_the_entry_of_that_stamp(meter: Meter) -> None:
    long_ago = AT - timedelta(hours=30)
    kept(meter, replace(PUSHED, at=long_ago))
    exact = MeterEvent(
        kind=EventKind.TERMINAL_COVER_OPENED,
        began_at=long_ago,
        ended_at=None,
        detail="",
        exchange=20,
        code="spodes:external_influence:3",
    )
    accept(report_of(meter, Learnt(events=(exact,))), now=NOW + timedelta(minutes=1))
    event = Event.objects.get()
    assert (event.began_at, event.first_heard_at, event.detail) == (long_ago, NOW, "")


def test_the_message_of_a_push_is_there_when_the_lake_has_it(meter: Meter) -> None:
    kept(meter, PUSHED)
    keeper.carry_to_the_lake(now=NOW)
    assert not IntakeFrame.objects.exists()
    event = Event.objects.get()
    shown = evidence(UUID(str(event.session_id)), event.exchange)
    assert shown.is_push
    assert shown.frame is not None
    assert shown.frame.answer == PUSHED.wire
    assert shown.explained is not None


def test_an_older_entry_of_the_journal_is_another_event(meter: Meter) -> None:
    kept(meter, PUSHED)
    older = MeterEvent(
        kind=EventKind.TERMINAL_COVER_OPENED,
        began_at=AT - timedelta(hours=1),
        ended_at=None,
        detail="",
        exchange=20,
        code="spodes:external_influence:3",
    )
    accept(report_of(meter, Learnt(events=(older,))), now=NOW + timedelta(minutes=1))
    assert Event.objects.count() == 2
    assert give_way([meter.pk], now=NOW) == 0


def test_a_power_cut_and_a_trip_of_the_breaker_are_told_with_their_cause(meter: Meter) -> None:
    said = taken(came(flags_alone(0b1000_0010)), meter.line_id)
    assert isinstance(said, MeterSaid)
    kept(meter, said.push)
    with translation.override("en"):
        told = sorted(event_sentence(line.noticed, MOSCOW) for line in newest_events([meter.pk], limit=9))
    assert [sentence.split(" since ")[0].split(" 24")[0] for sentence in told] == [
        "Meter without supply",
        "Relay opened: maximum current",
    ]
    assert Event.objects.get(kind=EventKind.RELAY_OPENED).detail == "cause=overcurrent"


def test_a_push_is_no_session_of_the_meters_history(meter: Meter) -> None:
    kept(meter, PUSHED)
    assert meter_file(meter.pk).sessions == ()


# ── Flags alone ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_flags_that_were_up_before_tell_nothing_new_and_the_journals_are_read_once(meter: Meter) -> None:
    first = MeterPush(heard_at=NOW, wire=b"1", flags=1 << 3)
    assert kept(meter, first) == TakenPush(new_events=1, trouble=None, asked=True)
    assert Work.objects.get(kind="reading").payload == {"meter": meter.pk, "line": meter.line_id}
    hour = NOW + timedelta(minutes=9)
    second = replace(first, heard_at=hour, flags=1 << 3 | 1 << 5)
    assert kept(meter, second) == TakenPush(new_events=1, trouble=None, asked=False)
    assert sorted(Event.objects.values_list("kind", flat=True)) == ["case_opened", "magnetic_field"]
    later = NOW + DETAILS_AGAIN_AFTER
    assert kept(meter, replace(second, heard_at=later)) == TakenPush(new_events=0, trouble=None, asked=True)
    # Cleared, and up again.
    kept(meter, replace(first, heard_at=later + timedelta(hours=1), flags=0))
    assert kept(meter, replace(first, heard_at=later + timedelta(hours=2))).new_events == 1


def test_a_flag_without_a_code_of_its_own_gives_way_to_what_the_journal_says_exactly(meter: Meter) -> None:
    kept(meter, MeterPush(heard_at=NOW, wire=b"1", at=AT, flags=1))
    (flag,) = Event.objects.all()
    assert (flag.kind, flag.code) == (EventKind.METER_FAULT, "spodes:push:0")
    exact = MeterEvent(
        kind=EventKind.METER_FAULT,
        began_at=AT,
        ended_at=None,
        detail="",
        exchange=4,
        code="spodes:self_diagnostics:11",
    )
    accept(report_of(meter, Learnt(events=(exact,))), now=NOW)
    assert Event.objects.get().code == "spodes:self_diagnostics:11"


# ── Not believed ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_nobody_understands_is_an_event_once_an_hour(meter: Meter) -> None:
    said = taken(came(DataNotification(1, b"", OctetString(b"hello, world")).encode()), meter.line_id)
    assert isinstance(said, MeterSaid)
    assert said.push.trouble is PushTrouble.NOT_UNDERSTOOD
    assert [kept(meter, said.push).new_events for _ in range(2)] == [1, 0]
    assert Event.objects.get().kind == EventKind.UNKNOWN_PUSH
    later = NOW + TROUBLE_AGAIN_AFTER
    assert kept(meter, replace(said.push, heard_at=later)).new_events == 1


def test_a_sealed_push_is_opened_with_the_keys_on_record_and_its_replay_refused(meter: Meter) -> None:
    put_keys(meter, {"encryption": ENCRYPTION, "authentication": AUTHENTICATION})
    message = sealed(flags_alone(1 << 4), 7)
    said = taken(came(message, name=TITLE.hex().upper()), meter.line_id)
    assert isinstance(said, MeterSaid)
    assert (said.push.counter, said.key_generation) == (7, 1)
    assert kept(meter, said.push, generation=1) == TakenPush(new_events=1, trouble=None, asked=True)
    assert kept(meter, said.push, generation=1).trouble is PushTrouble.REPLAY
    assert Event.objects.get(kind=EventKind.SEALED_PUSH).detail == "because=replay"
    assert PushStanding.objects.get().heard_counter == 7
    # With new keys counters begin anew.
    assert kept(meter, replace(said.push, counter=1), generation=2).trouble is None


def test_a_push_that_could_not_be_kept_whole_is_kept_at_the_next_try_and_is_no_replay(
    meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(meter_id: int, *, now: datetime) -> str:
        raise OperationalError("the server is gone")

    sealed_push = replace(PUSHED, codes=(), counter=7)
    with monkeypatch.context() as broken:
        broken.setattr(pushes, "ask_once", fails)
        with pytest.raises(OperationalError):
            kept(meter, sealed_push, generation=1)
    assert not PushStanding.objects.exists()
    assert kept(meter, sealed_push, generation=1) == TakenPush(new_events=1, trouble=None, asked=True)


def test_a_push_in_the_clear_of_a_meter_that_seals_is_told_and_not_believed(meter: Meter) -> None:
    kept(meter, replace(PUSHED, codes=(), flags=1 << 4, counter=7), generation=1)
    said = kept(meter, replace(PUSHED, codes=(), flags=0xFFFF))
    assert (said.trouble, said.asked) == (PushTrouble.IN_THE_CLEAR, False)
    assert Event.objects.get(kind=EventKind.SEALED_PUSH).detail == "because=in_the_clear"
    # Flags that anybody raised would hide those that the meter raises.
    assert PushStanding.objects.get().flags == 1 << 4


def test_of_one_meter_no_more_is_kept_than_it_can_have_to_say(meter: Meter) -> None:
    numbers = range(1_000, 1_000 + KEPT_AN_HOUR_MAX + 5)
    told = [kept(meter, replace(PUSHED, codes=(replace(COVER, number=one),), flags=None)) for one in numbers]
    assert told[-1] == TakenPush(new_events=0, trouble=PushTrouble.TOO_MANY, asked=False)
    assert Event.objects.count() == KEPT_AN_HOUR_MAX
    later = NOW + timedelta(hours=1, seconds=1)
    assert kept(meter, replace(PUSHED, heard_at=later, at=later)).new_events == 1


@pytest.mark.parametrize("protection", [Protection.BOTH, Protection.AUTHENTICATED])
def test_an_authenticated_push_need_not_be_enciphered(meter: Meter, protection: Protection) -> None:
    put_keys(meter, {"encryption": ENCRYPTION, "authentication": AUTHENTICATION})
    said = taken(came(sealed(flags_alone(2), 9, protection=protection)), meter.line_id)
    assert isinstance(said, MeterSaid)
    assert (said.push.flags, said.push.trouble) == (2, None)


def test_a_sealed_push_that_tells_the_number_of_another_meter_is_not_believed(meter: Meter) -> None:
    put_keys(meter, {"encryption": ENCRYPTION, "authentication": AUTHENTICATION})
    said = taken(came(sealed(PUSH.replace(SERIAL.encode(), b"9" * len(SERIAL)), 3)), meter.line_id)
    assert isinstance(said, MeterSaid)
    assert said.push.trouble is PushTrouble.NOT_AUTHENTIC


def test_keys_that_do_not_go_together_open_nothing(meter: Meter) -> None:
    put_keys(meter, {"encryption": ENCRYPTION})
    said = taken(came(sealed(PUSH, 3)), meter.line_id)
    assert isinstance(said, MeterSaid)
    assert said.push.trouble is PushTrouble.NO_KEYS


def test_what_is_no_message_of_dlms_is_not_understood(meter: Meter) -> None:
    said = taken(came(b"\x0f\x00"), meter.line_id)
    assert isinstance(said, MeterSaid)
    assert said.push.trouble is PushTrouble.NOT_UNDERSTOOD


def test_a_sealed_push_that_does_not_open_is_told_and_why(meter: Meter) -> None:
    message = sealed(flags_alone(2), 7)
    said = taken(came(message), meter.line_id)
    assert isinstance(said, MeterSaid)
    assert said.push.trouble is PushTrouble.NO_KEYS
    put_keys(meter, {"encryption": bytes(16), "authentication": AUTHENTICATION})
    said = taken(came(message), meter.line_id)
    assert isinstance(said, MeterSaid)
    assert said.push.trouble is PushTrouble.NOT_AUTHENTIC
    kept(meter, said.push)
    event = Event.objects.get()
    assert (event.kind, event.detail) == (EventKind.SEALED_PUSH, "because=not_authentic")


# ── Whose it is ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_push_of_another_meter_on_the_line_is_not_taken_for_the_one_on_record(meter: Meter) -> None:
    Meter.objects.filter(pk=meter.pk).update(serial="777")
    said = taken(came(PUSH), meter.line_id)
    assert said == StrangerSaid(why=callers.Why.ANOTHER_METER, serial=SERIAL)


def test_behind_one_caller_the_number_tells_the_meter_or_else_its_address(meter: Meter) -> None:
    other = Meter.objects.get(serial="41000002")
    Meter.objects.filter(pk=other.pk).update(model_key="spodes-1ph", address=33, line=meter.line)
    by_number, by_address = taken(came(PUSH), meter.line_id), taken(came(flags_alone(2), source=33), meter.line_id)
    nobody = taken(came(flags_alone(2)), meter.line_id)
    assert isinstance(by_number, MeterSaid)
    assert isinstance(by_address, MeterSaid)
    assert (by_number.meter_id, by_address.meter_id) == (meter.pk, other.pk)
    assert nobody == StrangerSaid(why=callers.Why.NO_METER)


def test_a_caller_without_a_line_is_known_by_the_number_of_its_meter_or_not_at_all(meter: Meter) -> None:
    found = taken(came(PUSH), None)
    assert isinstance(found, MeterSaid)
    assert found.meter_id == meter.pk
    Meter.objects.filter(pk=meter.pk).update(serial=SERIAL.lstrip("0"))
    assert isinstance(taken(came(PUSH), None), MeterSaid)
    Meter.objects.filter(pk=meter.pk).update(serial=f"9{SERIAL}")
    assert taken(came(PUSH), None) == StrangerSaid(why=callers.Why.NO_LINE, serial=SERIAL)
    assert taken(came(flags_alone(2)), None) == StrangerSaid(why=callers.Why.NO_LINE)
    assert taken(came(flags_alone(2), name=""), None) == StrangerSaid(why=callers.Why.NO_NAME)


def test_unknown_callers_are_remembered_up_to_a_limit_and_forgotten_once_known(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "UNKNOWN_MAX", 3)
    for number in range(5):
        at = NOW + timedelta(minutes=number)
        callers.note_unknown(name=f"ABC{number:07d}", peer="10.0.0.7:4059", why=callers.Why.NO_LINE, now=at)
    callers.note_unknown(
        name="ABC0000004", peer="10.0.0.8:1", why=callers.Why.NO_LINE, pushed=b"x" * 9999, now=NOW + timedelta(hours=1)
    )
    found = callers.unknown_callers()
    assert [(one.name, one.calls) for one in found] == [("ABC0000004", 2), ("ABC0000003", 1), ("ABC0000002", 1)]
    assert found[0].pushed is not None
    assert len(bytes(found[0].pushed)) == callers.PUSHED_BYTES_MAX
    assert (found[0].peer, found[0].first_at) == ("10.0.0.8:1", datetime(2026, 11, 24, 9, 4, tzinfo=UTC))
    callers.now_known(["ABC0000004"])
    assert UnknownCaller.objects.count() == 2
