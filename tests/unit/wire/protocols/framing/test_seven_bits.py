"""Seven bits and their parity, where eight are carried."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.framing.seven_bits import taken_away, with_parity, without_parity

CHARACTERS = st.binary(max_size=40).map(lambda data: bytes(byte & 0x7F for byte in data))


@given(data=CHARACTERS)
def test_parity_is_added_and_taken_away(data: bytes) -> None:
    dressed = with_parity(data)
    assert all(byte.bit_count() % 2 == 0 for byte in dressed)
    assert without_parity(dressed) == data


@given(data=CHARACTERS)
def test_what_has_no_parity_is_left_as_it_is(data: bytes) -> None:
    assert without_parity(data) == data


def test_the_parity_of_known_characters_is_even() -> None:
    assert with_parity(b"/?!\r\n") == bytes.fromhex("AF3F218D0A")


def test_a_wrong_parity_is_named_with_its_place() -> None:
    with pytest.raises(ValueError, match=r"the parity of byte 1 \(BFh\) is wrong"):
        without_parity(bytes.fromhex("AFBF218D0A"))
    with pytest.raises(ValueError, match=r"the parity of byte 0 \(2Fh\) is wrong"):
        without_parity(bytes.fromhex("2F3F218D0A"))


@given(data=CHARACTERS)
def test_a_parity_that_is_right_is_taken_away_and_another_left_to_be_seen(data: bytes) -> None:
    assert taken_away(with_parity(data)) == taken_away(data) == data
    assert taken_away(bytes.fromhex("AFBF218D0A")) == bytes.fromhex("2FBF210D0A")
