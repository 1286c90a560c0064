"""A small association on record."""

import pytest

from kilovatt.office.records.models import Meter, Organisation
from on_record import put_association_on_record


@pytest.fixture
def association(db: None) -> Organisation:
    return put_association_on_record()


@pytest.fixture
def meter(association: Organisation) -> Meter:
    return Meter.objects.get(serial="41000001")
