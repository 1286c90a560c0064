"""The short way for frames that are expected tells what the long way tells; late answers; several devices."""

import itertools

import pytest
from fastcrc import crc16
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.framing.connection import LineFault, RemoteProtocolError
from kilovatt.wire.protocols.framing.hdlc.frames import (
    Frame,
    FrameReader,
    Kind,
    client_address,
    information_control,
    is_segmented,
    server_address,
)
from kilovatt.wire.protocols.framing.hdlc.link import HdlcLink
from kilovatt.wire.protocols.framing.hdlc.server import HdlcServerLink
from kilovatt.wire.protocols.framing.links import LinkOpened, MessageReceived, WriteMore

METER, CLIENT = server_address(1, 17, 2), client_address(32)
LLC = b"\xe6\xe7\x00"


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    kind = draw(st.sampled_from((Kind.I, Kind.I, Kind.RR, Kind.UI)))
    return Frame(
        destination=draw(st.sampled_from((CLIENT, CLIENT, b"\x21", METER))),
        source=draw(st.sampled_from((METER, METER, b"\x03", b"\x00\x02\x00\x23"))),
        kind=kind,
        final=draw(st.booleans()),
        information=draw(st.binary(max_size=40) | st.just(b"\x7e\x7e\xa0\x10")),
        segmented=draw(st.booleans()),
        send_number=draw(st.integers(0, 7)) if kind is Kind.I else 0,
        receive_number=draw(st.integers(0, 7)) if kind is not Kind.UI else 0,
    )


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    wire = bytearray(draw(frames()).encode())
    for _ in range(draw(st.integers(0, 2))):
        bit = draw(st.integers(0, 8 * len(wire) - 1))
        wire[bit // 8] ^= 1 << bit % 8
    return bytes(wire)


PIECES = st.one_of(
    frames().map(Frame.encode),
    frames().map(Frame.encode).map(lambda wire: wire[1:]),
    spoiled(),
    st.binary(max_size=9),
    st.just(b"\x7e"),
    st.just(bytes(511)),
    st.just(bytes(512)),
)


def told(pieces: list[bytes], *, shortly: bool) -> list[Frame | str]:
    reader, met = FrameReader(), list[Frame | str]()
    for piece in pieces:
        if shortly and (short := taken_shortly(reader, piece)) is not None:
            met.append(short)
            continue
        reader.feed(piece)
        while True:
            try:
                frame = reader.next_frame()
            except RemoteProtocolError as error:
                met.append(str(error).partition("; got")[0])
                continue
            if frame is None:
                break
            met.append(frame)
    return met


def taken_shortly(reader: FrameReader, piece: bytes) -> Frame | None:
    """What a piece is, if it is a frame of the meter by itself."""
    for send_number, receive_number, final in itertools.product(range(8), range(8), (True, False)):
        control = information_control(send_number, receive_number, final=final)
        part = reader.taken_alone(piece, CLIENT + METER + bytes((control,)))
        if part:
            return Frame(CLIENT, METER, Kind.I, final, part, is_segmented(piece), send_number, receive_number)
    return None


@given(st.lists(PIECES, max_size=5).map(b"".join), st.lists(st.integers(0, 1_200), max_size=4))
def test_the_short_way_tells_what_the_long_way_tells(stream: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in itertools.pairwise(edges)]
    assert told(pieces, shortly=True) == told([stream], shortly=False)


@given(st.lists(PIECES, max_size=6))
def test_the_short_way_tells_what_the_long_way_tells_of_pieces_that_come_one_by_one(pieces: list[bytes]) -> None:
    assert told(pieces, shortly=True) == told([b"".join(pieces)], shortly=False)


def expected_frame(information: bytes = LLC + b"values") -> Frame:
    return Frame(CLIENT, METER, Kind.I, final=True, information=information, receive_number=1)


EXPECTED = CLIENT + METER + bytes((information_control(0, 1),))


def test_every_flipped_bit_of_an_expected_frame_is_left_to_the_long_way() -> None:
    wire = expected_frame().encode()
    assert FrameReader().taken_alone(wire, EXPECTED) == LLC + b"values"
    for bit in range(8 * len(wire)):
        flipped = bytearray(wire)
        flipped[bit // 8] ^= 1 << bit % 8
        reader = FrameReader()
        short = reader.taken_alone(bytes(flipped), EXPECTED)
        assert short is None
        assert reader.is_empty


@pytest.mark.parametrize("wire", [b"", b"\x7e", b"\x7e\x7e", bytes(9), bytes(20), b"\x7e\xa0\x07" + EXPECTED + b"\x7e"])
def test_what_is_no_frame_is_left_to_the_long_way(wire: bytes) -> None:
    assert FrameReader().taken_alone(wire, EXPECTED) is None


@pytest.mark.parametrize("before", [b"\x7e", b"\x7e\xa0", b"noise\x7e"])
def test_a_frame_behind_a_part_of_another_is_left_to_the_long_way(before: bytes) -> None:
    reader = FrameReader()
    reader.feed(before)
    assert reader.taken_alone(expected_frame().encode(), EXPECTED) is None


def test_one_flag_may_end_a_frame_that_was_taken_and_begin_the_next() -> None:
    reader, frame = FrameReader(), expected_frame()
    assert reader.taken_alone(frame.encode(), EXPECTED) == frame.information
    reader.feed(frame.encode()[1:])
    assert reader.next_frame() == frame
    assert reader.taken_alone(frame.encode(), EXPECTED) == frame.information


def test_a_frame_whose_head_has_the_checksum_of_another_is_refused() -> None:
    reader = FrameReader()
    # ГОСТ Р 58940-2020 prints such frames in its table 12.3: the last checksum is made right here.
    head = bytes.fromhex("A00E41022310FFFF") + LLC + b"?"
    wire = b"\x7e" + head + crc16.ibm_sdlc(head).to_bytes(2, "little") + b"\x7e"
    assert reader.taken_alone(wire, CLIENT + METER + b"\x10") is None
    reader.feed(wire)
    with pytest.raises(RemoteProtocolError, match=r"checksum \(HCS\) is wrong"):
        reader.next_frame()


class Parrot:
    """Answers a message with itself turned round."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def opened(self, client: int) -> None:
        assert client in (16, 32)

    def answer(self, client: int, message: bytes) -> bytes:
        assert client in (16, 32)
        self.heard.append(message)
        return message[::-1]


def opened(server: HdlcServerLink, address: bytes = METER, client: int = 32) -> HdlcLink:
    link = HdlcLink(address, client)
    assert link.receive(server.hear(link.open()) or b"") == [LinkOpened()]
    return link


def test_a_late_answer_is_not_taken_for_the_answer_to_the_next_question() -> None:
    server = HdlcServerLink(frozenset({METER}), Parrot())
    link = opened(server)
    late = server.hear(link.send(b"first")) or b""
    second = link.send(b"second")
    assert link.receive(late) == []
    assert link.receive(server.hear(second) or b"") == [MessageReceived(b"dnoces")]


def test_a_meter_that_answers_only_what_was_asked_before_is_named() -> None:
    link = opened(HdlcServerLink(frozenset({METER}), Parrot()))
    link.send(b"first")
    link.send(b"second")
    late = Frame(
        destination=CLIENT, source=METER, kind=Kind.I, final=True, information=LLC + b"tsrif", receive_number=1
    ).encode()
    with pytest.raises(RemoteProtocolError, match="an answer to what was asked before, again and again") as caught:
        link.receive(late * 33)
    assert caught.value.fault is LineFault.NOISE


def test_the_devices_and_the_clients_of_one_meter_have_links_of_their_own() -> None:
    clock = server_address(16, 17, 2)
    server = HdlcServerLink(frozenset({METER, clock}), Parrot())
    links = [opened(server, address, client) for address in (METER, clock) for client in (16, 32)]
    for turn in (b"one", b"two", b"three"):
        for link in links:
            assert link.receive(server.hear(link.send(turn)) or b"") == [MessageReceived(turn[::-1])]


def test_an_acknowledgement_is_the_same_bytes_each_time_its_number_comes_round() -> None:
    link = opened(HdlcServerLink(frozenset({METER}), Parrot()))
    link.send(b"?")
    said = []
    for number in range(16):
        part = Frame(
            destination=CLIENT,
            source=METER,
            kind=Kind.I,
            final=True,
            information=LLC if number == 0 else b"more",
            segmented=True,
            send_number=number % 8,
            receive_number=1,
        )
        (event,) = link.receive(part.encode())
        assert isinstance(event, WriteMore)
        assert link.resend() == event.data
        said.append(event.data)
    assert said[:8] == said[8:]
    assert len(set(said)) == 8
