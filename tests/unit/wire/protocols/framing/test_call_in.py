"""How modems and meters introduce themselves when they call, and what comes after.

Transcripts: a physical ATM21 of iRZ and iRZ's Collector emulator (its hello has an IMEI of sixteen digits); the push is
an Energomera meter's.
"""

from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kilovatt.wire.protocols.framing.call_in import (
    COLLECTOR_MARK,
    DATA,
    ENCAPSULATED_BYTES_MAX,
    HEARTBEAT,
    HELLO_BYTES_MAX,
    IRZ_HEARTBEAT,
    LINE_BYTES_MAX,
    Call,
    CallEvent,
    Dialect,
    Heartbeat,
    HelloPattern,
    Introduced,
    Payload,
    ServiceFrame,
    WrappedMessage,
    encapsulated,
    hello_pattern,
)
from kilovatt.wire.protocols.framing.connection import RemoteProtocolError
from kilovatt.wire.protocols.framing.wrapper import wrapped

IMEI = "861234567890123"
ATM21 = (
    f"AT$IMEI={IMEI},PSW=5492,TYP=ATM,DEV=ATM21,VER=01,REV=04,BLD=024.254,HDW=2.0,SIM=0,CSQ=16,ATP=1.2,INT=485+232,"
).encode()
COLLECTOR = ATM21 + b"COLPROT=1.3,CHN=1,\n"
PUSH = bytes.fromhex("0F4000004D0C07E60B03FF0F2619FFFF4CFF0600000010")
PATTERN = HelloPattern(r"METER:(?P<name>[\w-]+);.*", heartbeat=b"PING")


def heard(pieces: list[bytes], *, patterns: tuple[HelloPattern, ...] = (), ends: bool = True) -> list[CallEvent]:
    """What a call says, neighbouring payloads put together; a fault is the end of it."""
    call = Call(patterns)
    events: list[CallEvent] = []
    try:
        for piece in pieces:
            events += call.receive(piece)
        if ends:
            events += call.quiet()
    except RemoteProtocolError:
        pass
    together: list[CallEvent] = []
    for event in events:
        if together and isinstance(event, Payload) and isinstance(together[-1], Payload):
            together[-1] = Payload(together[-1].data + event.data)
        else:
            together.append(event)
    return together


def refused(data: bytes, *, patterns: tuple[HelloPattern, ...] = ()) -> str:
    call = Call(patterns)
    with pytest.raises(RemoteProtocolError) as refusal:
        _say_all(call, data)
    return str(refusal.value)


def _say_all(call: Call, data: bytes) -> None:
    call.receive(data)
    call.quiet()


# ── iRZ ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_real_modems_hello_is_over_when_it_falls_silent_and_its_password_is_not_among_its_traits() -> None:
    call = Call()
    assert call.receive(ATM21[:40]) == []
    assert call.receive(ATM21[40:]) == []
    assert Call().awaits_quiet < call.awaits_quiet
    (who,) = call.quiet()
    assert isinstance(who, Introduced)
    assert (who.dialect, who.name, who.password) == (Dialect.IRZ, IMEI, "5492")
    assert dict(who.traits)["DEV"] == "ATM21"
    assert "5492" not in repr(who)
    assert call.introduced == who
    assert call.welcome(datetime(2026, 11, 24, 3, 7, 36)) == b""
    assert call.outgoing(b"\x00\x08\x00") == b"\x00\x08\x00"


def test_a_hello_is_over_with_the_first_byte_that_is_none_of_its_characters() -> None:
    assert heard([ATM21 + IRZ_HEARTBEAT])[1:] == [Heartbeat()]
    assert heard([ATM21 + b"\r\n" + b"\x7e\xa0"])[1:] == [Payload(b"\x7e\xa0")]
    assert heard([ATM21.removesuffix(b",") + b"\r", b"\nabc"])[1:] == [Payload(b"abc")]
    assert heard([ATM21 + b"\r", b"abc"])[1:] == [Payload(b"abc")]


def test_a_hello_in_the_middle_of_a_field_is_waited_for() -> None:
    assert heard([ATM21[:60]]) == []
    assert heard([ATM21[:60]], ends=False) == []


def test_an_emulators_imei_has_sixteen_digits() -> None:
    who = heard([ATM21.replace(IMEI.encode(), b"8612345678901234")])[0]
    assert isinstance(who, Introduced)
    assert who.name == "8612345678901234"


def test_a_heartbeat_in_the_middle_of_a_meters_answer_is_cut_out() -> None:
    answer = bytes.fromhex("00 24 4F 01 3C 0A 02 13 7B 09")
    events = heard([ATM21 + b"\n", answer[:4] + IRZ_HEARTBEAT[:2], IRZ_HEARTBEAT[2:], answer[4:]])
    assert events[1:] == [Payload(answer[:4]), Heartbeat(), Payload(answer[4:])]


def test_the_beginning_of_a_heartbeat_that_is_none_is_given_back_when_nothing_follows() -> None:
    call = Call()
    call.receive(ATM21 + b"\n")
    assert call.receive(b"\x01\xb5\xbc") == [Payload(b"\x01")]
    assert call.awaits_quiet
    assert call.quiet() == [Payload(b"\xb5\xbc")]
    assert call.quiet() == []
    assert call.receive(b"\xb5") == []
    assert call.receive(b"\xb5\xbd") == [Payload(b"\xb5\xb5\xbd")]


# ── The Collector's encapsulation ───────────────────────────────────────────────────────────────────────────────────


def test_a_collectors_modem_is_welcomed_with_the_time() -> None:
    call = Call()
    (who,) = call.receive(COLLECTOR)
    assert isinstance(who, Introduced)
    assert who.dialect is Dialect.COLLECTOR
    # Captured: what the emulator took for a welcome.
    assert call.welcome(datetime(2026, 11, 24, 3, 7, 36)) == b"20261124030736,MOD=DAT,\r"
    assert call.outgoing(b"\x00\x08\x00") == bytes.fromhex("C8 CA CB CC CD 01 00 03 00 08 00 0D 0A")
    long = bytes(1500)
    assert call.outgoing(long) == encapsulated(DATA, long[:1024]) + encapsulated(DATA, long[1024:])
    assert not call.awaits_quiet
    assert call.quiet() == []


def test_frames_of_the_encapsulation_are_told_by_their_types() -> None:
    frames = bytes.fromhex(
        "C8 CA CB CC CD 02 00 05 B5 BC BD BE BF 0D 0A"  # captured: a heartbeat
        "C8 CA CB CC CD 0C 00 04 01 40 01 02 0D 0A"  # captured: the strength of the signal
        "B5 BC BD BE BF"  # a bare one between two frames
    )
    assert heard([COLLECTOR + frames + encapsulated(DATA, b"\x01\x02")])[1:] == [
        Heartbeat(),
        ServiceFrame(0x0C, bytes.fromhex("01 40 01 02")),
        Heartbeat(),
        Payload(b"\x01\x02"),
    ]


def test_a_heartbeat_between_the_frames_of_one_answer_costs_no_byte() -> None:
    frames = encapsulated(DATA, b"\xb5\xbc") + encapsulated(HEARTBEAT, IRZ_HEARTBEAT) + encapsulated(DATA, b"\xbd")
    assert heard([COLLECTOR, frames])[1:] == [Payload(b"\xb5\xbc"), Heartbeat(), Payload(b"\xbd")]


@pytest.mark.parametrize(
    ("frame", "complaint"),
    [
        (b"\x00", "no frame of the Collector's encapsulation"),
        (COLLECTOR_MARK[:4] + b"\x00", "no frame of the Collector's encapsulation"),
        (b"\xb5\xbc\x00", "no frame of the Collector's encapsulation"),
        (COLLECTOR_MARK + b"\x01\x00\x01\x55\x0d\x0b", "a frame without its end"),
        (COLLECTOR_MARK + b"\x01\x10\x01", f"a frame of 4097 bytes, {ENCAPSULATED_BYTES_MAX} at most are taken"),
    ],
)
def test_what_is_no_frame_ends_the_call(frame: bytes, complaint: str) -> None:
    assert complaint in refused(COLLECTOR + frame)
    call = Call()
    call.receive(COLLECTOR)
    with pytest.raises(RemoteProtocolError, match=complaint):
        call.receive(frame)


def test_half_a_frame_is_waited_for() -> None:
    call = Call()
    call.receive(COLLECTOR)
    frame = encapsulated(DATA, b"\x01\x02")
    for start, end in pairwise(range(len(frame))):
        assert call.receive(frame[start:end]) == []
    assert call.receive(frame[-1:]) == [Payload(b"\x01\x02")]
    assert call.receive(IRZ_HEARTBEAT[:3]) == []
    assert call.receive(IRZ_HEARTBEAT[3:]) == [Heartbeat()]


# ── Other kinds ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_hello_line_of_a_declared_kind_names_the_caller_and_its_own_heartbeat_is_cut_out() -> None:
    events = heard([b"METER:pump-7;v2\r\n", b"\x01PI", b"NG\x02"], patterns=(HelloPattern(r"#(?P<name>\d+)"), PATTERN))
    assert events == [Introduced(Dialect.LINE, "pump-7"), Payload(b"\x01"), Heartbeat(), Payload(b"\x02")]


def test_a_declared_hello_without_an_end_is_over_when_nothing_follows() -> None:
    assert heard([b"#0042"], patterns=(HelloPattern(r"#(?P<name>\d+)"),)) == [Introduced(Dialect.LINE, "0042")]
    assert heard([b"#00x2"], patterns=(HelloPattern(r"#(?P<name>\d+)"),)) == []


def test_a_modem_without_heartbeats_has_all_its_bytes_passed_on() -> None:
    events = heard([b"#0042\n", IRZ_HEARTBEAT], patterns=(HelloPattern(r"#(?P<name>\d+)"),))
    assert events[1:] == [Payload(IRZ_HEARTBEAT)]


def test_a_name_that_no_line_can_have_is_none() -> None:
    pattern = HelloPattern(r"#(?P<name>.*)")
    assert pattern.name_in("#a b") is None
    assert pattern.name_in("#") is None
    assert pattern.name_in("a") is None
    assert pattern.name_in("#a.b-c_1") == "a.b-c_1"


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [("(", "unterminated"), (r"\d+", "no group"), ("a{99999999999}(?P<name>)", "overflow|too large")],
)
def test_an_expression_without_a_name_is_refused(expression: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        hello_pattern(expression)


def test_a_push_in_a_wrapper_is_a_message() -> None:
    call = Call()
    assert call.receive(b"\x00") == []
    assert call.quiet() == []
    assert call.receive(b"\x01") == [Introduced(Dialect.WRAPPER)]
    rest = wrapped(PUSH, source=1, destination=32)[2:]
    assert call.receive(rest[:3]) == []
    assert call.receive(rest[3:] + wrapped(PUSH, source=1, destination=16)) == [
        WrappedMessage(1, 32, PUSH),
        WrappedMessage(1, 16, PUSH),
    ]
    assert call.quiet() == []
    assert not call.awaits_quiet
    assert call.outgoing(b"\x00\x01") == b"\x00\x01"
    assert call.receive(wrapped(bytes(5000), source=1, destination=16)) == [WrappedMessage(1, 16, bytes(5000))]


def test_what_came_before_a_fault_is_told_before_it() -> None:
    call = Call()
    assert call.receive(wrapped(PUSH, source=1, destination=32) + b"GET / HTTP/1.1\r\n") == [
        Introduced(Dialect.WRAPPER),
        WrappedMessage(1, 32, PUSH),
    ]
    assert call.awaits_quiet
    with pytest.raises(RemoteProtocolError, match="wrapper version"):
        call.quiet()
    with pytest.raises(RemoteProtocolError, match="wrapper version"):
        call.receive(b"")


# ── Strangers ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"GET / HTTP/1.1\r\n", "no hello that is known"),
        (b"\x16\x03\x01\x02\x00", "no hello that is known"),
        (b"\x00\x02", "no hello that is known"),
        (b"AT$IMEI=12345,PSW=5492,\n", "a hello without an IMEI"),
        (b"AT$IMEI=" + b"9" * 17 + b",\n", "a hello without an IMEI"),
        (b"AT$IMEI=861234567890123,IMEI=861234567890124,\n", "none of a modem's"),
        (b"AT$IMEI=861234567890123,PSW=5492,nonsense,\n", "none of a modem's"),
        (b"AT$IMEI=861234567890123,CSQ=1=6,\n", "none of a modem's"),
        (b"AT$IMEI=861234567890123,CSQ\x80", "no hello that is known"),
        (b"A" * (LINE_BYTES_MAX + 1), "a hello that does not end"),
        (b"AT$IMEI=" + b"9" * HELLO_BYTES_MAX, "a hello that does not end"),
        (wrapped(bytes(4097), source=1, destination=16), "a first message of 4097 bytes"),
    ],
)
def test_a_stranger_is_turned_away(data: bytes, complaint: str) -> None:
    said = refused(data)
    assert complaint in said
    assert "5492" not in said
    assert b"5492".hex(" ") not in said


FLOWS = st.sampled_from(
    [
        ATM21 + b"\r\n\x01\x02" + IRZ_HEARTBEAT + b"\xb5\xbc\x03" + IRZ_HEARTBEAT * 2 + b"\x04\xb5",
        ATM21 + IRZ_HEARTBEAT + b"\x01",
        COLLECTOR + encapsulated(DATA, b"\x01\r\n") + IRZ_HEARTBEAT + encapsulated(5, b"") + b"\x00",
        b"METER:a;\r\nPPING\x01PIN",
        wrapped(PUSH, source=1, destination=16) * 2 + b"\x00\x02" + bytes(6),
        b"\x00\x01" + bytes(5) + b"\xff" + bytes(4),
    ]
)


@given(FLOWS, st.lists(st.integers(min_value=0, max_value=300), max_size=40))
@example(ATM21 + b"\r\n\x01", list(range(300)))
def test_any_split_of_a_call_says_the_same(flow: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < len(flow)), len(flow)]
    pieces = [flow[start:end] for start, end in pairwise(edges)]
    assert heard(pieces, patterns=(PATTERN,)) == heard([flow], patterns=(PATTERN,))


@given(FLOWS, st.integers(min_value=0, max_value=400), st.binary(max_size=6))
def test_no_damage_raises_anything_but_a_protocol_error(flow: bytes, at: int, damage: bytes) -> None:
    damaged = flow[:at] + damage + flow[at + len(damage) :]
    assert heard([damaged], patterns=(PATTERN,)) == heard([damaged[:at], damaged[at:]], patterns=(PATTERN,))


@given(st.binary(max_size=700))
def test_no_bytes_upset_the_listener(data: bytes) -> None:
    assert len(heard([data], patterns=(PATTERN,))) <= len(data)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_no_byte_of_the_meters_is_lost_where_heartbeats_fall_among_them(answer: bytes, places: list[int]) -> None:
    answer = answer.replace(b"\xb5", b"\x00")
    wire = answer
    for place in sorted((min(place, len(answer)) for place in places), reverse=True):
        wire = wire[:place] + IRZ_HEARTBEAT + wire[place:]
    events = heard([ATM21 + b"\n", wire])[1:]
    assert b"".join(event.data for event in events if isinstance(event, Payload)) == answer
    assert sum(isinstance(event, Heartbeat) for event in events) == len(places)
