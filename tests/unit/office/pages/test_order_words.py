"""Commands in words: none without them, and figures as people write them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from kilovatt.measure.metering.commands import CommandKind, NotSentReason
from kilovatt.measure.metering.orders import OrderState, VisitResult
from kilovatt.office.pages.order_figures import exactly, shown_text
from kilovatt.office.pages.order_words import KINDS, NOT_SENT, RESULTS, STATES, not_sent_reason

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [(KINDS, CommandKind), (STATES, OrderState), (RESULTS, VisitResult), (NOT_SENT, NotSentReason)],
)
def test_every_kind_state_result_and_reason_has_its_words(words: Mapping[Any, object], wanted: type[StrEnum]) -> None:
    assert words.keys() == set(wanted)


def test_no_two_kinds_and_no_two_states_are_told_in_the_same_words() -> None:
    assert len({words.name for words in KINDS.values()}) == len(CommandKind)
    assert len({words.name for words in STATES.values()}) == len(OrderState)
    assert len({words.means for words in STATES.values()}) == len(OrderState)


def test_what_cuts_somebody_off_or_locks_us_out_is_grave() -> None:
    mild = {kind for kind, words in KINDS.items() if not words.is_grave}
    clocks = {CommandKind.SET_CLOCK, CommandKind.SHIFT_CLOCK}
    assert mild == clocks | {CommandKind.PERMIT_RELAY, CommandKind.SET_TARIFF_TABLE}


@pytest.mark.parametrize(
    ("kind", "facts", "text"),
    [
        (CommandKind.OPEN_RELAY, {}, ""),
        (CommandKind.SET_POWER_LIMIT, {"power_w": 15_000}, "15 kW"),
        (CommandKind.SET_POWER_LIMIT, {"power_w": 7_500}, "7.5 kW"),
        (CommandKind.SET_POWER_LIMIT, {"power_w": 7_550}, "7,550 W"),
        (CommandKind.SHIFT_CLOCK, {"seconds": -30, "ahead_s": 30}, "\u221230 s"),
        (CommandKind.SET_CLOCK, {"to": "2026-11-24T09:00:00+00:00", "at": None}, "to our time"),
        (CommandKind.CHANGE_PASSWORD, {"level": 2}, "for commanding"),
        (CommandKind.CHANGE_KEYS, {"keys": ["authentication", "encryption"]}, "authentication key, encryption key"),
        (
            CommandKind.SET_TARIFF_TABLE,
            {"marks": [[0, 2], [420, 1]], "activate_at": None},
            "from 00:00 T2, from 07:00 T1",
        ),
        (
            CommandKind.SET_TARIFF_TABLE,
            {"marks": [[0, 1]], "activate_at": "2026-11-30T21:00:00+00:00"},
            "from 00:00 T1; from 01 Dec 2026, 00:00 on",
        ),
    ],
)
def test_what_a_command_says_is_written_as_people_write_it(kind: CommandKind, facts: dict[str, Any], text: str) -> None:
    with translation.override("en"):
        assert exactly(kind, facts, MOSCOW).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ("", ""),
        ("off=true,by_command=true", "the load is off, by command"),
        ("off=false,by_command=false", "the load is on, not by command"),
        ("state=ready_for_reconnection,closed=false", "ready to be switched on, the relay is open"),
        ("limit_mw=7000000,watched=true", "limit 7 kW, the limit is watched"),
        ("ahead_s=-3,slewing=true", "the clock is \u22123 s from ours, the correction is still going on"),
        ("session=opened", "a session was opened with it"),
        ("session=opened_with_old", "a session was opened with the old one"),
        ("off=true,load_w=2300", "the load is off, 2.3 kW flow all the same"),
        ("table=waiting", "the table in waiting"),
        ("table=active,marks=0:2/420:1", "the table in use, from 00:00 T2, from 07:00 T1"),
        ("table=active,marks=several", "the table in use, not the same each day"),
        ("normal=70,active=75,scaler=2", "limit 7 kW, in force 7.5 kW"),
        ("normal=7000000,active=0,scaler=-3", "limit 7 kW, in force 0 kW"),
        ("normal=70,active=x,scaler=2", "normal=70, active=x, scaler=2"),
        ("strange", "strange="),
        ("limit_mw=none,state=strange,marks=x", "limit_mw=none, state=strange, marks=x"),
    ],
)
def test_what_a_meter_showed_is_put_into_words_and_nothing_is_lost(shown: str, text: str) -> None:
    with translation.override("en"):
        assert shown_text(shown).replace("\u00a0", " ") == text


def test_the_reason_is_found_in_front_of_what_engineers_are_told() -> None:
    assert not_sent_reason("relay_mode: mode 0 takes no command") is NotSentReason.RELAY_MODE
    assert not_sent_reason("the line was lost") is None
    assert not_sent_reason("relay_mode") is None
