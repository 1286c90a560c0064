"""Bytes that are no message are refused, with what is wrong and where."""

from collections.abc import Callable
from typing import Any

import pytest

from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.apdu.acse import (
    decode_association_request,
    decode_association_response,
    decode_release,
)
from kilovatt.wire.protocols.dlms.apdu.ciphered import decode_sealed
from kilovatt.wire.protocols.dlms.apdu.general_block import GeneralBlock
from kilovatt.wire.protocols.dlms.apdu.initiate import decode_initiate_request, decode_initiate_response
from kilovatt.wire.protocols.dlms.apdu.invoking import invoke_byte, invoke_long, is_confirmed
from kilovatt.wire.protocols.dlms.apdu.messages import decode_message
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import MalformedError
from kilovatt.wire.protocols.framing.connection import LineFault, LocalProtocolError

NAME = "00070100630100FF02"
CASES: list[tuple[Callable[[bytes], Any], str, str]] = [
    (decode_message, "", "a byte is missing at byte 0"),
    (decode_message, "AA", "AAh is no tag of a message"),
    (decode_message, "C0", "a byte is missing"),
    (decode_message, "C004C1", "4 is no kind of GET request"),
    (decode_message, "C404C1", "4 is no kind of GET response"),
    (decode_message, "C106C1", "6 is no kind of SET request"),
    (decode_message, "C506C1", "6 is no kind of SET response"),
    (decode_message, "C307C1", "7 is no kind of ACTION request"),
    (decode_message, "C705C1", "5 is no kind of ACTION response"),
    (decode_message, f"C001C1{NAME}02", "the mark of selective access is 0 or 1: got 2"),
    (decode_message, "C00281000000", "4 bytes are wanted, and 3 are left"),
    (decode_message, "C401C102", "the mark of a result is 0 or 1: got 2"),
    (decode_message, "C401C10105", "5 is no result of an access"),
    (decode_message, "C402C10000000001000A01", "10 bytes are wanted, and 1 are left"),
    (decode_message, "C403C184FFFFFFFF", "things in 0 bytes"),
    (decode_message, "C003C10A", "10 things in 0 bytes"),
    (decode_message, f"C104C101{NAME}0000", "0 values for 1 attributes"),
    (decode_message, f"C303C101{NAME}00", "0 parameters for 1 methods"),
    (decode_message, "C501C100FF", "1 bytes after the message"),
    (decode_message, "D90000000000000100", "1 values for 0 accesses"),
    (decode_message, f"D900000000000109{NAME}0100", "9 is no kind of access"),
    (decode_message, "DA0000000000000100010900", "9 is no kind of access"),
    (decode_message, "DA000000000000010000", "0 results for 1 values"),
    (decode_message, "0501070000", "7 is no kind of a variable that is known"),
    (decode_message, "0C0104", "4 is no kind of a result that is known"),
    (decode_message, "0D0102", "2 is no kind of a result that is known"),
    (decode_message, "060102FA0800", "0 values for 1 variables"),
    (decode_message, "E0", "a byte is missing"),
    (decode_message, "D80102FF", "1 bytes after the message"),
    (decode_sealed, "C0", "C0h is no tag of a sealed message"),
    (decode_sealed, "C805AA", "5 bytes are wanted, and 1 are left"),
    (decode_sealed, "DD00000000000103", "3 is no way to tell a key"),
    (decode_sealed, "DD0000000000010202", "the scheme of an agreed key is one byte"),
    (decode_association_request, "6100", "tag 61h, and 60h is wanted"),
    (decode_association_request, "6000", "the context is missing"),
    (decode_association_request, "6003EE0100", "EEh is no field of such a message"),
    (decode_association_request, "6004A100A100", "field A1h stands twice"),
    (decode_association_request, "600BA109060760857405080105", "context 60857405080105 is none"),
    (decode_association_request, "600BA109050760857405080101", "an inner tag 05h, and 06h is wanted"),
    (decode_association_request, "600BA109060760857405080101", "the offer (user information) is missing"),
    (decode_association_request, "60098B0760857405080277", "mechanism 60857405080277 is none"),
    (decode_association_response, "6100", "the result is missing"),
    (decode_association_response, "6105A203020109", "result 09 of an association is none"),
    (decode_association_response, "610CA203020100A305A903020100", "a diagnostic of A9h is none"),
    (decode_initiate_request, "08", "an offer (InitiateRequest) is wanted"),
    (decode_initiate_request, "0100000005", "DLMS version 5, and 6 is wanted"),
    (decode_initiate_request, "01000000065F1F0300", "conformance bits are wanted"),
    (decode_initiate_response, "01", "an agreement (InitiateResponse) is wanted"),
]


@pytest.mark.parametrize(("decoder", "wire", "words"), CASES)
def test_what_is_no_message_is_refused_by_name(decoder: Callable[[bytes], Any], wire: str, words: str) -> None:
    with pytest.raises(MalformedError) as caught:
        decoder(bytes.fromhex(wire))

    assert words in str(caught.value)
    assert caught.value.fault is LineFault.NOISE


def test_conformance_bits_with_a_short_tag_are_read() -> None:
    assert decode_initiate_response(bytes.fromhex("0800065F040000501F04000007")).message_bytes_max == 1024


def test_an_offer_may_bring_marks_that_mean_nothing_here() -> None:
    offer = bytes.fromhex("010001010105065F1F0400001E1D0400")

    assert decode_initiate_request(offer).message_bytes_max == 1024
    assert decode_initiate_response(bytes.fromhex("080105065F1F0400001E1D04000007")).vaa_name == 7


def test_the_answer_to_a_release_is_no_release() -> None:
    with pytest.raises(MalformedError, match="tag 63h"):
        decode_release(bytes.fromhex("6303800100"), is_request=True)


def test_an_invoke_id_says_how_urgent_a_question_is() -> None:
    assert invoke_byte(1) == 0xC1
    assert invoke_byte(17, confirmed=False) == 0x81
    assert invoke_byte(1, high_priority=False) == 0x41
    assert invoke_long(1, confirmed=False, high_priority=False) == 1
    assert invoke_long(1) == 0xC000_0001
    assert (is_confirmed(0xC1), is_confirmed(0x81)) == (True, False)


def test_a_window_of_blocks_has_a_limit() -> None:
    with pytest.raises(LocalProtocolError, match="at most 63"):
        GeneralBlock(is_last=True, streaming=False, window=64, number=1, acknowledged=0, part=b"")


def test_a_message_names_its_attribute_in_words() -> None:
    assert "1.0.98.1.0.255" in repr(Descriptor(7, Obis.parse("1.0.98.1.0.255"), 2))
