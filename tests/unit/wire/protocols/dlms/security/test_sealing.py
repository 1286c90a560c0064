"""Sealed messages: vectors of protocols/dlms-and-others 7.4, and every way they are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.dlms.security import (
    InvocationCounter,
    Keys,
    Protection,
    ReplayError,
    Sealer,
    SecurityError,
    Suite,
    SuiteNotSupportedError,
)
from kilovatt.wire.protocols.framing.connection import LocalProtocolError

# The example keys, title and counter of the Green Book.
ENCRYPTION = bytes.fromhex("000102030405060708090A0B0C0D0E0F")
AUTHENTICATION = bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")
KEYS = Keys(ENCRYPTION, AUTHENTICATION)
TITLE, PEER = bytes.fromhex("4D4D4D0000BC614E"), bytes.fromhex("4D4D4D0000000001")
COUNTER = 0x01234567
PLAIN = bytes.fromhex("C0010000080000010000FF0200")
SEALED = {
    Protection.BOTH: "3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B",
    Protection.AUTHENTICATED: "1001234567C0010000080000010000FF020006725D910F9221D263877516",
    Protection.ENCRYPTED: "2001234567411312FF935A47566827C467BC",
    Protection.NONE: "0001234567C0010000080000010000FF0200",
}


def sender(counter: int = COUNTER, keys: Keys = KEYS) -> Sealer:
    """One end."""
    return Sealer(keys, title=TITLE, counter=counter)


def recipient(keys: Keys = KEYS) -> Sealer:
    """The other end, that knows the title of the first."""
    made = Sealer(keys, title=PEER, counter=1)
    made.peer_title = TITLE
    return made


@pytest.mark.parametrize("protection", list(SEALED))
def test_a_message_is_sealed_as_in_the_green_book(protection: Protection) -> None:
    assert sender().seal(PLAIN, protection).hex().upper() == SEALED[protection]
    assert recipient().open(bytes.fromhex(SEALED[protection]), protection) == PLAIN


@pytest.mark.parametrize(
    ("title", "counter", "challenge", "answer"),
    [
        (PEER, 1, b"P6wRJ21F", "10000000011A52FE7DD3E72748973C1E28"),
        (TITLE, COUNTER, b"K56iVagY", "1001234567FE1466AFB3DBCD4F9389E2B7"),
    ],
)
def test_a_challenge_is_answered_as_in_the_green_book(
    title: bytes, counter: int, challenge: bytes, answer: str
) -> None:
    proving = Sealer(KEYS, title=title, counter=counter)
    asking = Sealer(KEYS, title=TITLE, counter=1)
    asking.peer_title = title

    assert proving.answer_challenge(challenge).hex().upper() == answer
    assert asking.proves(bytes.fromhex(answer), challenge)
    assert asking.peer_counter == counter


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "10012345FE1466AFB3DBCD4F9389E2B7",
        "3001234567FE1466AFB3DBCD4F9389E2B7",
        "1001234567FE1466AFB3DBCD4F9389E2B8",
        "1001234568FE1466AFB3DBCD4F9389E2B7",
    ],
)
def test_an_answer_that_is_not_to_this_challenge_proves_nothing(answer: str) -> None:
    asking = recipient()

    assert not asking.proves(bytes.fromhex(answer), b"K56iVagY")
    assert asking.peer_counter == -1


def test_who_has_no_title_proves_nothing() -> None:
    asking = Sealer(KEYS, title=PEER, counter=1)

    assert not asking.proves(bytes.fromhex("1001234567FE1466AFB3DBCD4F9389E2B7"), b"K56iVagY")


@given(text=st.binary(max_size=300), counter=st.integers(0, 0xFFFFFFFE), context=st.binary(max_size=20))
def test_what_is_sealed_is_opened_as_it_was(text: bytes, counter: int, context: bytes) -> None:
    for protection in SEALED:
        sealed = sender(counter).seal(text, protection, context=context)

        assert recipient().open(sealed, protection, context=context) == text


@given(text=st.binary(max_size=60), where=st.integers(0, 1 << 20))
def test_one_flipped_bit_opens_nothing(text: bytes, where: int) -> None:
    for protection in (Protection.BOTH, Protection.AUTHENTICATED):
        sealed = bytearray(sender().seal(text, protection))
        place = where % (8 * len(sealed))
        sealed[place >> 3] ^= 1 << (place & 7)
        opening = recipient()

        with pytest.raises(SecurityError):
            opening.open(bytes(sealed), protection)
        assert opening.peer_counter == -1


def test_a_message_in_another_context_is_not_opened() -> None:
    with pytest.raises(SecurityError, match="the tag of a ciphered message is wrong"):
        recipient().open(sender().seal(PLAIN, context=b"one"), context=b"other")


def test_a_replay_is_refused_and_named() -> None:
    opening, sending = recipient(), sender()
    first, second = sending.seal(PLAIN), sending.seal(PLAIN)
    opening.open(first)
    opening.open(second)

    for old in (first, second):
        with pytest.raises(ReplayError, match="a replay") as caught:
            opening.open(old)
        assert caught.value.wanted == COUNTER + 2


def test_counters_belong_to_a_title() -> None:
    opening = recipient()
    opening.open(sender().seal(PLAIN))
    opening.peer_title = b"ANOTHER0"

    assert opening.peer_counter == -1
    assert opening.open(Sealer(KEYS, title=b"ANOTHER0", counter=0).seal(PLAIN)) == PLAIN
    opening.peer_title = TITLE
    assert opening.peer_counter == COUNTER


def test_counters_are_kept_from_session_to_session() -> None:
    sending = sender(5)
    sending.seal(PLAIN)
    assert sending.counter == 6
    sending.counter = 40
    assert sending.seal(PLAIN)[1:5] == (40).to_bytes(4, "big")

    opening = recipient()
    opening.peer_counter = 40
    with pytest.raises(ReplayError):
        opening.open(sender(40).seal(PLAIN))


def test_a_counter_is_never_used_twice_with_another_key() -> None:
    counter = InvocationCounter(7)
    first, second = (Sealer(KEYS, title=TITLE, counter=counter) for _ in range(2))
    dedicated = first.with_key(bytes(16))

    used = [one.seal(PLAIN)[1:5] for one in (first, second, dedicated, first)]

    assert used == [number.to_bytes(4, "big") for number in (7, 8, 9, 10)]


def test_a_dedicated_key_opens_what_it_sealed() -> None:
    theirs, ours = recipient().with_key(bytes(16)), sender().with_key(bytes(16))

    assert theirs.open(ours.seal(PLAIN)) == PLAIN
    with pytest.raises(SecurityError):
        recipient().open(ours.seal(PLAIN))


def test_counters_that_are_used_up_end_the_key() -> None:
    sending = sender(0xFFFFFFFF)
    sending.seal(PLAIN)

    with pytest.raises(LocalProtocolError, match="used up"):
        sending.seal(PLAIN)


@pytest.mark.parametrize(
    ("sealed", "words"),
    [
        ("30012345", "without a security header"),
        ("B001234567" + "00" * 20, "compression is not supported"),
        ("7001234567" + "00" * 20, "the broadcast key is not for an association"),
        ("3101234567" + "00" * 20, "suite 1, and 0 is wanted"),
        ("1001234567" + "00" * 20, "and 30h is wanted at least"),
        ("2001234567" + "00" * 20, "and 30h is wanted at least"),
        ("3001234567" + "00" * 11, "without a tag"),
    ],
)
def test_what_is_not_sealed_as_it_should_be_is_refused_by_name(sealed: str, words: str) -> None:
    with pytest.raises(SecurityError, match=words):
        recipient().open(bytes.fromhex(sealed))


def test_a_message_of_nobody_is_refused() -> None:
    with pytest.raises(SecurityError, match="an unknown system title"):
        Sealer(KEYS, title=PEER, counter=1).open(sender().seal(PLAIN))


@pytest.mark.parametrize(("suite", "size"), [(Suite.P256_AES_GCM_128, 16), (Suite.P384_AES_GCM_256, 32)])
def test_the_newer_suites_seal_alike_with_their_own_mark(suite: Suite, size: int) -> None:
    keys = Keys(bytes(size), bytes(range(size)), suite)
    sealed = sender(keys=keys).seal(PLAIN)

    assert sealed[0] == 0x30 | suite
    assert recipient(keys).open(sealed) == PLAIN
    assert recipient(keys).proves(sender(keys=keys).answer_challenge(b"K56iVagY"), b"K56iVagY")
    with pytest.raises(SecurityError, match="and 0 is wanted"):
        recipient().open(sealed)


@pytest.mark.parametrize("suite", [Suite.KUZNYECHIK, Suite.VKO_KUZNYECHIK])
def test_russian_suites_are_refused_by_name(suite: Suite) -> None:
    with pytest.raises(SuiteNotSupportedError, match="KUZNYECHIK is not built"):
        Keys(ENCRYPTION, AUTHENTICATION, suite)


@pytest.mark.parametrize(("encryption", "authentication"), [(bytes(15), bytes(16)), (bytes(16), bytes(32))])
def test_a_key_of_another_length_is_none(encryption: bytes, authentication: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="has 16 bytes"):
        Keys(encryption, authentication)


def test_a_title_of_another_length_is_none() -> None:
    with pytest.raises(LocalProtocolError, match="has 8 bytes: got 3"):
        Sealer(KEYS, title=b"MMM", counter=1)


def test_keys_never_show() -> None:
    with pytest.raises(SecurityError) as caught:
        recipient().open(bytes.fromhex(SEALED[Protection.BOTH])[:-1] + b"\x00")

    for shown in (repr(KEYS), repr(sender()), str(caught.value), repr(caught.value)):
        assert ENCRYPTION.hex(" ") not in shown
        assert AUTHENTICATION.hex(" ") not in shown
        assert repr(ENCRYPTION)[2:-1] not in shown
