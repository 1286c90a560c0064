"""Links over a bad line: frames lost, damaged, doubled, echoed, out of their pieces; every message passes once."""

import os
import random
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.framing.connection import RemoteProtocolError
from kilovatt.wire.protocols.framing.hdlc.frames import FrameReader, server_address
from kilovatt.wire.protocols.framing.hdlc.link import HdlcLink
from kilovatt.wire.protocols.framing.hdlc.parameters import LinkLimits
from kilovatt.wire.protocols.framing.hdlc.server import HdlcServerLink
from kilovatt.wire.protocols.framing.links import LinkClosed, LinkOpened, MessageReceived, WriteMore

SEEDS = 3_000 if os.environ.get("KILOVATT_SOAK") == "1" else 150
METER = server_address(1, 17, 2)
ROUNDS_MAX = 3_000
LOST, FLIPPED, DOUBLED, NOISY = 0.05, 0.10, 0.13, 0.16


class Parrot:
    """Answers a message with itself turned round."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def opened(self, client: int) -> None:
        assert client == 32

    def answer(self, client: int, message: bytes) -> bytes:
        assert client == 32
        self.heard.append(message)
        return message[::-1]


def any_limits(dice: random.Random) -> LinkLimits:
    return LinkLimits(
        transmit_info=dice.choice((32, 64, 128, 2030)),
        receive_info=dice.choice((32, 64, 128, 2030)),
        transmit_window=dice.randint(1, 7),
        receive_window=dice.randint(1, 7),
    )


def frames_of(wire: bytes) -> Iterator[bytes]:
    reader = FrameReader()
    reader.feed(wire)
    while (frame := reader.next_frame()) is not None:
        yield frame.encode()


def over_a_bad_line(wire: bytes, dice: random.Random) -> bytes:
    """What arrives of some frames."""
    arrived = b""
    for frame in frames_of(wire):
        fate = dice.random()
        if fate < LOST:
            continue
        if fate < FLIPPED:
            bit = dice.randrange(8 * len(frame))
            arrived += frame[: bit // 8] + bytes((frame[bit // 8] ^ 1 << bit % 8,)) + frame[bit // 8 + 1 :]
        elif fate < DOUBLED:
            arrived += frame + frame
        elif fate < NOISY:
            arrived += dice.randbytes(3) + frame
        else:
            arrived += frame
    return arrived


def opened(dice: random.Random) -> tuple[HdlcLink, HdlcServerLink, Parrot]:
    parrot = Parrot()
    link = HdlcLink(METER, 32, any_limits(dice))
    server = HdlcServerLink(frozenset({METER}), parrot, any_limits(dice))
    assert link.receive(server.hear(link.open()) or b"") == [LinkOpened()]
    return link, server, parrot


def turn(link: HdlcLink, came: bytes) -> tuple[bytes | None, bytes]:
    """The message, or what to write next."""
    written = b""
    with suppress(RemoteProtocolError):
        for event in link.receive(came):
            if isinstance(event, MessageReceived):
                return event.message, b""
            assert isinstance(event, WriteMore)
            written = event.data
    return None, written or link.resend()


def carried(link: HdlcLink, server: HdlcServerLink, message: bytes, dice: random.Random) -> bytes:
    wire = link.send(message)
    for _ in range(ROUNDS_MAX):
        came, wire = turn(link, over_a_bad_line(server.hear(over_a_bad_line(wire, dice)) or b"", dice))
        if came is not None:
            return came
    pytest.fail("no end")


@pytest.mark.parametrize("seed", range(SEEDS))
def test_over_a_bad_line_every_message_passes_whole_and_once(seed: int) -> None:
    dice = random.Random(seed)
    link, server, parrot = opened(dice)
    messages = [dice.randbytes(dice.choice((1, 30, 200, 1_500, 3_000))) for _ in range(2)]
    for message in messages:
        assert carried(link, server, message, dice) == message[::-1]
    assert parrot.heard == messages


@given(st.integers(0, 10**6), st.lists(st.integers(1, 400), max_size=12))
def test_an_echo_before_the_answer_and_any_cut_change_nothing(seed: int, cuts: list[int]) -> None:
    dice = random.Random(seed)
    link, server, _ = opened(dice)
    message = dice.randbytes(dice.choice((1, 300, 900)))
    wire = link.send(message)
    for _ in range(200):
        came = wire + (server.hear(wire) or b"")
        heard, written, at = list[bytes](), b"", 0
        for size in [*cuts, len(came)]:
            for event in link.receive(came[at : at + size]):
                if isinstance(event, MessageReceived):
                    heard.append(event.message)
                elif isinstance(event, WriteMore):
                    written = event.data
            at += size
        if heard:
            assert heard == [message[::-1]]
            return
        wire = written
    pytest.fail("no end")


@given(st.integers(0, 10**6), st.binary(max_size=80))
def test_whatever_a_meter_hears_it_answers_in_frames_or_keeps_silent(seed: int, noise: bytes) -> None:
    dice = random.Random(seed)
    link, server, _ = opened(dice)
    wire = link.send(dice.randbytes(200))
    at = dice.randrange(len(wire))
    for heard in (noise, wire[:at] + noise + wire[at:], wire[:at] + noise, over_a_bad_line(wire, dice)):
        said = server.hear(heard)
        assert said is None or b"".join(frames_of(said)) == said


@given(st.integers(0, 10**6), st.binary(max_size=80))
def test_whatever_a_client_hears_is_an_event_or_a_protocol_error(seed: int, noise: bytes) -> None:
    dice = random.Random(seed)
    link, server, _ = opened(dice)
    message = dice.randbytes(50)
    said = server.hear(link.send(message)) or b""
    at = dice.randrange(len(said))
    for heard in (noise, said[:at] + noise + said[at:], noise + said):
        with suppress(RemoteProtocolError):
            for event in link.receive(heard):
                assert isinstance(event, MessageReceived | WriteMore | LinkClosed)
    assert link.receive(server.hear(link.open()) or b"") == [LinkOpened()]
    assert carried(link, server, message, dice) == message[::-1]
