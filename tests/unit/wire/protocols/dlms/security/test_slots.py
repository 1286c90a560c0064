"""The secrets of one meter by their slots: which go together, and what is said of those that do not."""

import pytest

from kilovatt.wire.protocols.dlms.security.sealing import Keys, Suite
from kilovatt.wire.protocols.dlms.security.slots import KeyBundle, UnusableKeysError, key_bundle, slots_of

SHORT, LONG, SECRET = bytes(range(16)), bytes(range(32)), b"0000000100000001"


@pytest.mark.parametrize(
    ("slots", "bundle"),
    [
        ({}, KeyBundle()),
        ({"secret": SECRET}, KeyBundle(None, SECRET)),
        ({"encryption": SHORT, "authentication": SHORT}, KeyBundle(Keys(SHORT, SHORT), None)),
        (
            {"encryption": LONG, "authentication": LONG, "secret": SECRET},
            KeyBundle(Keys(LONG, LONG, Suite.P384_AES_GCM_256), SECRET),
        ),
    ],
)
def test_slots_make_the_keys_of_a_meter_and_come_back(slots: dict[str, bytes], bundle: KeyBundle) -> None:
    assert key_bundle(slots) == bundle
    assert {slot: bytes.fromhex(text) for slot, text in slots_of(bundle).items()} == slots


@pytest.mark.parametrize(
    ("slots", "words"),
    [
        ({"encryption": SHORT}, "both or none"),
        ({"authentication": SHORT}, "both or none"),
        ({"encryption": SHORT, "authentication": LONG}, "have 16 and 32 bytes"),
        ({"encryption": SHORT[:3], "authentication": SHORT[:3]}, "have 3 and 3 bytes"),
        ({"secret": b"12345678"}, "secret has 8 bytes, and 16 are wanted"),
    ],
)
def test_what_does_not_go_together_is_refused_without_showing_it(slots: dict[str, bytes], words: str) -> None:
    with pytest.raises(UnusableKeysError, match=words) as refused:
        key_bundle(slots)
    assert refused.value.sentence % refused.value.values == str(refused.value)
    assert all(key.hex() not in str(refused.value) for key in slots.values())


def test_no_key_shows() -> None:
    shown = repr(key_bundle({"encryption": SHORT, "authentication": SHORT, "secret": SECRET}))
    assert SHORT.hex() not in shown
    assert repr(SHORT) not in shown
    assert repr(SECRET) not in shown
