"""The page of a concentrator: the meters behind it, and whether it hears them."""

import pytest
from django.test import Client

from kilovatt.measure.metering.concentrators import ConcentratorState, ExchangeStatus, MeterBehind
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.registration import register_places
from kilovatt.office.records.models import Meter
from looked_at import Town, words
from on_record import NOW, place, report_of


@pytest.fixture
def concentrator(town: Town) -> Meter:
    uspd = place(3, model_key="spodus-uspd", serial="24000001", meter_address=100, meter_password=None)
    register_places(town.association, [uspd])
    concentrator = Meter.objects.get(model_key="spodus-uspd")
    behind = (
        MeterBehind(name="INC41000001", model="Меркурий 234", addresses=(17,), has_status=True, last_heard_at=NOW),
        MeterBehind(
            name="NRT70000009", model="НАРТИС", addresses=(18,), has_status=True, last_tried_at=NOW,
            last_exchange=ExchangeStatus.NO_RESPONSE, attempts=3,
        ),
    )  # fmt: skip
    learnt = Learnt(concentrator=ConcentratorState(meters=behind, exchanges=frozenset({1})))
    accept(report_of(concentrator, learnt), now=NOW)
    return concentrator


def test_its_page_lists_the_meters_behind_it_and_leads_to_those_on_record(
    operator: Client, town: Town, concentrator: Meter
) -> None:
    said = words(operator, f"/console/meters/{concentrator.pk}/")
    assert "Meters behind this concentrator" in said
    assert "INC41000001 Меркурий 234 17 heard 24 Nov 2026, 12:00 — its page" in said
    assert "NRT70000009 НАРТИС 18 never heard — no answer not yet" in said
    assert f"/console/meters/{town.meter.pk}/" in operator.get(f"/console/meters/{concentrator.pk}/").content.decode()


def test_a_meter_that_is_no_concentrator_has_no_such_list(operator: Client, town: Town) -> None:
    assert "behind this concentrator" not in words(operator, f"/console/meters/{town.meter.pk}/")
