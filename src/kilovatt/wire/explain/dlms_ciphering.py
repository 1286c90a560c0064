"""Ciphered messages of DLMS opened with their keys, to be explained: in any order, and without being believed."""

from dataclasses import dataclass, field, replace

from kilovatt.wire.protocols.dlms.apdu.ciphered import (
    GeneralCiphered,
    GeneralSealed,
    ServiceSealed,
    decode_sealed,
)
from kilovatt.wire.protocols.dlms.security.sealing import (
    HEADER_BYTES,
    TAG_BYTES,
    TITLE_BYTES,
    Keys,
    Protection,
    Sealer,
    SecurityError,
    Suite,
)
from kilovatt.wire.protocols.dlms.values import MalformedError
from kilovatt.wire.protocols.framing.connection import LocalProtocolError

_SUITE = 0x0F


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningKeys:
    """What opens messages. Without the authentication key they are deciphered, and nobody knows by whom they are.

    `titles` are system titles to try for messages that do not name theirs (TITLE_BYTES each).
    """

    encryption: bytes = field(repr=False)
    authentication: bytes | None = field(default=None, repr=False)
    titles: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """A message in the clear, or (None) why it is not: a code. `is_proved`: its tag was right."""

    text: bytes | None
    problem: str | None = None
    is_proved: bool = False


def opened(message: bytes, keys: OpeningKeys, title: bytes | None) -> Opened:
    """Open a message. `title` is that of its sender as far as the session has told it."""
    try:
        made = decode_sealed(message)
    except MalformedError:
        return Opened(None, "malformed")
    match made:
        case ServiceSealed(is_dedicated=True) | GeneralSealed(is_dedicated=True):
            return Opened(None, "dedicated_key")
        case ServiceSealed():
            return _by_any(made.sealed, keys, _titles(keys, title), service=made.service)
        case GeneralSealed():
            return _by_any(made.sealed, keys, _titles(keys, made.title or title))
        case GeneralCiphered():
            return _by_any(made.sealed, keys, _titles(keys, made.route.originator), context=made.route.encode())
        case _:
            return Opened(None, "signed")


def _titles(keys: OpeningKeys, title: bytes | None) -> tuple[bytes, ...]:
    told = () if title is None else (title,)
    return told if told and len(told[0]) == TITLE_BYTES else keys.titles


def _by_any(
    sealed: bytes, keys: OpeningKeys, titles: tuple[bytes, ...], *, context: bytes = b"", service: int | None = None
) -> Opened:
    if len(sealed) < HEADER_BYTES:
        return Opened(None, "malformed")
    if not titles:
        return Opened(None, "no_title")
    tried = [_by(sealed, keys, title, context) for title in titles]
    return next(
        (one for one in tried if _makes_sense(one, service)),
        replace(tried[0], text=None, problem=tried[0].problem or "wrong_key"),
    )


def _makes_sense(one: Opened, service: int | None) -> bool:
    """Whether a text may be right. Where no tag proves it, anything can come of a wrong key."""
    return one.text is not None and (one.is_proved or service is None or one.text[:1] == bytes((service,)))


def _by(sealed: bytes, keys: OpeningKeys, title: bytes, context: bytes) -> Opened:
    try:
        suite = Suite(sealed[0] & _SUITE)
        made = Keys(keys.encryption, keys.authentication or bytes(len(keys.encryption)), suite)
    except (ValueError, LocalProtocolError):
        return Opened(None, "suite")
    sealer = Sealer(made, title=title, counter=0)
    sealer.peer_title = title
    if keys.authentication is None and sealed[0] & Protection.AUTHENTICATED:
        # Deciphered all the same: counter mode needs no tag.
        sealed = bytes((sealed[0] & ~Protection.AUTHENTICATED & 0xFF,)) + sealed[1:-TAG_BYTES]
    try:
        text = sealer.open(sealed, Protection.NONE, context=context)
    except SecurityError:
        return Opened(None, "wrong_key")
    return Opened(text, is_proved=bool(sealed[0] & Protection.AUTHENTICATED))
