"""What a meter pushed, on the pages: the event, and the message that proves it, byte by byte."""

from datetime import timedelta
from uuid import uuid4

from django.test import Client

from called_in import PUSH
from kilovatt.measure.metering.pushes import MeterPush, PushTrouble, ToldCode
from kilovatt.measure.metering.spodes.event_code import Journal
from kilovatt.office.operations.intake.pushes import accept_push
from kilovatt.office.records.models import Event
from kilovatt.wire.protocols.framing.wrapper import wrapped
from looked_at import Town, words
from on_record import NOW


def push(town: Town, *codes: ToldCode, trouble: PushTrouble | None = None) -> Event:
    pushed = MeterPush(
        heard_at=NOW - timedelta(minutes=3),
        wire=wrapped(PUSH, source=1, destination=16),
        codes=codes,
        trouble=trouble,
    )
    accept_push(town.meter.pk, pushed, peer="10.0.0.7:4059", session_id=uuid4(), now=NOW)
    return Event.objects.latest("pk")


def test_a_push_leads_to_its_message_which_nobody_had_asked_for(operator: Client, town: Town) -> None:
    event = push(town, ToldCode(journal=Journal.SWITCHING, number=9))
    frame = f"/frames/{event.session_id}/1/"
    for page in (f"/console/meters/{town.meter.pk}/", "/console/events/"):
        assert "Relay opened: maximum current 24 Nov 2026, 11:57." in words(operator, page).replace("\u00a0", " ")
        assert frame in operator.get(page).content.decode()
    said = words(operator, frame).replace("\u00a0", " ")
    assert "The meter said this by itself 24 Nov 2026, 11:57:00: nobody had asked. Push" in said
    assert "EMR0222173608710" in said
    assert "Asked" not in said
    assert "checksum" not in said


def test_a_push_that_was_not_believed_says_why(operator: Client, town: Town) -> None:
    push(town, trouble=PushTrouble.REPLAY)
    assert "A sealed push that had been sent before was refused 24 Nov" in words(operator, "/console/events/")


def test_a_trip_by_tampering_stands_on_the_board_as_one_of_a_journal_does(operator: Client, town: Town) -> None:
    push(town, ToldCode(journal=Journal.EXTERNAL_INFLUENCE, number=1))
    assert "Magnetic field since 24 Nov" in words(operator, "/console/meters/")
