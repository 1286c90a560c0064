"""The order in which is looked for meters, and what is planned anew when somebody answers, or several at once."""

from dataclasses import replace

import pytest

from kilovatt.measure.metering.models import Language
from kilovatt.wire.drivers.finding.order import Next, Seeker, Sign, Verdict
from kilovatt.wire.drivers.finding.probes import PasswordState, Place, Sighting, Told, Trait, Way
from kilovatt.wire.drivers.finding.scope import ADDRESSES_MAX, SERIAL_SPEEDS, Purpose, Scope, patience_of, rest_between
from kilovatt.wire.protocols.framing.connection import LineSpeed

SHORT = frozenset({Way.SHORT})
ALONE = Scope(ways=SHORT)
AT_2400, AT_9600 = LineSpeed(2400), LineSpeed(9600)


def mercury(place: Place, serial: str | None = "36790160", address: int | None = None) -> Sighting:
    told = {} if serial is None else {Told.SERIAL: serial}
    return Sighting(place=place, languages=(Language.MERCURY_V2,), address=address or place.address, told=told)


def silent(seeker: Seeker) -> list[Next]:
    """Carry a search to its end while nobody answers, and return all that was probed."""
    probed = []
    while (following := seeker.next()) is not None:
        probed.append(following)
        seeker.heard(Sign.SILENCE)
    return probed


def asked(seeker: Seeker) -> Next:
    following = seeker.next()
    assert following is not None
    return following


def found(seeker: Seeker, sighting: Sighting, known: Sighting | None = None) -> None:
    """Tell a seeker who answered, and what it said of itself then."""
    seeker.heard(Sign.FOUND, sighting)
    seeker.learnt(known or sighting)


def test_streams_are_asked_first_and_whoever_listens_before_single_addresses() -> None:
    probed = silent(Seeker(Scope(addresses=(5,))))
    assert [(one.probe.place.way, one.purpose) for one in probed[:5]] == [
        (Way.WRAPPER, Purpose.ANYBODY),
        (Way.MODBUS, Purpose.ANYBODY),
        (Way.SHORT, Purpose.ANYBODY),
        (Way.ENERGOMERA, Purpose.ANYBODY),
        (Way.HDLC, Purpose.ANYBODY),
    ]
    walked = [one.probe.place.way for one in probed if one.purpose is Purpose.WALK]
    assert walked == [Way.SHORT, Way.ENERGOMERA, Way.HDLC, Way.MODBUS]
    assert probed[-1].purpose is Purpose.WALK


def test_a_silent_line_is_told_and_nothing_is_left() -> None:
    seeker = Seeker(Scope())
    planned, seconds = seeker.left, seeker.seconds_left
    probed = silent(seeker)
    assert (len(probed), seeker.done, seeker.left, seeker.seconds_left) == (planned, planned, 0, 0)
    assert seconds == pytest.approx(sum(one.probe.patience_s for one in probed))
    assert seeker.verdict is Verdict.SILENCE


def test_numbers_on_faces_make_addresses_in_every_language() -> None:
    probed = silent(Seeker(Scope(serials=(36_790_160,))))
    places = {
        (one.probe.place.way, one.probe.place.form, one.probe.place.address)
        for one in probed
        if one.purpose is Purpose.BY_SERIAL
    }
    assert places == {
        (Way.SHORT, 0, 160),
        (Way.MERCURY_V1, 0, 36_790_160),
        # Older 200.02 have six digits.
        (Way.MERCURY_V1, 0, 790_160),
        (Way.ENERGOMERA, 0, 160),
        (Way.IEC62056_21, 0, 36_790_160),
        (Way.HDLC, 4, 176),
        (Way.HDLC, 2, 76),
    }
    short = silent(Seeker(Scope(ways=frozenset({Way.MERCURY_V1}), serials=(700_123, 5_000_000))))
    assert [one.probe.place.address for one in short] == [700_123, 5_000_000]
    assert not silent(Seeker(Scope(ways=frozenset({Way.MERCURY_V1}), serials=(1_103_181_104,))))


def test_a_serial_port_is_tried_at_its_speeds_and_each_language_where_it_is_spoken() -> None:
    probed = silent(Seeker(Scope(speeds=SERIAL_SPEEDS, over_tcp=False, serials=(1_234_567,))))
    spoken = {(one.probe.place.way, one.probe.place.speed) for one in probed}
    assert not {way for way, _ in spoken} & {Way.WRAPPER, Way.MODBUS}
    assert {speed for way, speed in spoken if way is Way.IEC62056_21} == {
        LineSpeed(9600, 7, "E"),
        LineSpeed(300, 7, "E"),
    }
    v1 = {speed.baud for way, speed in spoken if way is Way.MERCURY_V1 and speed is not None}
    hdlc = {speed.baud for way, speed in spoken if way is Way.HDLC and speed is not None}
    assert (v1, hdlc) == ({600, 1200, 2400, 4800, 9600}, {9600, 19200, 38400, 57600, 115200})
    assert {speed.parity for way, speed in spoken if way is Way.SHORT and speed is not None} == {"N", "O", "E"}


def test_a_line_of_one_speed_is_asked_in_every_language_with_parity_where_it_carries_eight_bits() -> None:
    probed = silent(Seeker(Scope(speeds=(AT_2400,), over_tcp=False, serials=(1_234_567,))))
    places = {one.probe.place.way: one.probe.place for one in probed}
    assert set(places) == set(Way) - {Way.WRAPPER, Way.MODBUS}
    assert places[Way.IEC62056_21].parity_bits
    seven = silent(Seeker(Scope(speeds=(LineSpeed(9600, 7, "E"),), over_tcp=False)))
    assert {one.probe.place.way for one in seven} == {Way.IEC62056_21}
    assert not seven[0].probe.place.parity_bits


def test_noise_is_asked_about_twice_then_the_line_itself_and_then_every_address() -> None:
    seeker = Seeker(ALONE)
    for _ in range(2):
        assert asked(seeker).purpose is Purpose.ANYBODY
        seeker.heard(Sign.NOISE)
    control = asked(seeker)
    assert (control.purpose, control.probe.place.address) == (Purpose.CONTROL, 0xF5)
    seeker.heard(Sign.SILENCE)
    assert seeker.verdict is Verdict.CROWDED
    walked = silent(seeker)
    assert [one.probe.place.address for one in walked] == list(range(1, 241))


def test_of_addresses_that_are_named_no_others_are_walked() -> None:
    seeker = Seeker(replace(ALONE, addresses=(17, 41, 999)))
    for _ in range(2):
        asked(seeker)
        seeker.heard(Sign.NOISE)
    assert [one.probe.place.address for one in silent(seeker)] == [0xF5, 17, 41]


def test_a_line_that_is_noisy_by_itself_is_not_walked() -> None:
    seeker = Seeker(replace(ALONE, addresses=(17, 41)))
    for _ in range(3):
        asked(seeker)
        seeker.heard(Sign.NOISE)
    assert seeker.next() is None
    assert (seeker.line_is_noisy, seeker.crowded, seeker.verdict) == (True, [], Verdict.NOISE)


def test_two_meters_at_one_address_are_noise_there_and_nowhere_else() -> None:
    seeker = Seeker(replace(ALONE, addresses=(17, 18)))
    asked(seeker)
    seeker.heard(Sign.ECHO)
    for _ in range(2):
        asked(seeker)
        seeker.heard(Sign.NOISE)
    silent(seeker)
    assert [place.address for place in seeker.crowded] == [17]


def test_an_echo_and_nothing_else_is_told() -> None:
    seeker = Seeker(ALONE)
    asked(seeker)
    seeker.heard(Sign.ECHO)
    assert seeker.verdict is Verdict.ECHO


def test_who_answers_anybody_is_asked_at_the_address_of_its_number() -> None:
    seeker = Seeker(ALONE)
    seeker_asked = asked(seeker)
    found(seeker, mercury(seeker_asked.probe.place))
    at_home = asked(seeker)
    assert (at_home.purpose, at_home.probe.place.address) == (Purpose.BY_SERIAL, 160)
    found(seeker, mercury(at_home.probe.place))
    (one,) = seeker.sightings
    assert (one.address, one.place.address) == (160, 160)
    assert seeker.next() is None
    assert seeker.verdict is Verdict.FOUND


@pytest.mark.parametrize("serial", [None, "A123"])
def test_who_tells_no_number_is_not_asked_elsewhere(serial: str | None) -> None:
    seeker = Seeker(ALONE)
    found(seeker, mercury(asked(seeker).probe.place, serial))
    assert seeker.next() is None


def test_an_address_that_is_known_is_not_walked_and_other_languages_are_not_either() -> None:
    seeker = Seeker(Scope(over_tcp=False, addresses=(17, 41)))
    while (following := seeker.next()) is not None and following.purpose is not Purpose.WALK:
        is_short = following.probe.place.way is Way.SHORT
        seeker.heard(
            Sign.FOUND if is_short else Sign.SILENCE,
            mercury(following.probe.place, address=17) if is_short else None,
        )
    assert following is not None
    assert (following.probe.place.way, following.probe.place.address) == (Way.SHORT, 41)
    assert seeker.left == 0
    seeker.heard(Sign.SILENCE)
    assert seeker.next() is None


def test_one_number_in_two_languages_is_two_meters() -> None:
    seeker = Seeker(Scope(over_tcp=False))
    for way in (Way.SHORT, Way.ENERGOMERA):
        asked(seeker)
        seeker.heard(Sign.FOUND, mercury(Place(way=way, address=17), "5"))
    assert len(seeker.sightings) == 2


def test_what_is_learnt_of_a_password_is_kept_and_not_forgotten() -> None:
    seeker = Seeker(replace(ALONE, addresses=(41,)))
    place = asked(seeker).probe.place
    found(seeker, mercury(place), replace(mercury(place), password=PasswordState.FACTORY))
    while (following := seeker.next()) is not None:
        found(seeker, mercury(following.probe.place, address=41))
    (one,) = seeker.sightings
    assert (one.password, one.address) == (PasswordState.FACTORY, 41)


def test_a_thorough_search_walks_in_every_language() -> None:
    seeker = Seeker(Scope(over_tcp=False, addresses=(17,), thorough=True))
    walked = set()
    while (following := seeker.next()) is not None:
        if following.purpose is Purpose.WALK:
            walked.add(following.probe.place.way)
        is_short = following.probe.place.way is Way.SHORT
        seeker.heard(
            Sign.FOUND if is_short else Sign.SILENCE, mercury(following.probe.place, "5") if is_short else None
        )
    assert walked == {Way.SHORT, Way.ENERGOMERA, Way.HDLC}


def test_a_bus_has_one_speed_and_a_language_one_format_there() -> None:
    other_formats = (AT_2400, LineSpeed(2400, parity="O"), LineSpeed(2400, 7, "E"), AT_9600)
    seeker = Seeker(Scope(ways=SHORT | {Way.IEC62056_21}, speeds=other_formats, over_tcp=False))
    seeker.heard(Sign.FOUND, mercury(asked(seeker).probe.place, None))
    (left,) = silent(seeker)
    assert (left.probe.place.way, left.probe.place.speed) == (Way.IEC62056_21, LineSpeed(2400, 7, "E"))


def test_a_port_that_speaks_a_stream_speaks_nothing_else() -> None:
    seeker = Seeker(Scope())
    place = asked(seeker).probe.place
    named = {Told.DEVICE_NAME: "RIM0000012345678"}
    seeker.heard(Sign.FOUND, Sighting(place=place, languages=(Language.SPODES,), address=1, told=named))
    assert seeker.next() is None


def test_one_meter_in_two_forms_of_address_is_one_and_two_without_a_name_are_two() -> None:
    def hdlc(address: int, form: int, name: str | None, flag: str = "EMR") -> Sighting:
        place = Place(way=Way.HDLC, address=address, form=form)
        told = {} if name is None else {Told.DEVICE_NAME: name}
        return Sighting(
            place=place, languages=(Language.SPODES,), address=address, told=told, traits={Trait.FLAG: flag}
        )

    seeker = Seeker(Scope(ways=frozenset({Way.HDLC})))
    for sighting in (hdlc(16, 4, "EMR1"), hdlc(16, 2, "EMR1"), hdlc(17, 4, None), hdlc(17, 2, None), hdlc(17, 4, None)):
        asked(seeker)
        found(seeker, replace(sighting, told={}), sighting)
    assert [(one.address, one.place.form) for one in seeker.sightings] == [(16, 4), (17, 4), (17, 2)]


def test_who_answered_everybody_is_one_with_whoever_is_found_afterwards() -> None:
    def hdlc(address: int | None, form: int) -> Sighting:
        place = Place(way=Way.HDLC, address=address, form=form)
        return Sighting(
            place=place, languages=(Language.SPODES,), address=address, traits={Trait.CARRIER: f"hdlc-{form}"}
        )

    seeker = Seeker(Scope(ways=frozenset({Way.HDLC})))
    for sighting in (hdlc(None, 4), hdlc(None, 2), hdlc(16, 4)):
        asked(seeker)
        found(seeker, sighting)
    (one,) = seeker.sightings
    assert (one.address, one.place.form, one.traits[Trait.CARRIER]) == (16, 4, "hdlc-4")


def test_a_meter_that_lets_nobody_in_ends_the_trying_of_passwords() -> None:
    seeker = Seeker(replace(ALONE, factory_passwords=True))
    assert seeker.may_try_passwords
    barred = replace(mercury(asked(seeker).probe.place), password=PasswordState.BARRED)
    found(seeker, mercury(barred.place), barred)
    assert not seeker.may_try_passwords


def test_a_bus_of_32_mercury_is_walked_within_a_minute_and_a_quarter() -> None:
    seeker = Seeker(replace(ALONE, speeds=(AT_9600,), over_tcp=False, timeout_s=0.3))
    for _ in range(2):
        asked(seeker)
        seeker.heard(Sign.NOISE)
    assert seeker.left == 241
    assert 72 < seeker.seconds_left < 76


def test_slow_lines_and_calls_are_waited_for_longer() -> None:
    fast, slow = (Place(way=Way.SHORT, speed=LineSpeed(baud)) for baud in (9600, 300))
    called = Place(way=Way.IEC62056_21)
    assert patience_of(fast, 0.3) == pytest.approx((0.3057, 0.1069), abs=1e-4)
    assert patience_of(slow, 0.3) == pytest.approx((0.4833, 0.32), abs=1e-4)
    assert patience_of(called, 0.3)[0] > 1.7
    assert patience_of(called, 5.0)[0] > 5.0
    assert patience_of(Place(way=Way.WRAPPER), 0.3)[0] == 0.3


def test_the_line_rests_between_languages_and_speeds_and_not_between_addresses() -> None:
    one = Place(way=Way.SHORT, address=1, speed=AT_9600)
    assert rest_between(None, one) == 0
    assert rest_between(one, replace(one, address=2)) == 0
    assert rest_between(one, replace(one, way=Way.HDLC)) == pytest.approx(0.1)
    assert rest_between(one, replace(one, speed=LineSpeed(300))) == pytest.approx(20 * 11 / 300)
    assert rest_between(Place(way=Way.SHORT), Place(way=Way.HDLC)) == pytest.approx(0.1)


def test_more_addresses_than_anybody_waits_for_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 10000"):
        Scope(addresses=tuple(range(ADDRESSES_MAX + 1)))
