"""What meters send unasked: in the clear, sealed, in blocks."""

import pytest

from kilovatt.wire.protocols.dlms.apdu import get
from kilovatt.wire.protocols.dlms.apdu.ciphered import (
    GeneralSealed,
    Route,
)
from kilovatt.wire.protocols.dlms.apdu.general_block import GeneralBlock
from kilovatt.wire.protocols.dlms.apdu.notifications import DataNotification, EventNotification
from kilovatt.wire.protocols.dlms.association.ciphering import Ciphering
from kilovatt.wire.protocols.dlms.association.pushes import PushReader, pushed
from kilovatt.wire.protocols.dlms.association.requests import GetAttribute
from kilovatt.wire.protocols.dlms.security import Keys, Sealer, SecurityError
from kilovatt.wire.protocols.dlms.security.general import sealed_generally
from kilovatt.wire.protocols.dlms.values import MalformedError, Unsigned
from told_dlms import (
    CLIENT_TITLE,
    KEPT,
    KEYS,
    LONG,
    METER_TITLE,
)

READ = GetAttribute(LONG)
ANSWER = get.GetResponse(0xC1, b"\x11\x05").encode()
PUSH = DataNotification(1, b"", Unsigned(5))


# ── A meter that is a script ────────────────────────────────────────────────────────────────────────────────────────


def meter(counter: int = 100, keys: Keys = KEYS, title: bytes = METER_TITLE) -> Ciphering:
    """What the meter seals with."""
    sealer = Sealer(keys, title=title, counter=counter)
    sealer.peer_title = CLIENT_TITLE
    return Ciphering(sealer)


def client() -> Ciphering:
    """What the client opens with."""
    sealer = Sealer(KEYS, title=CLIENT_TITLE, counter=1)
    sealer.peer_title = METER_TITLE
    return Ciphering(sealer)


# ── Pushes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def unknown_sender() -> Ciphering:
    """What opens pushes of a meter whose title is not known yet."""
    return Ciphering(Sealer(KEYS, title=CLIENT_TITLE, counter=1))


def test_a_push_is_read_in_the_clear() -> None:
    event = EventNotification(None, KEPT, Unsigned(5))

    assert pushed(PUSH.encode()) == PUSH
    assert pushed(event.encode()) == event


def test_a_sealed_push_tells_whose_it_is() -> None:
    hearing = unknown_sender()
    sealing = meter()

    assert pushed(GeneralSealed(METER_TITLE, sealing.sealer.seal(PUSH.encode())).encode(), hearing) == PUSH
    assert hearing.sealer.peer_title == METER_TITLE
    assert pushed(GeneralSealed(METER_TITLE, sealing.sealer.seal(PUSH.encode())).encode(), hearing) == PUSH
    route = Route(b"\x01", METER_TITLE, CLIENT_TITLE)
    assert pushed(sealed_generally(PUSH.encode(), meter().sealer, route).encode(), unknown_sender()) == PUSH


def test_a_push_that_proves_nothing_teaches_nothing() -> None:
    hearing = unknown_sender()
    forged = GeneralSealed(b"ANOTHER0", meter().sealer.seal(PUSH.encode())).encode()

    with pytest.raises(SecurityError, match="the tag"):
        pushed(forged, hearing)
    assert hearing.sealer.peer_title is None
    with pytest.raises(SecurityError, match="in the clear"):
        pushed(PUSH.encode(), hearing)
    with pytest.raises(SecurityError, match="an unknown system title"):
        pushed(meter().seal(ANSWER), hearing)


def test_what_nobody_pushes_is_refused() -> None:
    with pytest.raises(SecurityError, match="no keys to open it"):
        pushed(meter().seal(ANSWER))
    with pytest.raises(MalformedError, match="nothing that is pushed"):
        pushed(ANSWER)
    with pytest.raises(MalformedError, match="a byte is missing"):
        pushed(b"")


@pytest.mark.parametrize("ciphering", [None, unknown_sender()])
def test_a_long_push_comes_in_blocks_that_nobody_acknowledges(ciphering: Ciphering | None) -> None:
    # As an E450 of Landis+Gyr streams its pushes: E0 40, E0 40, E0 C0.
    message = (
        PUSH.encode() if ciphering is None else GeneralSealed(METER_TITLE, meter().sealer.seal(PUSH.encode())).encode()
    )
    reader = PushReader(ciphering)
    parts = [message[:3], message[3:5], message[5:]]
    blocks = [
        GeneralBlock(is_last=part is parts[-1], streaming=True, window=0, number=number, acknowledged=0, part=part)
        for number, part in enumerate(parts, start=1)
    ]

    assert reader.hear(blocks[0].encode()) is None
    came = [reader.hear(block.encode()) for block in blocks]

    assert came == [None, None, PUSH]


def test_a_reader_takes_what_is_not_in_blocks() -> None:
    assert PushReader().hear(PUSH.encode()) == PUSH
    with pytest.raises(MalformedError, match="block 2, and 1 is wanted"):
        PushReader().hear(
            GeneralBlock(is_last=True, streaming=True, window=0, number=2, acknowledged=0, part=b"x").encode()
        )
