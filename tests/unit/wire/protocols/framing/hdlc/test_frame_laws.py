"""Laws of frames of HDLC, for any frame, any damage, and any pieces of the stream."""

import os
import random

from hypothesis import given
from hypothesis import strategies as st

from in_pieces import pieces_of
from kilovatt.wire.protocols.framing.connection import RemoteProtocolError
from kilovatt.wire.protocols.framing.hdlc.frames import Frame, FrameReader, Kind, decode_frame

MUTATIONS = 200_000 if os.environ.get("KILOVATT_SOAK") == "1" else 2_000
ADDRESSES = st.sampled_from([b"\x03", b"\x21", b"\x02\x21", b"\x00\x02\x7e\xff"])
NOISE = st.binary(max_size=12) | st.just(b"\x7e\xa0\x10") | st.just(bytes(700)) | st.just(b"\x7e" * 600)
SAMPLES = tuple(
    map(
        bytes.fromhex,
        (
            "7EA0080221419350B47E",
            "7EA01E4103738E7F81801205018006013E07040000000108040000000107227E",
            "7EA01A022161541887E6E600C0018100030100150700FF0100BFB77E",
            "7EA017610221B81EC0E6E700C401810002020FFE161B127A7E",
            "7EA008022161717F537E",
        ),
    )
)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    kind = draw(st.sampled_from(Kind))
    return Frame(
        destination=draw(ADDRESSES),
        source=draw(ADDRESSES),
        kind=kind,
        final=draw(st.booleans()),
        information=draw(st.binary(max_size=80) | st.just(b"\x7e" * 20)),
        segmented=draw(st.booleans()),
        send_number=draw(st.integers(0, 7)) if kind is Kind.I else 0,
        receive_number=draw(st.integers(0, 7)) if kind in (Kind.I, Kind.RR, Kind.RNR) else 0,
    )


def outcomes(pieces: list[bytes]) -> list[Frame | str]:
    """Every frame and every complaint that these pieces bring, in turn."""
    reader = FrameReader()
    met: list[Frame | str] = []
    for piece in pieces:
        reader.feed(piece)
        while True:
            try:
                frame = reader.next_frame()
            except RemoteProtocolError as error:
                met.append(f"{error.fault}: {str(error).partition(';')[0]}")
                continue
            if frame is None:
                break
            met.append(frame)
    return met


def frame_check(data: bytes) -> bytes:
    """The checksum by its definition, so that what is tested does not check itself."""
    register = 0xFFFF
    for octet in data:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ (0x8408 if register & 1 else 0)
    return (register ^ 0xFFFF).to_bytes(2, "little")


@given(frames())
def test_a_frame_comes_back_as_it_was(frame: Frame) -> None:
    wire = frame.encode()
    assert wire[-3:-1] == frame_check(wire[1:-3])
    assert decode_frame(wire) == frame
    assert outcomes([wire]) == [frame]


@given(frames(), st.data())
def test_a_flipped_bit_never_makes_another_frame(frame: Frame, data: st.DataObject) -> None:
    damaged = bytearray(frame.encode())
    bit = data.draw(st.integers(0, 8 * len(damaged) - 1))
    damaged[bit // 8] ^= 1 << bit % 8
    assert not any(isinstance(outcome, Frame) for outcome in outcomes([bytes(damaged)]))


@given(
    st.lists(frames().map(Frame.encode) | NOISE, max_size=4).map(b"".join),
    st.lists(st.integers(0, 3_000), max_size=6),
)
def test_the_pieces_that_bytes_come_in_change_nothing(stream: bytes, cuts: list[int]) -> None:
    whole = outcomes([stream])
    assert outcomes(pieces_of(stream, cuts)) == whole
    assert outcomes([bytes((octet,)) for octet in stream]) == whole


def test_mutated_frames_are_frames_or_noise() -> None:
    dice = random.Random(20_261_124)
    met = {"frame": 0, "noise": 0}
    for _ in range(MUTATIONS):
        wire = bytearray(dice.choice(SAMPLES))
        for _ in range(dice.randint(1, 3)):
            place = dice.randrange(len(wire) + 1)
            wire[place : place + dice.randrange(3)] = dice.randbytes(dice.randrange(3))
        inner = bytes(wire[1:-3])
        sent = b"\x7e" + inner + frame_check(inner) + b"\x7e" if dice.random() < 0.5 else bytes(wire)
        for outcome in outcomes([sent]):
            if isinstance(outcome, Frame):
                met["frame"] += 1
                assert decode_frame(outcome.encode()) == outcome
            else:
                met["noise"] += 1
                assert outcome.startswith("noise: ")
    assert min(met.values()) > 0
