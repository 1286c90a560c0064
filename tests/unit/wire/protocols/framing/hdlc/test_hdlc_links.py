"""Both ends of an HDLC link: segments and windows both ways, lost frames, and everything a meter may do wrong."""

import random
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.framing.connection import LineFault, LocalProtocolError, RemoteProtocolError
from kilovatt.wire.protocols.framing.hdlc.frames import Frame, Kind, client_address, decode_frame, server_address
from kilovatt.wire.protocols.framing.hdlc.link import HdlcLink
from kilovatt.wire.protocols.framing.hdlc.parameters import LinkLimits
from kilovatt.wire.protocols.framing.hdlc.server import HdlcServerLink
from kilovatt.wire.protocols.framing.links import LinkClosed, LinkEvent, LinkOpened, MessageReceived, WriteMore

METER, CLIENT = server_address(1, 17, 2), client_address(32)
ANSWER = bytes(range(256)) * 3


class Parrot:
    """Answers a message with itself turned round; keeps silent about an empty one."""

    def __init__(self) -> None:
        self.began = 0
        self.heard: list[bytes] = []

    def opened(self, client: int) -> None:
        assert client == 32
        self.began += 1

    def answer(self, client: int, message: bytes) -> bytes | None:
        assert client == 32
        self.heard.append(message)
        return message[::-1] or None


class Anybody(Parrot):
    """A parrot that any client may ask."""

    def opened(self, client: int) -> None:
        self.began += client > 0


def limits(info: int = 128, window: int = 1) -> LinkLimits:
    return LinkLimits(transmit_info=info, receive_info=info, transmit_window=window, receive_window=window)


def joined(ours: LinkLimits | None = None, theirs: LinkLimits | None = None) -> tuple[HdlcLink, HdlcServerLink, Parrot]:
    parrot = Parrot()
    link = HdlcLink(METER, 32, ours)
    server = HdlcServerLink(frozenset({METER}), parrot, theirs)
    opened = server.hear(link.open())
    assert opened is not None
    assert link.receive(opened) == [LinkOpened()]
    return link, server, parrot


def carried(link: HdlcLink, server: HdlcServerLink, wire: bytes, lose: Callable[[], bool] = lambda: False) -> bytes:
    """The message that comes back, whatever is lost on the way; bounded."""
    for _ in range(5000):
        said = None if lose() else server.hear(wire)
        if said is None or lose():
            wire = link.resend()
            continue
        wire = b""
        for event in link.receive(said):
            if isinstance(event, MessageReceived):
                return event.message
            assert isinstance(event, WriteMore)
            wire = event.data
        assert wire, "an answer brings a message, or more to write"
    pytest.fail("no end")


@given(st.integers(32, 2030), st.integers(1, 7), st.integers(32, 2030), st.integers(1, 7), st.integers(1, 6000))
def test_messages_of_any_length_pass_both_ways(info: int, window: int, their_info: int, theirs: int, size: int) -> None:
    link, server, parrot = joined(limits(info, window), limits(their_info, theirs))
    message = bytes(n * 7 % 251 for n in range(size))
    assert carried(link, server, link.send(message)) == message[::-1]
    assert carried(link, server, link.send(b"again")) == b"niaga"
    assert parrot.heard == [message, b"again"]


@given(st.integers(0, 10**6), st.integers(1, 2000))
def test_lost_frames_are_sent_again_and_nothing_is_heard_twice(seed: int, size: int) -> None:
    dice = random.Random(seed)
    link, server, parrot = joined(limits(64), limits(64))
    message = bytes(n * 3 % 250 for n in range(size))

    def lose() -> bool:
        return dice.random() < 0.2

    assert carried(link, server, link.send(message), lose) == message[::-1]
    assert carried(link, server, link.send(message[:40]), lose) == message[:40][::-1]
    assert parrot.heard == [message, message[:40]]


@given(st.lists(st.integers(1, 50), max_size=60))
def test_any_cut_of_the_answer_brings_the_same(cuts: list[int]) -> None:
    link, server, _ = joined(limits(300), limits(300))
    said = server.hear(link.send(ANSWER[:250]))
    assert said is not None
    events: list[LinkEvent] = []
    at = 0
    for size in [*cuts, len(said)]:
        events += link.receive(said[at : at + size])
        at += size
    assert events == [MessageReceived(ANSWER[:250][::-1])]


@given(st.integers(0, 8 * 60))
def test_a_flipped_bit_never_brings_a_message(bit: int) -> None:
    link, server, _ = joined()
    said = bytearray(server.hear(link.send(b"what is it?")) or b"")
    said[bit // 8 % len(said)] ^= 1 << bit % 8
    events: list[LinkEvent] = []
    with suppress(RemoteProtocolError):
        events = link.receive(bytes(said))
    assert not any(isinstance(event, MessageReceived) for event in events)
    assert carried(link, server, link.resend()) == b"?ti si tahw"


def of_meter(kind: Kind, information: bytes = b"", **numbers: int | bool) -> bytes:
    return Frame(
        destination=CLIENT,
        source=METER,
        kind=kind,
        final=True,
        information=information,
        **numbers,  # type: ignore[arg-type]  # by name
    ).encode()


LLC = b"\xe6\xe7\x00"


def test_nothing_is_sent_without_a_link() -> None:
    with pytest.raises(LocalProtocolError, match="must be opened"):
        HdlcLink(METER, 32).send(b"?")


def test_a_link_is_closed_and_what_is_closed_says_so() -> None:
    link, server, parrot = joined()
    closed = server.hear(link.close())
    assert closed is not None
    assert link.receive(closed) == [LinkClosed()]
    assert not link.is_open
    again = server.hear(link.close())
    assert decode_frame(again or b"").kind is Kind.DM
    assert link.receive(again or b"") == [LinkClosed()]
    assert parrot.began == 2


def test_a_meter_that_forgot_the_link_closes_it() -> None:
    link, _, _ = joined()
    other = HdlcServerLink(frozenset({METER}), Parrot())
    said = other.hear(link.send(b"?"))
    assert link.receive(said or b"") == [LinkClosed()]


def test_another_meters_answer_is_named() -> None:
    link, _, _ = joined()
    link.send(b"?")
    strange = Frame(destination=CLIENT, source=server_address(1, 18, 2), kind=Kind.RR, final=True).encode()
    with pytest.raises(RemoteProtocolError, match="from 0225 to 41, and 0223 to 41 is wanted") as caught:
        link.receive(strange)
    assert caught.value.fault is LineFault.ANOTHER_METER


def test_our_own_frame_is_passed_over_until_there_are_too_many() -> None:
    link, server, _ = joined()
    sent = link.send(b"abc")
    assert link.receive(sent) == []
    assert carried(link, server, sent) == b"cba"
    link.send(b"abc")
    with pytest.raises(RemoteProtocolError, match="again and again") as caught:
        link.receive(sent * 40)
    assert caught.value.fault is LineFault.ECHO


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (of_meter(Kind.FRMR), "FRMR: it rejects"),
        (of_meter(Kind.I, LLC + bytes(130), receive_number=1), "133 bytes of information, and 128 were agreed upon"),
        (of_meter(Kind.I, b"", receive_number=1), "a part of a message that is empty"),
        (of_meter(Kind.I, LLC, send_number=3, receive_number=1), "frame number 3, and 0 is wanted"),
        (of_meter(Kind.I, LLC, receive_number=5), "an acknowledgement of frame 5, which was not sent"),
        (of_meter(Kind.I, b"abcd", receive_number=1), "a message begins 61 62 63"),
        (of_meter(Kind.UI, b"abcd"), "a message begins 61 62 63"),
    ],
)
def test_what_breaks_the_rules_is_named_and_the_link_begins_afresh(frame: bytes, words: str) -> None:
    link, server, _ = joined()
    link.send(b"abc")
    with pytest.raises(RemoteProtocolError, match=words):
        link.receive(frame)
    assert link.receive(server.hear(link.open()) or b"") == [LinkOpened()]
    assert carried(link, server, link.send(b"abc")) == b"cba"


def test_a_new_connection_of_what_carries_it_leaves_a_link_open() -> None:
    link, server, _ = joined()
    server.connected()
    assert carried(link, server, link.send(b"abc")) == b"cba"


def test_a_push_is_heard_without_being_asked() -> None:
    link, server, _ = joined()
    assert link.receive(server.push(32, b"flags", METER)) == [MessageReceived(b"flags", unasked=True)]


@pytest.mark.parametrize("calling", ["fd", "02fd", "0002fcfd"])
def test_a_push_may_come_from_the_calling_address(calling: str) -> None:
    link, server, _ = joined()
    pushed = server.push(32, b"flags", bytes.fromhex(calling))
    assert link.receive(pushed) == [MessageReceived(b"flags", unasked=True)]


def test_a_push_of_another_meter_brings_nothing_and_ends_nothing() -> None:
    link, server, _ = joined()
    wire = link.send(b"abc")
    assert link.receive(server.push(32, b"flags", server_address(1, 18, 2))) == []
    assert carried(link, server, wire) == b"cba"


def test_frames_for_the_second_time_and_out_of_place_bring_nothing() -> None:
    link = HdlcLink(METER, 32)
    link.open()
    assert link.receive(of_meter(Kind.I, LLC)) == []
    assert link.receive(of_meter(Kind.RR)) == []
    assert link.receive(of_meter(Kind.UA)) == [LinkOpened()]
    assert link.receive(of_meter(Kind.UA)) == []
    link.send(b"?")
    answer = of_meter(Kind.I, LLC + b"!", receive_number=1)
    assert link.receive(answer) == [MessageReceived(b"!")]
    assert link.receive(answer) == []


def test_a_meter_that_puts_us_off_is_asked_again_and_not_for_ever() -> None:
    link, _, _ = joined()
    link.send(b"?")
    (more,) = link.receive(of_meter(Kind.RR, receive_number=1))
    assert isinstance(more, WriteMore)
    assert decode_frame(more.data).kind is Kind.RR
    (waited,) = link.receive(of_meter(Kind.RNR, receive_number=1))
    assert isinstance(waited, WriteMore)
    for _ in range(30):
        link.receive(of_meter(Kind.RR, receive_number=1))
    with pytest.raises(RemoteProtocolError, match="put us off 32 times"):
        link.receive(of_meter(Kind.RR, receive_number=1))


def test_a_frame_the_meter_did_not_have_goes_again() -> None:
    link, server, _ = joined()
    sent = link.send(b"abc")
    assert link.receive(of_meter(Kind.RR, receive_number=0)) == [WriteMore(sent)]
    assert carried(link, server, sent) == b"cba"


def test_a_message_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kilovatt.wire.protocols.framing.hdlc.link.MESSAGE_BYTES_MAX", 200)
    link, _, _ = joined()
    link.send(b"?")
    parts = [
        of_meter(Kind.I, LLC + bytes(90), segmented=True, send_number=number, receive_number=1) for number in range(3)
    ]
    link.receive(parts[0] + parts[1])
    with pytest.raises(RemoteProtocolError, match="a message of more than 200 bytes"):
        link.receive(parts[2])


def test_what_comes_before_an_error_is_brought_first() -> None:
    link, server, _ = joined()
    said = server.hear(link.send(b"abc")) or b""
    damaged = of_meter(Kind.RR, receive_number=1)[:-3] + b"\x00\x00\x7e"
    assert link.receive(said + damaged) == [MessageReceived(b"cba")]
    with pytest.raises(RemoteProtocolError):
        link.receive(b"")
    assert carried(link, server, link.send(b"xyz")) == b"zyx"


def test_a_part_of_a_frame_is_known_as_one() -> None:
    link, server, _ = joined()
    said = server.hear(link.send(b"abc")) or b""
    assert not link.has_part
    assert link.receive(said[:-4]) == []
    assert link.has_part


def of_client(
    kind: Kind, information: bytes = b"", *, final: bool = True, to: bytes = METER, **numbers: int | bool
) -> bytes:
    return Frame(
        destination=to,
        source=CLIENT,
        kind=kind,
        final=final,
        information=information,
        **numbers,  # type: ignore[arg-type]  # by name
    ).encode()


COMMAND = b"\xe6\xe6\x00"


@pytest.mark.parametrize(
    "heard",
    [
        b"noise",
        of_client(Kind.SNRM, to=server_address(1, 18, 2)),
        of_client(Kind.SNRM, b"\x81\x80\x09"),
        of_client(Kind.I, COMMAND, final=False),
        of_client(Kind.SNRM)[:-3] + b"\x00\x00\x7e",
    ],
)
def test_a_meter_keeps_silent_about_what_is_not_for_it(heard: bytes) -> None:
    assert HdlcServerLink(frozenset({METER}), Parrot()).hear(heard) is None


def test_a_meter_answers_the_frames_before_noise() -> None:
    server = HdlcServerLink(frozenset({METER}), Parrot())
    said = server.hear(of_client(Kind.SNRM) + of_client(Kind.SNRM)[:-3] + b"\x00\x00\x7e")
    assert decode_frame(said or b"").kind is Kind.UA


def test_a_meter_has_only_so_many_clients() -> None:
    server = HdlcServerLink(frozenset({METER}), Anybody())
    kinds = []
    for sap in range(1, 20):
        snrm = Frame(destination=METER, source=client_address(sap), kind=Kind.SNRM, final=True).encode()
        kinds.append(decode_frame(server.hear(snrm) or b"").kind)
    assert kinds == [Kind.UA] * 16 + [Kind.DM] * 3


@pytest.mark.parametrize(
    ("heard", "kind"),
    [
        (of_client(Kind.I, COMMAND + bytes(200)), Kind.FRMR),
        (of_client(Kind.I, COMMAND + b"x", send_number=4), Kind.RR),
        (of_client(Kind.I, COMMAND + b"x", segmented=True), Kind.RR),
        (of_client(Kind.RR), Kind.RR),
        (of_client(Kind.I, COMMAND + b"x", send_number=4, final=False), None),
        (of_client(Kind.I, COMMAND + b"x", segmented=True, final=False), None),
        (of_client(Kind.I, b"strange"), None),
        (of_client(Kind.I, COMMAND), None),
        (of_client(Kind.UA), None),
        (of_client(Kind.RR, receive_number=5), Kind.RR),
    ],
)
def test_a_meter_answers_by_the_rules_of_the_link(heard: bytes, kind: Kind | None) -> None:
    server = HdlcServerLink(frozenset({METER}), Parrot())
    server.hear(of_client(Kind.SNRM))
    said = server.hear(heard)
    assert (decode_frame(said).kind if said else None) is kind


def test_a_meter_gives_up_a_message_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kilovatt.wire.protocols.framing.hdlc.server.MESSAGE_BYTES_MAX", 200)
    server = HdlcServerLink(frozenset({METER}), Parrot())
    server.hear(of_client(Kind.SNRM))
    said = [
        decode_frame(server.hear(of_client(Kind.I, bytes(90), segmented=True, send_number=n)) or b"").kind
        for n in range(4)
    ]
    assert said == [Kind.RR, Kind.RR, Kind.FRMR, Kind.DM]


def test_of_frames_in_one_piece_a_meter_answers_those_for_it() -> None:
    for_another = HdlcLink(server_address(1, 18, 2), 32).open()
    for_it = HdlcLink(METER, 32).open()
    alone = HdlcServerLink(frozenset({METER}), Parrot()).hear(for_it)
    assert alone is not None
    server = HdlcServerLink(frozenset({METER}), Parrot())
    assert server.hear(for_another) is None
    assert server.hear(for_another + for_it) == alone
