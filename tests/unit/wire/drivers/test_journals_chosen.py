"""Which journals are read: those of the quality of supply are chosen apart from the others."""

from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.outcomes import SessionPart
from kilovatt.wire.drivers.catalogue import driver_for
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask

MODELS = ["mercury-234-artm-01-pob-r", "spodes-1ph"]


def journals(model_key: str, *, events: bool, quality: bool | None) -> int:
    """How many journals are read."""
    model = model_by_key(model_key)
    meter = MeterAddress(model=model, address=17, serial="41000017", password="111111", zone=ZoneInfo("Europe/Moscow"))
    task = ReadingTask(events=events, quality_events=quality)
    return sum(part.part is SessionPart.EVENTS for part in driver_for(model).parts(meter, task))


@pytest.mark.parametrize("model_key", MODELS)
def test_journals_of_quality_are_read_with_the_others_unless_stated(model_key: str) -> None:
    whole = journals(model_key, events=True, quality=None)
    others = journals(model_key, events=True, quality=False)
    alone = journals(model_key, events=False, quality=True)
    assert others > 0
    assert alone > 0
    assert others + alone == whole
    assert journals(model_key, events=False, quality=None) == 0
