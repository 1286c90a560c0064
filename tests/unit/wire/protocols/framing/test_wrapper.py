"""The wrapper for TCP and UDP: eight bytes before each message (IEC 62056-47)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.framing.connection import LineFault, RemoteProtocolError
from kilovatt.wire.protocols.framing.links import MessageReceived
from kilovatt.wire.protocols.framing.wrapper import WrapperLink, WrapperServerLink, wrapped


class Parrot:
    """Answers a message with itself turned round; keeps silent about an empty one."""

    def __init__(self) -> None:
        self.began: list[int] = []

    def opened(self, client: int) -> None:
        self.began.append(client)

    def answer(self, client: int, message: bytes) -> bytes | None:
        assert client == 32
        return message[::-1] or None


def answer_of(message: bytes) -> bytes:
    return wrapped(message, source=1, destination=32)


def test_a_message_travels_with_its_ports_and_its_length() -> None:
    link, server = WrapperLink(client=32), WrapperServerLink(Parrot())
    assert link.open() == link.close() == b""
    asked = link.send(b"abc")
    assert asked.hex() == "0001002000010003" + b"abc".hex()
    assert link.resend() == asked
    assert link.receive(server.hear(asked) or b"") == [MessageReceived(b"cba")]
    assert server.hear(link.send(b"")) is None


@given(st.lists(st.binary(max_size=40), max_size=6), st.lists(st.integers(1, 30), max_size=30))
def test_any_cut_of_the_stream_gives_the_same_messages(messages: list[bytes], cuts: list[int]) -> None:
    link, stream, at = WrapperLink(client=32), b"".join(map(answer_of, messages)), 0
    heard = []
    for size in [*cuts, len(stream)]:
        heard += link.receive(stream[at : at + size])
        at += size
    assert heard == [MessageReceived(message) for message in messages]
    assert not link.has_part


def test_a_stranger_on_the_line_is_named() -> None:
    link = WrapperLink(client=32)
    with pytest.raises(RemoteProtocolError, match="from 1 to 16, and 1 to 32 is wanted") as caught:
        link.receive(wrapped(b"x", source=1, destination=16))
    assert caught.value.fault is LineFault.ANOTHER_METER


def test_what_is_no_header_loses_the_stream_until_something_is_sent_again() -> None:
    link = WrapperLink(client=32)
    with pytest.raises(RemoteProtocolError, match="wrapper version 2, and 1 is wanted"):
        link.receive(bytes.fromhex("0002000100200001AA"))
    assert link.receive(answer_of(b"late")) == []
    link.send(b"?")
    assert link.receive(answer_of(b"!")[:9]) == [MessageReceived(b"!")]


def test_what_comes_before_an_error_is_brought_first() -> None:
    link = WrapperLink(client=32)
    assert link.receive(answer_of(b"!") + bytes(8)) == [MessageReceived(b"!")]
    with pytest.raises(RemoteProtocolError):
        link.receive(b"")
    assert link.receive(answer_of(b"!")[:5]) == []
    link.resend()
    assert link.receive(answer_of(b"again")) == [MessageReceived(b"again")]


def test_a_part_of_a_message_is_known_as_one() -> None:
    link = WrapperLink(client=32)
    link.receive(answer_of(b"abc")[:-1])
    assert link.has_part


def test_a_message_longer_than_its_header_can_say_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 65535 bytes: got 65536"):
        wrapped(bytes(65_536), source=1, destination=2)


@pytest.mark.parametrize("heard", [b"", b"\x00", bytes(20), wrapped(b"abc", source=32, destination=9)])
def test_a_meter_keeps_silent_about_what_is_not_for_it(heard: bytes) -> None:
    assert WrapperServerLink(Parrot()).hear(heard) is None


def test_with_a_connection_end_the_associations_of_its_clients() -> None:
    parrot = Parrot()
    server = WrapperServerLink(parrot)
    server.hear(wrapped(b"abc", source=32, destination=1) + wrapped(b"abc", source=16, destination=7))
    server.connected()
    assert parrot.began == [32]
    server.connected()
    assert parrot.began == [32]


def test_a_meter_answers_the_messages_before_noise() -> None:
    said = WrapperServerLink(Parrot()).hear(wrapped(b"abc", source=32, destination=1) + bytes(8))
    assert said == answer_of(b"cba")
