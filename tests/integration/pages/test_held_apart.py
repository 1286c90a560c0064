"""What a wrong clock has stamped has a sign on the board and a page where an operator decides on it, once."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.operations.clocks import held_apart
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.records.models import ClockDeviation, HeldApart, IntakeRegister, StaffRole
from looked_at import Town, words
from on_record import NOW, clock, cover_opened, meter_day, register, report_of

BEHIND = timedelta(days=9_818)
EVENT_AT = datetime(2000, 1, 3, 9, tzinfo=UTC)
OF_2000 = Learnt(
    clock=clock(ahead=-BEHIND),
    registers=(register(5_000, on=date(2000, 1, 3), exchange=4),),
    meter_days=(meter_day(date(2000, 1, 3), [2] * 48),),
    events=(cover_opened(EVENT_AT, EVENT_AT + timedelta(hours=1)),),
)
WHY = "its battery was empty"


def hold(town: Town, learnt: Learnt, *, name: str = "wrong") -> list[int]:
    accept(report_of(town.meter, learnt, name=name), now=NOW)
    return [value.held_id for value in held_apart.held_apart([town.meter.pk])]


@pytest.fixture
def held(town: Town) -> list[int]:
    return hold(town, OF_2000)


def page(town: Town) -> str:
    return f"/console/meters/{town.meter.pk}/held/"


def sent(client: Client, town: Town, ids: list[int], choice: str, **changes: object) -> str:
    """Post a decision and return what a person reads then."""
    groups = [group.key for group in client.get(page(town)).context["groups"]]
    filled: dict[str, object] = {
        "group": groups[0],
        "held": ids,
        "decision": choice,
        "because": WHY,
        "confirmed": "yes",
    }
    filled |= changes
    response = client.post(f"{page(town)}decision/", filled, follow=True)
    return " ".join(response.content.decode().split())


def test_the_board_and_the_meters_page_say_how_much_is_held_apart(
    operator: Client, town: Town, held: list[int]
) -> None:
    sentence = "3 values are held apart: a wrong clock has stamped them. Look and decide"
    said = words(operator, "/console/meters/?show=held")
    assert sentence in said
    assert "held apart 1" in said
    content = operator.get(f"/console/meters/{town.meter.pk}/").content.decode()
    assert f'<a href="{page(town)}">Look and decide</a>' in content


def test_its_page_says_why_what_was_stamped_and_what_it_would_become(
    operator: Client, town: Town, held: list[int]
) -> None:
    said = words(operator, page(town))
    assert "Read 24 Nov 2026, 12:00; its clock then showed 07 Jan 2000, 12:00: 9818 d behind." in said
    assert "the year its calendar starts with" in said
    assert "These stamps cannot be right" in said
    assert "active, taken T1: 5.000 kWh at the start of the month 03 Jan 2000, 00:00 20 Nov 2026, 00:00 frame" in said
    assert "load profile: 48 intervals, 0.04 kWh 03 Jan 2000, 00:00 20 Nov 2026, 00:00 frame" in said
    assert "event: Terminal cover opened 03 Jan 2000, 12:00 20 Nov 2026, 12:00 frame" in said
    assert "Accept, moved 9818 d later" in said
    assert "Accept as it is stamped" not in said


def test_nothing_is_done_before_it_is_confirmed(operator: Client, town: Town, held: list[int]) -> None:
    said = sent(operator, town, held, "by_its_clock", confirmed="")
    assert "Accept, moved 9818 d later: 3 values" in said
    assert "It cannot be undone." in said
    assert HeldApart.objects.filter(state="held").count() == 3


def test_confirmed_it_is_accepted_and_on_record_with_who_and_why(operator: Client, town: Town, held: list[int]) -> None:
    assert "Accepted: 2 values." in sent(operator, town, held[:2], "by_its_clock")
    assert IntakeRegister.objects.get(value=5_000).source == "edited"
    said = words(operator, page(town))
    assert f"24 Nov 2026, 12:00 2 values accepted, moved 9818 d later operator {WHY}" in said
    assert "Discarded: 1 value." in sent(operator, town, held, "discard")
    said = words(operator, page(town))
    assert "1 value discarded" in said
    assert "Nothing of this meter is held apart." in said


def test_of_two_operators_the_second_is_told_that_it_was_decided(operator: Client, town: Town, held: list[int]) -> None:
    (group,) = operator.get(page(town)).context["groups"]
    sent(operator, town, held, "discard")
    again = {"group": group.key, "held": held, "decision": "by_its_clock", "because": WHY, "confirmed": "yes"}
    said = operator.post(f"{page(town)}decision/", again).content.decode()
    assert "Somebody has decided on it already: nothing was changed." in said
    assert not IntakeRegister.objects.filter(value=5_000).exists()


@pytest.mark.parametrize(
    ("changes", "words_said"),
    [
        ({"held": []}, "Nothing was chosen"),
        ({"held": ["-1", "x"]}, "Nothing was chosen"),
        ({"decision": ""}, "Say what is to become of it"),
        ({"decision": "as_stamped"}, "Say what is to become of it"),
        ({"because": " "}, "Say why"),
        ({"because": "x" * 301}, "Say why"),
    ],
)
def test_what_is_not_filled_in_is_asked_for(
    operator: Client, town: Town, held: list[int], changes: dict[str, object], words_said: str
) -> None:
    assert words_said in sent(operator, town, held, "discard", **changes)
    assert HeldApart.objects.filter(state="held").count() == 3


def test_stamps_that_may_be_right_can_be_accepted_as_they_are(operator: Client, town: Town) -> None:
    """The clock went wrong yesterday: the first day of November was stamped by a right one."""
    ids = hold(town, Learnt(clock=OF_2000.clock, registers=(register(1_234, tariff=3, on=date(2026, 11, 1)),)))
    said = words(operator, page(town))
    assert "If the clock went wrong only after them, they are right as they are." in said
    assert "Accept, moved" not in said
    assert "Say what is to become of it" in sent(operator, town, ids, "by_its_clock")
    assert "Accepted: 1 value." in sent(operator, town, ids, "as_stamped")
    assert "1 value accepted as stamped" in words(operator, page(town))
    assert IntakeRegister.objects.get(value=1_234).moment == "month_start"


def test_what_would_be_of_the_future_is_said_and_refused(operator: Client, town: Town) -> None:
    later = meter_day(date(2000, 1, 12), [2] * 48)
    ids = hold(town, Learnt(clock=OF_2000.clock, registers=OF_2000.registers, meter_days=(later,)))
    assert "12 Jan 2000, 00:00 in the future frame" in words(operator, page(town))
    assert "some of it would lie in the future" in sent(operator, town, ids, "by_its_clock")
    assert "Accepted: 1 value." in sent(operator, town, ids[:1], "by_its_clock")


def test_no_correction_is_offered_for_a_clock_that_stood_still(operator: Client, town: Town) -> None:
    earlier = NOW - timedelta(days=1)
    deviation_s = round((timedelta(days=1) - BEHIND).total_seconds())
    ClockDeviation.objects.create(
        meter=town.meter, day_on=date(2026, 11, 23), deviation_s=deviation_s, heard_at=earlier
    )
    ids = hold(town, OF_2000)
    said = words(operator, page(town))
    assert "Between two readings it stood still" in said
    assert "Accept" not in said
    assert "Say what is to become of it" in sent(operator, town, ids, "by_its_clock")


def test_whoever_only_looks_decides_nothing(operator: Client, town: Town, held: list[int]) -> None:
    StaffRole.objects.filter(user=town.operator).update(role=StaffRole.Role.BOOKKEEPER)
    content = operator.get(page(town)).content.decode()
    assert "<button" not in content.split("<main")[1]
    assert operator.post(f"{page(town)}decision/", {}).status_code == 403


def test_a_stranger_finds_nothing(town: Town, held: list[int]) -> None:
    client = Client()
    client.force_login(town.stranger)
    assert client.get(page(town)).status_code == 404
    assert client.post(f"{page(town)}decision/", {}).status_code == 404
