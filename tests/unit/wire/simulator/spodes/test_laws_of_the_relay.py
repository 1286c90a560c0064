"""Laws of the relay: whatever is commanded, pressed or drawn, an open relay counts nothing and a closed one all."""

from contextlib import suppress
from datetime import datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.wire.protocols.dlms.objects.relay import ControlMode, ControlState
from kilovatt.wire.simulator.clockwork import Clockwork
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.spodes.control import Control
from kilovatt.wire.simulator.spodes.journals import DEPTHS, Journal, Journals
from kilovatt.wire.simulator.spodes.objects import CannotBeSetError
from kilovatt.wire.simulator.spodes.works import Works
from kilovatt.wire.simulator.switched_energy import SwitchedEnergy
from kilovatt.wire.simulator.tariffed_energy import TariffedEnergy
from simulated_spodes import ADDRESS, ENERGY, KEYS, NOW, SERIAL, ZONE

ACTIONS = st.sampled_from(["disconnect", "reconnect", "press", "wait"])
OPENS, CLOSES = {3, 6, 8}, {4, 7, 20}


def works() -> Works:
    plan = SimulatedMeterPlan(
        model=model_by_key("spodes-3ph"), serial=SERIAL, address=ADDRESS, zone=ZONE, energy=ENERGY, keys=KEYS
    )
    tariffed = TariffedEnergy(ENERGY, ZONE)
    return Works(
        plan=plan,
        clockwork=Clockwork(ZONE, timedelta(0)),
        tariffed=tariffed,
        switched=SwitchedEnergy(tariffed),
        journals=Journals(()),
        stamps_ahead_of_utc=False,
    )


def total_uwh(of: Works, at: datetime) -> int:
    return of.switched.register_uwh(Quantity.A_PLUS, TOTAL_TARIFF, at)


def done(control: Control, action: str, at: datetime) -> None:
    control.catch_up(at)
    relay = control.relay
    acts = {"disconnect": relay.disconnect, "reconnect": relay.reconnect, "press": relay.press_button}
    if action in acts:
        acts[action](at)


def closed_spans(inside: Works, until: datetime) -> list[tuple[datetime, datetime]]:
    """When it was closed, as the journal tells: at first it is."""
    spans: list[tuple[datetime, datetime]] = []
    since: datetime | None = NOW
    for entry in inside.journals.entries(Journal.SWITCHING, until):
        if entry.code in OPENS and since is not None:
            spans.append((since, entry.at))
            since = None
        elif entry.code in CLOSES:
            # Closing is told only of one that was open.
            assert since is None
            since = entry.at
    return spans if since is None else [*spans, (since, until)]


@given(
    mode=st.integers(0, 6),
    threshold=st.sampled_from([0, 3000, 0xFFFF_FFFF]),
    actions=st.lists(st.tuples(ACTIONS, st.integers(1, 4000)), max_size=12),
)
def test_what_is_counted_is_what_flowed_while_the_journal_says_it_was_closed(
    mode: int, threshold: int, actions: list[tuple[str, int]]
) -> None:
    inside, at = works(), NOW
    control = Control.of(inside)
    control.relay.mode, control.limiter.threshold = ControlMode(mode), threshold
    control.catch_up(at)
    for action, after_s in actions:
        at += timedelta(seconds=after_s)
        # In mode 0 commands are refused.
        with suppress(CannotBeSetError):
            done(control, action, at)
    at += timedelta(hours=1)
    # A journal that is full has forgotten how it began.
    assume(len(list(inside.journals.entries(Journal.SWITCHING, at))) < DEPTHS[Journal.SWITCHING])
    spans = closed_spans(inside, at)
    assert (control.relay.state is ControlState.CONNECTED) == (bool(spans) and spans[-1][1] == at)
    flowed_uwh = sum(ENERGY.flowed_uwh(Quantity.A_PLUS, since, until) for since, until in spans)
    assert total_uwh(inside, at) - total_uwh(inside, NOW) == flowed_uwh
