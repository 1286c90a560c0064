"""Mode E of IEC 62056-21: a call at 300 baud, a choice, and HDLC behind it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.framing.connection import LineFault, LineSpeed, RemoteProtocolError
from kilovatt.wire.protocols.framing.hdlc.frames import Kind, decode_frame, server_address
from kilovatt.wire.protocols.framing.hdlc.optical import CALL_SPEED, OpticalLink, OpticalServerLink
from kilovatt.wire.protocols.framing.hdlc.server import HdlcServerLink
from kilovatt.wire.protocols.framing.links import LinkClosed, LinkOpened, MessageReceived, WriteMore
from kilovatt.wire.protocols.framing.sign_on import Identification

METER = server_address(1, None, 1)
FAST = LineSpeed(9600)
CALL, WHO, CHOICE = b"/?!\r\n", b"/LGZ5\\2ZMG405000b.P07\r\n", b"\x06252\r\n"


class Parrot:
    """Answers a message with itself turned round."""

    def opened(self, client: int) -> None:
        assert client == 32

    def answer(self, client: int, message: bytes) -> bytes | None:
        assert client == 32
        return message[::-1]


def at_the_head(*, address: str = "41906467", parity_bits: bool = False) -> OpticalServerLink:
    served = HdlcServerLink(frozenset({METER}), Parrot())
    who = Identification("LGZ", "5", "ZMG405000b.P07", "2")
    return OpticalServerLink(served, who, address, parity_bits=parity_bits)


def opened(link: OpticalLink, meter: OpticalServerLink) -> None:
    """Open a link from its call on."""
    wire: bytes | None = meter.hear(link.open())
    assert wire is not None
    (choice,) = link.receive(wire)
    assert isinstance(choice, WriteMore)
    wire = meter.hear(choice.data)
    assert wire is not None
    assert link.receive(wire) == []
    wire = meter.hear(link.after_silence())
    assert wire is not None
    assert link.receive(wire) == [LinkOpened()]


# The identification is that of two public mocks of a ZMG405; the rest is annex E of the standard.
def test_a_link_begins_with_a_call_a_choice_and_its_repetition() -> None:
    link, meter = OpticalLink(METER, 32), at_the_head()

    assert (link.open(), link.speed, meter.speed) == (CALL, CALL_SPEED, CALL_SPEED)
    assert meter.hear(CALL) == WHO
    assert link.receive(WHO) == [WriteMore(CHOICE)]
    assert link.speed == CALL_SPEED
    assert meter.hear(CHOICE) == CHOICE
    assert link.after_silence() == b""
    assert link.receive(CHOICE) == []

    asked = link.after_silence()

    assert decode_frame(asked).kind is Kind.SNRM
    assert (link.speed, meter.speed) == (FAST, FAST)
    assert link.receive(meter.hear(asked) or b"") == [LinkOpened()]
    assert link.receive(meter.hear(link.send(b"abc")) or b"") == [MessageReceived(b"cba")]


def test_after_the_link_was_closed_a_call_is_wanted_again() -> None:
    link, meter = OpticalLink(METER, 32), at_the_head()
    opened(link, meter)

    assert link.receive(meter.hear(link.close()) or b"") == [LinkClosed()]

    assert meter.speed == CALL_SPEED
    opened(link, meter)


def test_a_meter_that_never_heard_the_end_of_its_link_is_found_without_a_call() -> None:
    meter = at_the_head()
    opened(OpticalLink(METER, 32), meter)
    link = OpticalLink(METER, 32)

    assert meter.hear(link.open()) is None
    asked = link.open()

    assert (decode_frame(asked).kind, link.speed) == (Kind.SNRM, FAST)
    assert link.receive(meter.hear(asked) or b"") == [LinkOpened()]


def test_after_a_rest_the_meter_waits_for_a_call() -> None:
    link, meter = OpticalLink(METER, 32), at_the_head()
    opened(link, meter)
    meter.rest()
    assert meter.hear(link.send(b"abc")) is None
    opened(OpticalLink(METER, 32), meter)


def test_the_speed_may_be_ours_to_choose() -> None:
    link = OpticalLink(METER, 32, baud_letter="4")
    link.open()
    assert link.receive(WHO) == [WriteMore(b"\x06242\r\n")]
    link.receive(b"\x06242\r\n")
    link.after_silence()
    assert link.speed == LineSpeed(4800)


def test_parity_may_be_ours_to_add() -> None:
    link, meter = OpticalLink(METER, 32, parity_bits=True), at_the_head(parity_bits=True)
    assert link.open() == bytes.fromhex("af3f218d0a")
    opened(OpticalLink(METER, 32, parity_bits=True), meter)


def test_a_call_with_an_address_is_for_that_meter_alone() -> None:
    meter = at_the_head()
    opened(OpticalLink(METER, 32, address="041906467"), meter)
    assert at_the_head().hear(OpticalLink(METER, 32, address="41906468").open()) is None


@given(st.data())
def test_what_comes_may_come_in_any_pieces(data: st.DataObject) -> None:
    link, meter = OpticalLink(METER, 32), at_the_head()
    wire = meter.hear(link.open()) or b""
    for answer in (wire, CHOICE):
        cut = data.draw(st.integers(1, len(answer) - 1))
        assert link.receive(answer[:cut]) == []
        assert link.has_part
        link.receive(answer[cut:])
        meter.hear(CHOICE)
    assert decode_frame(link.after_silence()).kind is Kind.SNRM


@pytest.mark.parametrize(
    ("came", "words"),
    [
        (b"/LGZ5ZMG405\r\n", "LGZ ZMG405 does not offer to go over to HDLC"),
        (b"/LGZ9\\2ZMG405\r\n", "'9' is the letter of no speed"),
        (b"LGZ5\\2ZMG405\r\n", "an identification is"),
        (b"\x81LGZ5\\2ZMG405\r\n", "the parity of byte"),
        (b"/LGZ5" + b"A" * 90, "an identification without an end"),
    ],
)
def test_what_is_no_identification_ends_the_try(came: bytes, words: str) -> None:
    link = OpticalLink(METER, 32)
    link.open()
    with pytest.raises(RemoteProtocolError, match=words) as caught:
        link.receive(came)
    assert caught.value.fault is LineFault.NOISE


def test_a_choice_that_is_not_repeated_ends_the_try() -> None:
    link = OpticalLink(METER, 32)
    link.open()
    link.receive(CALL + WHO)
    with pytest.raises(RemoteProtocolError, match="does not repeat the choice"):
        link.receive(b"\x15")


def test_what_comes_while_the_speed_changes_is_nothing() -> None:
    link = OpticalLink(METER, 32)
    link.open()
    link.receive(WHO)
    assert link.receive(CHOICE) == []
    assert link.receive(b"\xff\x00") == []
    assert decode_frame(link.after_silence()).kind is Kind.SNRM


@pytest.mark.parametrize("said", [b"\x06050\r\n", b"\x06292\r\n", b"\x06252", b"abc", b"/?!"])
def test_a_meter_keeps_silent_about_what_it_does_not_do(said: bytes) -> None:
    meter = at_the_head()
    meter.connected()
    assert meter.hear(said) is None
    meter.hear(CALL)
    assert meter.hear(said) is None
    assert meter.speed == CALL_SPEED


def test_a_letter_of_no_speed_is_no_choice() -> None:
    with pytest.raises(ValueError, match="letter of no speed"):
        OpticalLink(METER, 32, baud_letter="X")


@given(st.binary(max_size=120), st.integers(0, 2))
def test_whatever_comes_raises_nothing_but_errors_of_the_line(came: bytes, stage: int) -> None:
    link = OpticalLink(METER, 32)
    link.open()
    for heard in (WHO, CHOICE)[:stage]:
        link.receive(heard)
    with suppress(RemoteProtocolError):
        link.receive(came)
    assert link.speed == CALL_SPEED
