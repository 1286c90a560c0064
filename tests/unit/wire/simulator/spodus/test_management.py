"""The objects of a simulated concentrator: who may read which, and which rows of a table."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from concentrated_spodus import (
    NOW,
    ZONE,
    Client,
    concentrator,
    reader,
)
from kilovatt.measure.metering.events import EventKind
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.association.requests import Associate, GetAttribute, RunMethod, SetAttribute
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.listed import decode_object_list
from kilovatt.wire.protocols.dlms.objects.selecting import EntrySelection, RangeSelection
from kilovatt.wire.protocols.dlms.values import OctetString, Structure, Unsigned
from kilovatt.wire.protocols.dlms.values.stamps import encode_stamp
from kilovatt.wire.protocols.framing.connection import (
    Refusal,
)
from kilovatt.wire.simulator.meter import PastEvent

STATUSES = Descriptor(7, Obis.parse("0.0.94.7.134.255"), 2)
ACCESS_JOURNAL = Descriptor(7, Obis.parse("0.0.96.11.6.255"), 2)
LIST = Descriptor(1, Obis.parse("0.0.94.7.128.255"), 2)
OBJECTS = Descriptor(15, Obis.parse("0.0.40.0.0.255"), 2)
CLOCK = Descriptor(8, Obis.parse("0.0.1.0.0.255"), 2)


def test_anybody_may_ask_its_clock_and_its_name_and_nothing_else() -> None:
    client = Client(concentrator(), sap=16)
    client.asks(Associate())

    assert client.asks(GetAttribute(CLOCK))
    assert client.asks(GetAttribute(Descriptor(1, Obis.parse("0.0.42.0.0.255"), 2))) == b"KLV0000024000001"
    assert client.asks(GetAttribute(LIST)).code == AccessResult.ACCESS_DENIED
    listed = decode_object_list(client.asks(GetAttribute(OBJECTS)))
    assert {str(one.obis) for one in listed} == {"0.0.1.0.0.255", "0.0.42.0.0.255"}


def test_a_reader_sees_all_its_objects_and_can_read_each() -> None:
    client = reader(concentrator())
    listed = decode_object_list(client.asks(GetAttribute(OBJECTS)))

    assert {str(one.obis) for one in listed} >= {"0.0.41.0.0.255", *(f"0.0.94.7.{n}.255" for n in (128, 129, 130, 134))}
    for one in listed:
        for attribute in one.attributes:
            asked = client.asks(GetAttribute(Descriptor(one.class_id, one.obis, attribute.attribute)))
            assert not isinstance(asked, Refusal), (str(one.obis), attribute.attribute)
    assert client.asks(GetAttribute(replace(OBJECTS, number=1))) == bytes(OBJECTS.obis)


@pytest.mark.parametrize(
    ("attribute", "result"),
    [
        (replace(OBJECTS, number=9), AccessResult.OBJECT_UNAVAILABLE),
        (replace(STATUSES, number=9), AccessResult.OBJECT_UNAVAILABLE),
        (Descriptor(3, Obis.parse("1.0.1.8.0.255"), 2), AccessResult.OBJECT_UNDEFINED),
    ],
)
def test_what_it_does_not_have_it_refuses(attribute: Descriptor, result: AccessResult) -> None:
    assert reader(concentrator()).asks(GetAttribute(attribute)).code == result


def test_nothing_can_be_set_or_run() -> None:
    client = reader(concentrator())
    assert client.asks(SetAttribute(LIST, Unsigned(1))).code == AccessResult.ACCESS_DENIED
    assert client.asks(RunMethod(Descriptor(7, STATUSES.obis, 1))).code == AccessResult.ACCESS_DENIED


def by_entries(first: int, last: int) -> Selection:
    return Selection(2, EntrySelection(first=first, last=last).encode())


def by_range(since: datetime, until: datetime) -> Selection:
    first, last = (OctetString(encode_stamp(at, ZONE)) for at in (since, until))
    return Selection(1, RangeSelection(first, last).encode())


def test_rows_of_a_table_are_taken_by_their_numbers() -> None:
    client = reader(concentrator())
    whole = client.asks(GetAttribute(STATUSES))

    assert client.asks(GetAttribute(STATUSES, by_entries(2, 0))) == whole[1:]
    assert client.asks(GetAttribute(STATUSES, by_entries(1, 2))) == whole[:2]


def test_rows_of_a_journal_are_taken_by_their_time() -> None:
    days = (3, 2, 1)
    happened = [PastEvent(kind=EventKind.REPROGRAMMED, began_at=NOW - timedelta(days=day)) for day in days]
    client = reader(concentrator(events=happened))
    journal = Descriptor(7, Obis.parse("0.0.96.11.3.255"), 2)
    whole = client.asks(GetAttribute(journal))

    assert len(whole) == 3
    span = by_range(NOW - timedelta(days=2), NOW - timedelta(days=1))
    assert client.asks(GetAttribute(journal, span)) == whole[1:]


@pytest.mark.parametrize(
    ("attribute", "selection", "result"),
    [
        (LIST, by_entries(1, 1), AccessResult.SCOPE_VIOLATED),
        (replace(STATUSES, number=3), by_entries(1, 1), AccessResult.SCOPE_VIOLATED),
        (STATUSES, by_range(NOW, NOW), AccessResult.SCOPE_VIOLATED),
        (STATUSES, Selection(9, None), AccessResult.SCOPE_VIOLATED),
        (STATUSES, Selection(2, Structure((Unsigned(1),))), AccessResult.TYPE_UNMATCHED),
        (ACCESS_JOURNAL, Selection(1, RangeSelection(OctetString(b""), OctetString(b"")).encode()), AccessResult(12)),
    ],
)
def test_a_selection_that_makes_no_sense_is_refused(
    attribute: Descriptor, selection: Selection, result: AccessResult
) -> None:
    assert reader(concentrator()).asks(GetAttribute(attribute, selection)).code == result
