"""Keys on their way to a meter."""

import pytest

from kilovatt.wire.protocols.dlms.objects.key_transfer import KeyUse, WrappedKey, decode_keys, encode_keys, wrap
from kilovatt.wire.protocols.dlms.values import Array, DlmsValue, Enumerate, MalformedError, OctetString, Structure

# RFC 3394, 4.1.
MASTER, KEY = bytes(range(16)), bytes.fromhex("00112233445566778899AABBCCDDEEFF")
WRAPPED = bytes.fromhex("1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5")


def test_a_key_is_wrapped_as_the_rfc_has_it_and_opened_by_its_master_key_only() -> None:
    made = wrap(KeyUse.UNICAST, KEY, master=MASTER)
    assert made.wrapped == WRAPPED
    assert made.open(MASTER) == KEY
    assert made.open(bytes(16)) is None
    assert WrappedKey(KeyUse.UNICAST, WRAPPED[:-1] + b"\0").open(MASTER) is None
    assert WrappedKey(KeyUse.UNICAST, b"short").open(MASTER) is None
    assert WRAPPED.hex() not in repr(made)
    assert repr(WRAPPED) not in repr(made)


def test_keys_come_back_from_the_parameter_they_travel_in() -> None:
    keys = tuple(wrap(use, KEY, master=MASTER) for use in KeyUse)
    assert decode_keys(encode_keys(keys)) == keys


@pytest.mark.parametrize(
    "value",
    [
        OctetString(b""),
        Array((Structure((Enumerate(0),)),)),
        Array((Structure((Enumerate(4), OctetString(WRAPPED))),)),
        Array((Structure((Enumerate(0), Enumerate(0))),)),
    ],
)
def test_what_are_no_keys_is_refused(value: DlmsValue) -> None:
    with pytest.raises(MalformedError):
        decode_keys(value)
