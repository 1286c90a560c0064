from datetime import UTC, datetime

import pytest

from kilovatt.measure.metering.catalogue import MODELS, model_by_key
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.models import MeterModel
from kilovatt.wire.simulator.faults import (
    LINE_FAULTS,
    METER_FAULTS,
    FaultKind,
    LineFaults,
    other_passwords,
    past_events_of,
)

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
BOTH = frozenset({FaultKind.COVER, FaultKind.MAGNET})


def test_every_fault_is_of_a_line_or_of_a_meter() -> None:
    assert set(FaultKind) == LINE_FAULTS | METER_FAULTS
    assert not LINE_FAULTS & METER_FAULTS


def test_a_line_cannot_have_a_fault_of_a_meter() -> None:
    with pytest.raises(ValueError, match="these are no faults of a line: cover, magnet"):
        LineFaults(kinds=BOTH)


def test_an_opened_cover_and_a_magnet_stand_in_the_journals_and_are_over() -> None:
    events = past_events_of(BOTH, model_by_key("mercury-234-art-03"), NOW)

    assert [event.kind for event in events] == [
        EventKind.CASE_OPENED,
        EventKind.TERMINAL_COVER_OPENED,
        EventKind.MAGNETIC_FIELD,
    ]
    for event in events:
        assert event.ended_at is not None
        assert event.began_at < event.ended_at < NOW


def test_a_meter_without_a_journal_of_magnets_notices_none() -> None:
    events = past_events_of(BOTH, model_by_key("mercury-206-prlsno"), NOW)

    assert [event.kind for event in events] == [EventKind.CASE_OPENED]


def test_a_sound_meter_has_nothing_to_tell() -> None:
    assert past_events_of(frozenset({FaultKind.CLOCK}), model_by_key("mercury-234-art-03"), NOW) == ()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.key)
def test_the_other_passwords_of_a_meter_are_as_long_as_the_factorys_and_a_meter_can_have_them(
    model: MeterModel,
) -> None:
    others = other_passwords(model)
    assert {level: len(password) for level, password in others.items()} == {
        level: len(password) for level, password in model.factory_passwords.items()
    }
    assert all(model.password is not None and model.password.allows(password) for password in others.values())
    assert all(others[level] != password for level, password in model.factory_passwords.items())
