"""Clock, relay and limiter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects import clock, limiter, relay
from kilovatt.wire.protocols.dlms.objects.limiter import ScriptChoice
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DlmsValue,
    Enumerate,
    LongUnsigned,
    MalformedError,
    OctetString,
    Structure,
    Unsigned,
    decode,
    encode,
)

NAMES = st.binary(min_size=6, max_size=6).map(Obis)
STAMPS = st.binary(min_size=12, max_size=12)
SCRIPTS = st.builds(ScriptChoice, NAMES, st.integers(0, 0xFFFF))


@pytest.mark.parametrize(
    ("mode", "opens", "closes", "by_hand", "by_itself"),
    [
        (0, False, False, False, False),
        (1, True, False, True, False),
        (2, True, True, True, False),
        (3, True, False, False, False),
        (4, True, True, False, False),
        (5, True, False, True, True),
        (6, True, False, False, True),
    ],
)
def test_the_mode_of_a_relay_says_who_opens_and_closes_it(
    mode: int, opens: bool, closes: bool, by_hand: bool, by_itself: bool
) -> None:
    found = relay.decode_control_mode(Enumerate(mode))
    assert (found.opens_remotely, found.closes_remotely) == (opens, closes)
    assert (found.opens_by_hand, found.closes_by_itself) == (by_hand, by_itself)
    assert found.encode() == Enumerate(mode)


@pytest.mark.parametrize(
    ("value", "closed"),
    [(True, True), (False, False), (Unsigned(1), True), (Enumerate(0), False)],
)
def test_the_output_of_a_relay_is_a_boolean_or_nought_or_one(value: DlmsValue, closed: bool) -> None:
    assert relay.decode_output_state(value) is closed


def test_a_relay_may_wait_for_the_hand_of_the_consumer() -> None:
    assert relay.decode_control_state(Enumerate(2)) is relay.ControlState.READY_FOR_RECONNECTION


@pytest.mark.parametrize("decoded", [relay.decode_output_state, relay.decode_control_state, relay.decode_control_mode])
@pytest.mark.parametrize("value", [None, Enumerate(7), OctetString(b"\x01")])
def test_states_that_relays_do_not_have_are_refused(decoded: object, value: DlmsValue) -> None:
    assert callable(decoded)
    with pytest.raises(MalformedError, match=r"of (the relay|control), 0 to"):
        decoded(value)


@given(STAMPS, STAMPS, STAMPS)
def test_preset_times_come_back_as_they_were(time: bytes, since: bytes, until: bytes) -> None:
    preset = clock.PresetTime(time, since, until)
    assert clock.decode_preset_time(decode(encode(preset.encode()))) == preset


def test_a_preset_time_of_another_shape_is_refused() -> None:
    with pytest.raises(MalformedError, match="a date and time, 12 bytes is wanted"):
        clock.decode_preset_time(Structure(map(OctetString, (bytes(12), bytes(12), bytes(5)))))


@given(st.integers(0, 0xFFFF), NAMES, st.integers(-128, 127))
def test_monitored_values_come_back_as_they_were(class_id: int, obis: Obis, attribute: int) -> None:
    watched = limiter.MonitoredValue(class_id, obis, attribute)
    assert limiter.decode_monitored_value(decode(encode(watched.encode()))) == watched


@given(st.integers(0, 0xFFFF), STAMPS, st.integers(0, 0xFFFFFFFF))
def test_emergency_profiles_come_back_as_they_were(number: int, activation: bytes, duration_s: int) -> None:
    profile = limiter.EmergencyProfile(number, activation, duration_s)
    assert limiter.decode_emergency_profile(decode(encode(profile.encode()))) == profile
    listed = limiter.encode_emergency_profiles((number, 7))
    assert limiter.decode_emergency_profiles(decode(encode(listed))) == (number, 7)


@given(SCRIPTS, SCRIPTS)
def test_actions_of_a_limiter_come_back_as_they_were(over: ScriptChoice, under: ScriptChoice) -> None:
    actions = limiter.LimiterActions(over, under)
    assert limiter.decode_limiter_actions(decode(encode(actions.encode()))) == actions


def test_actions_of_a_limiter_are_two_scripts() -> None:
    # The script table of relays, its script 1 above the threshold and 2 under it again.
    table = Obis.parse("0.0.10.0.106.255")
    actions = limiter.LimiterActions(ScriptChoice(table, 1), ScriptChoice(table, 2))
    wire = "0202" + "0202090600000A006AFF120001" + "0202090600000A006AFF120002"
    assert encode(actions.encode()) == bytes.fromhex(wire)


@pytest.mark.parametrize(
    "decoded",
    [
        limiter.decode_monitored_value,
        limiter.decode_emergency_profile,
        limiter.decode_emergency_profiles,
        limiter.decode_script_choice,
        limiter.decode_limiter_actions,
    ],
)
@pytest.mark.parametrize("value", [Unsigned(1), Structure((LongUnsigned(1),)), Array((OctetString(b""),))])
def test_what_a_limiter_does_not_have_is_refused(decoded: object, value: DlmsValue) -> None:
    assert callable(decoded)
    with pytest.raises(MalformedError, match="is wanted"):
        decoded(value)
