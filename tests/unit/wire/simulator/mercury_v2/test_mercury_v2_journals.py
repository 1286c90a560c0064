"""A simulated Mercury V2: what flows, and its journals."""

from datetime import date, datetime, timedelta

import pytest

from kilovatt.measure.metering.events import EventKind, RelayCause
from kilovatt.measure.metering.registers import Quantity as Measurand
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2 import instants, journals, parameters, session, writes
from kilovatt.wire.protocols.mercury_v2.instants import Measured, Quantity
from kilovatt.wire.protocols.mercury_v2.journals import Journal, LoadEvent, LoadSwitched, Moment, Pair
from kilovatt.wire.simulator.meter import PastEvent
from simulated_v2 import (
    DIGITS,
    ENERGY,
    M234_R,
    MOSCOW,
    NOW,
    counted,
    meter,
    refused,
    said,
)

# ── What flows ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_flows_agrees_with_itself_and_is_the_same_within_a_minute() -> None:
    it = meter(model=M234_R)
    everything = said(it, instants.ReadEverything())
    assert said(it, instants.ReadEverything(), NOW + timedelta(seconds=20)) == everything
    total, *phases = (power.magnitude if power else 0 for power in everything.active_mw)
    assert total == sum(phases)
    assert abs(total // 1000 - ENERGY.power_w(Measurand.A_PLUS, NOW)) <= 1
    assert all(225_000 <= (mv or 0) <= 235_000 for mv in everything.voltages_mv)
    apparent = [power.magnitude if power else 0 for power in everything.apparent_mva[1:]]
    for va, mv, ma in zip(apparent, everything.voltages_mv, everything.currents_ma, strict=True):
        assert ma == va * 1000 // (mv or 1)
    assert everything.frequency_mhz is not None
    assert abs(everything.frequency_mhz - 50_000) <= 400


def test_single_values_are_those_of_all() -> None:
    it = meter()
    everything = said(it, instants.ReadEverything())
    assert said(it, instants.ReadInstant(Measured(Quantity.VOLTAGE, 2))) == everything.voltages_mv[1]
    assert said(it, instants.ReadInstant(Measured(Quantity.POWER, 3))) == everything.active_mw[3]
    assert said(it, instants.ReadInstants(Measured(Quantity.POWER_FACTOR))) == everything.factors_permille
    assert said(it, instants.ReadInstants(Measured(Quantity.LINE_VOLTAGE))) != everything.voltages_mv


def test_frozen_values_stay_what_they_were() -> None:
    it = meter()
    assert refused(it, instants.ReadFrozen(Measured(Quantity.POWER))) == 1
    assert refused(it, instants.ReadFrozenClock()) == 1
    assert refused(it, instants.ReadFrozenEnergy(0)) == 1
    said(it, writes.Freeze())
    then = said(it, instants.ReadEverything())
    later = NOW + timedelta(seconds=200)
    assert said(it, instants.ReadFrozen(Measured(Quantity.POWER)), later) == then.active_mw
    assert said(it, instants.ReadFrozenEnergy(0), later).a_plus_wh == counted(0, NOW)


# ── Journals ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def ago(hours: int) -> datetime:
    return NOW - timedelta(hours=hours)


def shown(at: datetime) -> WallTime:
    return WallTime.of(at, MOSCOW)


def test_a_ring_keeps_the_newest_ten_in_no_order_of_time() -> None:
    magnets = [PastEvent(kind=EventKind.MAGNETIC_FIELD, began_at=ago(100 - n), ended_at=ago(99 - n)) for n in range(12)]
    it = meter(*magnets)
    ring = said(it, journals.ReadWholeJournal(Journal.MAGNETIC_FIELD))
    assert ring[0] == Pair(shown(ago(90)), shown(ago(89)))
    assert ring[2] == Pair(shown(ago(98)), shown(ago(97)))
    newest = said(it, journals.ReadNewestRecord(Journal.MAGNETIC_FIELD))
    assert newest == journals.NewestRecord(Pair(shown(ago(89)), shown(ago(88))), 1)


def test_an_event_that_is_not_over_yet_has_no_end() -> None:
    opened = PastEvent(kind=EventKind.CASE_OPENED, began_at=ago(2), ended_at=NOW + timedelta(hours=1))
    it = meter(opened, PastEvent(kind=EventKind.TERMINAL_COVER_OPENED, began_at=ago(3)))
    ring = said(it, journals.ReadWholeJournal(Journal.CASE))
    assert ring[0] == Pair(shown(ago(3)), None)
    assert ring[5] == Pair(shown(ago(2)), None)
    later = NOW + timedelta(hours=2)
    said(it, session.OpenChannel(1, DIGITS[1]), later)
    after = said(it, journals.ReadJournal(Journal.CASE, 5), later)
    assert after == Pair(shown(ago(2)), shown(NOW + timedelta(hours=1)))


def test_what_has_not_happened_yet_is_in_no_journal() -> None:
    it = meter(PastEvent(kind=EventKind.MAGNETIC_FIELD, began_at=NOW + timedelta(hours=1)))
    assert said(it, journals.ReadNewestRecord(Journal.MAGNETIC_FIELD)).record == Pair(None, None)


def test_the_journal_of_the_supply_pairs_each_on_with_the_next_off() -> None:
    outages = [
        PastEvent(kind=EventKind.POWER_OFF, began_at=ago(10), ended_at=ago(9)),
        PastEvent(kind=EventKind.POWER_OFF, began_at=ago(5), ended_at=ago(4)),
    ]
    ring = said(meter(*outages), journals.ReadWholeJournal(Journal.POWER))
    assert ring[:3] == (
        Pair(shown(ENERGY.begins_at), shown(ago(10))),
        Pair(shown(ago(9)), shown(ago(5))),
        Pair(shown(ago(4)), None),
    )


def test_a_phase_that_is_still_lost_has_no_later_record() -> None:
    lost = [
        PastEvent(kind=EventKind.PHASE_LOST, began_at=ago(5)),
        PastEvent(kind=EventKind.PHASE_LOST, began_at=ago(2)),
    ]
    ring = said(meter(*lost), journals.ReadWholeJournal(Journal.VOLTAGE_1))
    assert ring[:2] == (Pair(shown(ENERGY.begins_at), shown(ago(5))), Pair(None, None))


@pytest.mark.parametrize(
    ("event", "journal", "record"),
    [
        (
            PastEvent(kind=EventKind.CLOCK_SET, began_at=ago(5)),
            Journal.CLOCK_CORRECTIONS,
            Pair(shown(ago(5)), shown(ago(5) + timedelta(seconds=7))),
        ),
        (
            PastEvent(kind=EventKind.TARIFF_TABLE_CHANGED, began_at=ago(5)),
            Journal.TARIFF_SCHEDULE,
            Moment(shown(ago(5))),
        ),
        (
            PastEvent(kind=EventKind.METER_FAULT, began_at=ago(5)),
            Journal.ERRORS,
            journals.ErrorsFound(shown(ago(5)), frozenset({1})),
        ),
        (
            PastEvent(kind=EventKind.REPROGRAMMED, began_at=ago(5)),
            Journal.REPROGRAMMING,
            journals.Reprogramming(date(2026, 11, 24), 1, frozenset({0x1D}), 0),
        ),
        (
            PastEvent(kind=EventKind.RELAY_OPENED, began_at=ago(5), cause=RelayCause.POWER_LIMIT),
            Journal.LOAD_CONTROL,
            LoadSwitched(shown(ago(5)), frozenset({LoadEvent.OFF_BY_POWER_LIMIT})),
        ),
        (
            PastEvent(kind=EventKind.RELAY_CLOSED, began_at=ago(5), cause=RelayCause.BY_HAND),
            Journal.LOAD_CONTROL,
            LoadSwitched(shown(ago(5)), frozenset({LoadEvent.ON_BY_HAND})),
        ),
        (
            PastEvent(kind=EventKind.RELAY_PERMITTED, began_at=ago(5)),
            Journal.LOAD_CONTROL,
            LoadSwitched(shown(ago(5)), frozenset({LoadEvent.PERMITTED})),
        ),
    ],
    ids=lambda it: it.kind.value if isinstance(it, PastEvent) else "",
)
def test_past_events_stand_in_their_journals(event: PastEvent, journal: Journal, record: object) -> None:
    assert said(meter(event, model=M234_R), journals.ReadJournal(journal, 0)) == record


def test_flags_tell_what_has_happened() -> None:
    it = meter(PastEvent(kind=EventKind.MAGNETIC_FIELD, began_at=ago(5)))
    assert said(it, parameters.ReadEventFlags()) == frozenset({3})
    assert said(it, parameters.ReadTariffState()) == parameters.TariffState(tariff=1, is_single=False)
