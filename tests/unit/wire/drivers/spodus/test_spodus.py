"""What a concentrator's tables tell, value by value: columns in any order, what is missing, what is nonsense."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asked_spodes import CLOCK, CLOCK_NAME, DATA, NOW, PROFILE, AskedMeter, stamp
from kilovatt.measure.metering.catalogue import MODELS, model_by_key
from kilovatt.measure.metering.catalogue.spodus import behind, can_be_behind
from kilovatt.measure.metering.concentrators import ConcentratorState, ExchangeStatus, Hearing, MeterBehind
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.addresses import DIRECT_CHANNELS, address_rule, factory_address
from kilovatt.wire.drivers.catalogue import driver_for
from kilovatt.wire.drivers.conversation import MeterAddress, MeterRefusedError, ReadingTask
from kilovatt.wire.drivers.spodus.driver import ConcentratorDriver, ThroughConcentratorDriver, concentrator_of
from kilovatt.wire.drivers.spodus.state import ENTRIES_MAX
from kilovatt.wire.protocols.dlms.apdu.access import Selection
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DlmsValue,
    DoubleLongUnsigned,
    Enumerate,
    LongUnsigned,
    OctetString,
    Structure,
    Unsigned,
)
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason

ROW = model_by_key("spodus-uspd")
LIST, DIRECT, INTERFACES, STATUSES, EXCHANGES, EVENTS, DELTA = (
    f"0.0.94.7.{number}.255" for number in (128, 129, 130, 134, 135, 140, 141)
)
NAME = "0.0.94.7.128.10"
FIRST, SECOND = b"EMR012345678", b"NRT087654321"
ONLY_METERS = ReadingTask(identity=False, clock=False)


def state_of(told: AskedMeter) -> ConcentratorState:
    address = MeterAddress(model=ROW, address=1, zone=ZoneInfo("Europe/Moscow"))
    (part,) = ConcentratorDriver().parts(address, ONLY_METERS)
    assert part.part is SessionPart.METERS
    learnt: Learnt = told.carry(part.conversation)
    assert learnt.concentrator is not None
    assert learnt.exchanges == learnt.concentrator.exchanges
    return learnt.concentrator


def listed(*meters: tuple[bytes, bytes, Iterable[int]]) -> Array:
    return Array(
        Structure(
            (
                OctetString(name),
                OctetString(model),
                Array(Structure((Unsigned(channel), OctetString(b""))) for channel in channels),
            )
        )
        for name, model, channels in meters
    )


def direct(*channels: tuple[int, bytes]) -> Array:
    return Array(Structure((LongUnsigned(address), OctetString(name), Unsigned(1))) for address, name in channels)


def named(*names: str) -> list[tuple[int, str, int]]:
    return [(DATA, name, 2) for name in names]


def test_a_concentrator_that_tells_nothing_has_no_meters() -> None:
    assert state_of(AskedMeter()) == ConcentratorState(meters=())


def test_meters_are_those_of_the_list_with_their_channels_by_name() -> None:
    told = AskedMeter({(DATA, LIST, 2): listed((FIRST, "СЕ208".encode("cp1251"), (2, 7)), (SECOND, b"I100", ()))})
    told.show_profile(
        INTERFACES,
        named("0.0.94.7.130.1", "0.0.94.7.130.2"),
        [(Unsigned(2), OctetString(b"PLC_1")), (None, OctetString(b"?")), (Unsigned(3), None)],
    )
    first, second = state_of(told).meters

    assert (first.name, first.model, first.channels) == ("EMR012345678", "СЕ208", ("PLC_1", "7"))
    assert (second.name, second.channels, second.addresses) == ("NRT087654321", (), ())


def test_an_address_is_that_of_the_direct_channel_and_a_meter_may_have_two() -> None:
    told = AskedMeter(
        {
            (DATA, LIST, 2): listed((FIRST, b"", ())),
            (DATA, DIRECT, 2): direct((200, FIRST), (16_381, FIRST + b"\0\0"), (300, SECOND)),
        }
    )
    first, unlisted = state_of(told).meters

    assert first.addresses == (200, 16_381)
    assert (unlisted.name, unlisted.model, unlisted.addresses) == ("NRT087654321", "", (300,))


def test_columns_are_found_by_their_names_in_whatever_order_they_are() -> None:
    heard_at, tried_at = NOW - timedelta(days=9), NOW - timedelta(hours=3)
    told = AskedMeter()
    told.show_profile(
        STATUSES,
        named("0.0.94.7.134.2", "0.0.94.7.134.99", NAME, "0.0.94.7.134.1"),
        [(stamp(tried_at), Enumerate(7), OctetString(FIRST), stamp(heard_at))],
    )
    (meter,) = state_of(told).meters

    assert (meter.last_heard_at, meter.last_tried_at, meter.clock_at) == (heard_at, tried_at, None)
    assert meter.hearing is Hearing.NOT_NOW


def test_a_table_that_does_not_name_its_meters_tells_nothing_of_any() -> None:
    told = AskedMeter()
    told.show_profile(STATUSES, named("0.0.94.7.134.1"), [(stamp(NOW),)])
    told.show_profile(EVENTS, named("0.0.94.7.140.4"), [(stamp(NOW),)])
    state = state_of(told)
    assert (state.meters, state.events) == ((), ())


@pytest.mark.parametrize(
    ("heard", "tried", "hearing"),
    [
        (NOW, NOW, Hearing.HEARD),
        (NOW, None, Hearing.HEARD),
        (NOW - timedelta(seconds=1), NOW, Hearing.NOT_NOW),
        (None, NOW, Hearing.NEVER),
        (None, None, Hearing.NEVER),
    ],
)
def test_whether_it_hears_a_meter_follows_from_its_last_session_and_its_last_attempt(
    heard: datetime | None, tried: datetime | None, hearing: Hearing
) -> None:
    status = MeterBehind(name="", model="", has_status=True, last_heard_at=heard, last_tried_at=tried)
    assert status.hearing is hearing
    assert MeterBehind(name="", model="").hearing is Hearing.NOT_TOLD


@pytest.mark.parametrize("never", [None, OctetString(bytes(12)), OctetString(b"\xff" * 12), Unsigned(0)], ids=repr)
def test_a_stamp_of_nothing_is_never(never: DlmsValue) -> None:
    told = AskedMeter()
    told.show_profile(STATUSES, named(NAME, "0.0.94.7.134.1"), [(OctetString(FIRST), never)])
    (meter,) = state_of(told).meters
    assert meter.hearing is Hearing.NEVER


def test_of_the_tasks_of_a_meter_the_latest_counts() -> None:
    told = AskedMeter()
    told.show_profile(
        EXCHANGES,
        named("0.0.94.7.135.1", NAME, "0.0.94.7.135.2", "0.0.94.7.135.3", "0.0.94.7.135.5"),
        [
            (LongUnsigned(1), OctetString(FIRST), stamp(NOW), Unsigned(7), Unsigned(3)),
            (LongUnsigned(1), OctetString(FIRST), stamp(NOW - timedelta(days=1)), Unsigned(0), Unsigned(1)),
            (LongUnsigned(1), OctetString(FIRST), None, Unsigned(2), Unsigned(1)),
        ],
    )
    told.show(DATA, LIST, 2, listed((FIRST, b"", ())))
    (meter,) = state_of(told).meters
    assert (meter.last_exchange, meter.attempts) == (ExchangeStatus.BAD_LINK, 3)


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (Unsigned(0), ExchangeStatus.DONE),
        (Unsigned(6), ExchangeStatus.NO_RESPONSE),
        (Enumerate(5), ExchangeStatus.NOT_FOUND),
        (Unsigned(8), ExchangeStatus.OTHER),
        (None, None),
        (True, None),
    ],
)
def test_how_a_task_went_is_one_of_eight_and_what_else_is_told_is_another(
    value: DlmsValue, status: ExchangeStatus | None
) -> None:
    told = AskedMeter({(DATA, LIST, 2): listed((FIRST, b"", ()))})
    told.show_profile(EXCHANGES, named(NAME, "0.0.94.7.135.3"), [(OctetString(FIRST), value)])
    (meter,) = state_of(told).meters
    assert (meter.last_exchange, meter.attempts) == (status, None)


def test_of_a_long_journal_the_latest_rows_are_read() -> None:
    selections: list[Selection | None] = []

    def buffer(selection: Selection | None) -> DlmsValue:
        selections.append(selection)
        return Array(())

    told = AskedMeter()
    told.show_profile(EXCHANGES, named(NAME, "0.0.94.7.135.3"), ())
    told.show(PROFILE, EXCHANGES, 2, buffer)
    for total, first in ((ENTRIES_MAX, None), (ENTRIES_MAX + 1, 2), (5_000, 4_001)):
        told.show(PROFILE, EXCHANGES, 7, DoubleLongUnsigned(total))
        state_of(told)
        (selection,) = selections
        selections.clear()
        assert first is None if selection is None else (selection.selector, selection.parameters[0]) == (2, first)  # type: ignore[index]


def test_a_concentrator_that_takes_no_selection_is_asked_for_everything() -> None:
    row = Structure((OctetString(FIRST), Unsigned(6)))

    def buffer(selection: Selection | None) -> DlmsValue | AccessResult:
        return AccessResult.SCOPE_VIOLATED if selection is not None else Array((row,))

    told = AskedMeter({(DATA, LIST, 2): listed((FIRST, b"", ()))})
    told.show_profile(EXCHANGES, named(NAME, "0.0.94.7.135.3"), ())
    told.show(PROFILE, EXCHANGES, 2, buffer)
    told.show(PROFILE, EXCHANGES, 7, DoubleLongUnsigned(5_000))
    (meter,) = state_of(told).meters
    assert meter.last_exchange is ExchangeStatus.NO_RESPONSE


def test_events_that_do_not_say_of_whom_when_or_what_are_left_out() -> None:
    whole = (OctetString(FIRST), stamp(NOW), stamp(NOW), Unsigned(2), LongUnsigned(1))
    told = AskedMeter()
    told.show_profile(
        EVENTS,
        named(NAME, "0.0.94.7.140.3", "0.0.94.7.140.4", "0.0.94.7.140.5", "0.0.94.7.140.6"),
        [
            whole,
            (*whole[:2], None, *whole[3:]),
            (*whole[:3], Unsigned(99), whole[4]),
            (*whole[:4], OctetString(b"")),
            (*whole[:4], LongUnsigned(999)),
        ],
    )
    assert [event.code for event in state_of(told).events] == ["spodes:switching:1", "spodes:switching:999"]


NONSENSE: tuple[tuple[str, DlmsValue], ...] = (
    (LIST, Unsigned(1)),
    (LIST, Array((Unsigned(1),))),
    (LIST, Array((Structure((OctetString(FIRST), OctetString(b""))),))),
    (LIST, Array((Structure((Unsigned(1), OctetString(b""), Array(()))),))),
    (LIST, Array((Structure((OctetString(FIRST), OctetString(b""), Array((Structure((None, None)),)))),))),
    (DIRECT, Array((Structure((OctetString(b""), OctetString(FIRST), Unsigned(1))),))),
    (DIRECT, Array((Structure((Unsigned(1), OctetString(FIRST))),))),
)


@pytest.mark.parametrize(("name", "value"), NONSENSE)
def test_a_list_of_another_shape_is_noise_and_loses_this_part_only(name: str, value: DlmsValue) -> None:
    with pytest.raises(MeterRefusedError) as refused:
        state_of(AskedMeter({(DATA, name, 2): value}))
    assert refused.value.outcome is Outcome.NOISE


@pytest.mark.parametrize("row", [Unsigned(1), Structure((OctetString(FIRST),)), Structure((Unsigned(1), Unsigned(1)))])
def test_a_row_of_another_shape_than_its_columns_is_noise(row: DlmsValue) -> None:
    told = AskedMeter()
    told.show_profile(STATUSES, named(NAME, "0.0.94.7.134.1"), ())
    told.show(PROFILE, STATUSES, 2, Array((row,)))
    with pytest.raises(MeterRefusedError) as refused:
        state_of(told)
    assert refused.value.outcome is Outcome.NOISE


_PLAIN: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 255).map(Unsigned),
    st.integers(0, 65_535).map(LongUnsigned),
    st.binary(max_size=14).map(OctetString),
)
_VALUES = st.recursive(
    _PLAIN,
    lambda inner: st.one_of(st.lists(inner, max_size=3).map(Array), st.lists(inner, max_size=4).map(Structure)),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from((LIST, DIRECT, DELTA)), _VALUES), st.lists(_VALUES, max_size=3), _VALUES)
def test_whatever_a_concentrator_tells_it_is_understood_or_noise(
    lists: dict[str, DlmsValue], rows: list[DlmsValue], devices: DlmsValue
) -> None:
    told = AskedMeter({(DATA, name, 2): value for name, value in lists.items()})
    told.show(17, "0.0.41.0.0.255", 2, devices)
    for table in (STATUSES, EXCHANGES, EVENTS, INTERFACES):
        told.show_profile(table, named(NAME, "0.0.94.7.134.1"), ())
        told.show(PROFILE, table, 2, Array(rows))
    try:
        state = state_of(told)
    except MeterRefusedError as error:
        state, outcome = ConcentratorState(meters=()), error.outcome
    else:
        outcome = Outcome.OK
    assert outcome in {Outcome.OK, Outcome.NOISE}
    assert all(meter.hearing in Hearing for meter in state.meters)


def test_a_table_that_it_has_and_cannot_tell_now_is_a_refusal() -> None:
    told = AskedMeter({(DATA, LIST, 2): Refusal(RefusalReason.OTHER, AccessResult.TEMPORARY_FAILURE)})
    with pytest.raises(MeterRefusedError) as refused:
        state_of(told)
    assert refused.value.outcome is Outcome.REFUSED


def test_a_delta_that_is_no_number_is_left_open() -> None:
    assert state_of(AskedMeter({(DATA, DELTA, 2): Unsigned(7)})).time_delta_s == 7
    assert state_of(AskedMeter({(DATA, DELTA, 2): OctetString(b"7")})).time_delta_s is None
    assert state_of(AskedMeter({(DATA, DELTA, 2): True})).time_delta_s is None


def session(told: AskedMeter, **wanted: Any) -> Learnt:  # noqa: ANN401  # fields of a task
    address = MeterAddress(model=ROW, address=1, zone=ZoneInfo("Europe/Moscow"))
    learnt = Learnt()
    for part in ConcentratorDriver().parts(address, ReadingTask(**({"registers_now": False} | wanted))):
        learnt += told.carry(part.conversation)
    return learnt


def test_a_concentrator_that_tells_only_its_number_has_an_identity() -> None:
    told = AskedMeter({(DATA, "0.0.96.1.0.255", 2): OctetString(b"24000001")})
    identity = session(told, clock=False).identity
    assert identity is not None
    assert (identity.serial, identity.firmware, identity.variant, identity.made_on) == ("24000001", None, None, None)


def test_its_own_journals_are_read_since_an_instant_and_those_it_lacks_are_passed_over() -> None:
    told = AskedMeter()
    told.show_profile(
        "0.0.96.11.6.255",
        [(CLOCK, CLOCK_NAME, 2), (DATA, "0.0.96.11.6.255", 2)],
        [(stamp(NOW - timedelta(days=day)), LongUnsigned(1)) for day in (9, 1)],
    )
    since = NOW - timedelta(days=2)
    events = session(told, identity=False, clock=False, events=True, events_since=since).events
    assert [event.began_at for event in events] == [NOW - timedelta(days=1)]


def test_every_model_of_spodes_and_no_other_can_stand_behind_a_concentrator() -> None:
    for model in MODELS:
        if not can_be_behind(model):
            with pytest.raises(ValueError, match="no meter of СПОДЭС"):
                behind(model)
            continue
        row = model_by_key(f"{model.key}@uspd")
        assert row == behind(model)
        assert isinstance(driver_for(row), ThroughConcentratorDriver)
        assert row.title == model.title


def test_addresses_behind_a_concentrator_are_those_of_direct_channels() -> None:
    row = model_by_key("nartis-i100@uspd")
    assert {factory_address(row, serial) in DIRECT_CHANNELS for serial in (0, 9_999, 10_000, 99_999_999)} == {True}
    assert (address_rule(row).maximum, address_rule(row).alone) == (16_381, False)
    assert (address_rule(ROW).anybody, factory_address(ROW, 24_000_001)) == (1, 1)


def test_only_a_meter_behind_one_has_a_concentrator_to_be_asked() -> None:
    zone = ZoneInfo("Europe/Moscow")
    assert concentrator_of(MeterAddress(model=model_by_key("spodes-1ph@uspd"), address=200, zone=zone)) is not None
    for key in ("spodes-1ph", "rim-489-spodes", "spodus-uspd"):
        assert concentrator_of(MeterAddress(model=model_by_key(key), address=1, zone=zone)) is None


def test_learning_of_a_concentrator_again_keeps_the_later() -> None:
    first, second = (
        Learnt(concentrator=ConcentratorState(meters=(), time_delta_s=delta, exchanges=frozenset({delta})))
        for delta in (1, 2)
    )
    assert (first + second).concentrator == second.concentrator
    assert (first + Learnt()).concentrator == first.concentrator
    assert (first + Learnt()).exchanges == {1}
