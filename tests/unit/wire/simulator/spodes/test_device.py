"""What a simulated СПОДЭС meter shows to whom: its list of objects, its profiles by selections, its refusals."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from commanded_spodes import Commanded, with_dialect
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.cosem import ConfiguratorProof
from kilovatt.measure.metering.events import EventKind, RelayCause
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.drivers.conversation import MeterAddress
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.association.requests import GetAttribute, RunMethod, SetAttribute
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.captured import CaptureObject
from kilovatt.wire.protocols.dlms.objects.listed import decode_object_list
from kilovatt.wire.protocols.dlms.objects.selecting import EntrySelection, RangeSelection
from kilovatt.wire.protocols.dlms.values import DlmsValue, Integer, OctetString, Structure
from kilovatt.wire.protocols.dlms.values.stamps import encode_stamp
from kilovatt.wire.protocols.framing.connection import Refusal
from kilovatt.wire.simulator.meter import PastEvent
from simulated_spodes import NOW, ZONE, register_wh

CLOCK, CURRENT = Obis.parse("0.0.1.0.0.255"), Obis.parse("0.0.40.0.0.255")
MONTHLY, LOAD = Obis.parse("1.0.98.1.0.255"), Obis.parse("1.0.99.1.0.255")
BUFFER = Descriptor(7, LOAD, 2)


def asked_by(meter: Commanded, address: MeterAddress, request: GetAttribute) -> Any:  # noqa: ANN401  # any value
    def ask() -> Any:  # noqa: ANN401  # a conversation
        answer = yield request
        return answer.value

    return meter.session(address, ask())


def get(meter: Commanded, class_id: int, name: str, number: int, selection: Selection | None = None) -> Any:  # noqa: ANN401  # any value
    return meter.get(GetAttribute(Descriptor(class_id, Obis.parse(name), number), selection))


def stamp(at: datetime) -> OctetString:
    return OctetString(encode_stamp(at, ZONE))


def test_a_reader_and_a_configurator_see_in_the_list_what_each_may_do() -> None:
    meter = Commanded()
    request = GetAttribute(Descriptor(15, CURRENT, 2))
    reader = meter.address(keys=None, counter=None)
    seen = {
        name: {(one.class_id, bytes(one.obis)): one for one in decode_object_list(asked_by(meter, address, request))}
        for name, address in (("reader", reader), ("configurator", meter.address()))
    }
    clock = (8, bytes(CLOCK))
    rights = {
        name: [(one.attribute, one.can_read(), one.can_write()) for one in listed[clock].attributes]
        for name, listed in seen.items()
    }
    assert (2, True, False) in rights["reader"]
    assert (2, True, True) in rights["configurator"]
    assert [one.can_run for one in seen["reader"][clock].methods] == [True]
    passwords = (15, bytes(Obis.parse("0.0.40.0.2.255")))
    assert passwords not in seen["reader"]
    assert [(one.attribute, one.can_read()) for one in seen["configurator"][passwords].attributes] == [
        (1, True),
        (7, False),
    ]


def test_the_current_association_tells_its_name_and_its_objects_only() -> None:
    meter = Commanded()
    assert get(meter, 15, "0.0.40.0.0.255", 1) == OctetString(CURRENT)
    assert get(meter, 15, "0.0.40.0.0.255", 8).code == AccessResult.OBJECT_UNAVAILABLE


@pytest.mark.parametrize(
    ("class_id", "name", "number", "code"),
    [
        (3, "1.0.99.8.0.255", 2, AccessResult.OBJECT_UNDEFINED),
        (8, "0.0.1.0.0.255", 99, AccessResult.OBJECT_UNAVAILABLE),
    ],
)
def test_what_is_not_there_is_refused(class_id: int, name: str, number: int, code: AccessResult) -> None:
    meter = Commanded()
    assert get(meter, class_id, name, number).code == code
    assert get(meter, 8, "0.0.1.0.0.255", 1) == OctetString(CLOCK)


def test_who_may_not_is_refused() -> None:
    meter = Commanded()
    reader = meter.address(keys=None, counter=None)
    secret = GetAttribute(Descriptor(15, Obis.parse("0.0.40.0.2.255"), 1))
    assert asked_by(meter, reader, secret).code == AccessResult.ACCESS_DENIED
    clock_set = SetAttribute(Descriptor(8, CLOCK, 2), stamp(NOW))
    assert asked_by(meter, reader, clock_set).code == AccessResult.ACCESS_DENIED  # type: ignore[arg-type]  # any request
    nowhere = Obis.parse("9.9.9.9.9.255")
    assert meter.set(SetAttribute(Descriptor(8, nowhere, 2), None)).code == AccessResult.OBJECT_UNDEFINED
    for obis, code in ((nowhere, AccessResult.OBJECT_UNDEFINED), (CLOCK, AccessResult.ACCESS_DENIED)):
        run = RunMethod(Descriptor(8, obis, 99), Integer(0))
        assert meter.set(run).code == code  # type: ignore[arg-type]  # any request


@pytest.mark.parametrize("value", [OctetString(b"\xff" * 12), OctetString(b""), Integer(1), Structure(())])
def test_a_clock_is_not_set_to_what_is_no_time(value: DlmsValue) -> None:
    assert isinstance(Commanded().set(SetAttribute(Descriptor(8, CLOCK, 2), value)), Refusal)


def test_rows_are_selected_by_range_columns_and_number() -> None:
    meter = Commanded()
    since, until = NOW - timedelta(hours=2), NOW
    energy = CaptureObject(3, Obis.parse("1.0.1.29.0.255"), 2)
    by_range = RangeSelection(stamp(since), stamp(until), columns=(energy,))
    rows = get(meter, 7, str(LOAD), 2, Selection(1, by_range.encode()))
    assert [len(row) for row in rows] == [1, 1, 1, 1]
    entries = EntrySelection(first=1, last=2, first_column=1, last_column=2)
    assert [len(row) for row in get(meter, 7, str(MONTHLY), 2, Selection(2, entries.encode()))] == [2, 2]
    assert get(meter, 7, str(MONTHLY), 6) == CaptureObject(8, CLOCK, 2).encode()


@pytest.mark.parametrize(
    ("descriptor", "selection"),
    [
        (BUFFER, Selection(1, Integer(1))),
        (BUFFER, Selection(1, RangeSelection(Integer(1), stamp(NOW)).encode())),
        (BUFFER, Selection(1, RangeSelection(OctetString(b"\xff" * 12), stamp(NOW)).encode())),
        (BUFFER, Selection(7, Structure(()))),
        (Descriptor(7, LOAD, 3), Selection(2, EntrySelection().encode())),
        (Descriptor(8, CLOCK, 2), Selection(2, EntrySelection().encode())),
    ],
)
def test_a_selection_that_makes_no_sense_is_refused(descriptor: Descriptor, selection: Selection) -> None:
    assert isinstance(Commanded().get(GetAttribute(descriptor, selection)), Refusal)


def test_a_meter_that_knows_only_entries_refuses_a_range() -> None:
    meter = Commanded(model=with_dialect(takes_ranges=False))
    whole = Selection(1, RangeSelection(stamp(NOW - timedelta(hours=1)), stamp(NOW)).encode())
    assert meter.get(GetAttribute(BUFFER, whole)).code == AccessResult.SCOPE_VIOLATED
    assert meter.read(profile_days=(NOW.date() - timedelta(days=1),)).meter_days


def test_the_flags_of_a_push_tell_what_has_happened() -> None:
    events = (
        PastEvent(kind=EventKind.MAGNETIC_FIELD, began_at=NOW - timedelta(days=2), ended_at=NOW - timedelta(days=1)),
        PastEvent(kind=EventKind.CASE_OPENED, began_at=NOW + timedelta(days=1)),
        PastEvent(kind=EventKind.ENERGY_RESET, began_at=NOW - timedelta(days=1)),
        PastEvent(kind=EventKind.RELAY_OPENED, began_at=NOW - timedelta(days=1), cause=RelayCause.OVERVOLTAGE),
    )
    meter = Commanded(past_events=events)
    assert get(meter, 1, "0.0.97.98.0.255", 2) == 1 << 3
    assert get(meter, 1, "0.0.97.98.10.255", 2) == 0xFFFF
    for number in range(2, 8):
        assert not isinstance(get(meter, 40, "0.0.25.9.0.255", number), Refusal)
    assert meter.codes("switching") == [11]


def test_a_single_phase_meter_shows_what_it_measures_and_one_behind_transformers_has_no_relay() -> None:
    single = Commanded(model=model_by_key("spodes-1ph")).read(instant=True).instant
    assert single is not None
    assert len(single.voltages_mv) == len(single.currents_ma) == 1
    behind = Commanded(model=model_by_key("spodes-3ph-ct"))
    told = behind.read(instant=True).instant
    assert told is not None
    assert told.relay_closed is None
    assert len(told.voltages_mv) == 3
    latest = get(behind, 3, "1.0.1.29.0.255", 2)
    ended_at = NOW.replace(minute=0)
    assert latest == register_wh(Quantity.A_PLUS, at=ended_at) - register_wh(
        Quantity.A_PLUS, at=ended_at - timedelta(minutes=30)
    )


def test_a_meter_without_keys_knows_no_configurator() -> None:
    for model in (with_dialect(), with_dialect(configurator_proof=ConfiguratorProof.AES)):
        meter = Commanded(model=model, keys=None)
        assert meter.meter._server.heard_counter(48) == 0  # as its counter object would show
        reader = meter.address(keys=None, counter=None)
        names = {
            bytes(one.obis)
            for one in decode_object_list(asked_by(meter, reader, GetAttribute(Descriptor(15, CURRENT, 2))))
        }
        assert bytes(Obis.parse("0.0.43.1.0.255")) not in names
