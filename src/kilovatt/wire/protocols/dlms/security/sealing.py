"""Messages sealed with AES-GCM: tags of twelve bytes, counters that only grow; the same in suites 0, 1 and 2.

Security header: control byte, invocation counter of four bytes. The initialisation vector is the sender's system
title and the counter; what is authenticated besides is the control byte and the authentication key, and the text
itself where it is not ciphered (IEC 62056-5-3, 5.3.7).
"""

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from hmac import compare_digest

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kilovatt.wire.protocols.framing.connection import LineFault, LocalProtocolError, RemoteProtocolError


class Suite(IntEnum):
    """Security suites. Those of Russian cryptography (Kuznyechik) are named to be refused by name."""

    AES_GCM_128 = 0
    P256_AES_GCM_128 = 1
    P384_AES_GCM_256 = 2
    KUZNYECHIK = 3
    VKO_KUZNYECHIK = 4


class Protection(IntFlag):
    """How a message is sealed: the bits of the security control byte."""

    NONE = 0
    AUTHENTICATED = 0x10
    ENCRYPTED = 0x20
    BOTH = 0x30


AUTHENTICATED, ENCRYPTED = Protection.AUTHENTICATED, Protection.ENCRYPTED
# Plain integers: each operation of a flag costs as much as deciphering a kilobyte.
_AUTHENTICATED, _ENCRYPTED = AUTHENTICATED.value, ENCRYPTED.value
_BOTH = _AUTHENTICATED | _ENCRYPTED
_KEY_SET, _COMPRESSED, _SUITE = 0x40, 0x80, 0x0F
TAG_BYTES, TITLE_BYTES, COUNTER_BYTES = 12, 8, 4
HEADER_BYTES = 1 + COUNTER_BYTES
SEAL_BYTES = HEADER_BYTES + TAG_BYTES
"""By how much a message grows."""
COUNTER_MAX = (1 << 32) - 1
_KEY_BYTES = {Suite.AES_GCM_128: 16, Suite.P256_AES_GCM_128: 16, Suite.P384_AES_GCM_256: 32}


class SecurityError(RemoteProtocolError):
    """A message that is not what its sender wrote, or was written before, or not as it should be protected."""

    def __init__(self, message: str, data: bytes) -> None:
        super().__init__(LineFault.NOISE, message, data)


class ReplayError(SecurityError):
    """A message whose invocation counter was used before. `wanted` is the lowest that is new."""

    def __init__(self, message: str, data: bytes, *, wanted: int) -> None:
        super().__init__(message, data)
        self.wanted = wanted


class SuiteNotSupportedError(LocalProtocolError):
    """A security suite that is not built: those of Russian cryptography."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one meter: for ciphering, and for authentication. They never show."""

    encryption: bytes = field(repr=False)
    authentication: bytes = field(repr=False)
    suite: Suite = Suite.AES_GCM_128

    def __post_init__(self) -> None:
        size = _KEY_BYTES.get(self.suite)
        if size is None:
            raise SuiteNotSupportedError(f"security suite {self.suite.name} is not built")
        if len(self.encryption) != size or len(self.authentication) != size:
            raise LocalProtocolError(f"a key of security suite {self.suite.value} has {size} bytes")


@dataclass(slots=True)
class InvocationCounter:
    """The next counter that one end uses: shared by all that seals under its title."""

    next: int


class Sealer:
    """Seals what one end sends and opens what the other end sends, with one pair of keys.

    `counter` is the next one we use: whoever keeps sessions keeps it, since a counter used twice gives the key away.
    """

    def __init__(self, keys: Keys, *, title: bytes, counter: int | InvocationCounter) -> None:
        if len(title) != TITLE_BYTES:
            raise LocalProtocolError(f"a system title has {TITLE_BYTES} bytes: got {len(title)}")
        self.title = title
        self.suite = keys.suite
        self.peer_title: bytes | None = None
        self._heard: dict[bytes, int] = {}
        """The highest counter of each title that has proved to have the key."""
        self._ours = InvocationCounter(counter) if isinstance(counter, int) else counter
        self._authentication = keys.authentication
        self._full_control = _BOTH | keys.suite.value
        """The control byte of what is both authenticated and ciphered: no more can be wanted."""
        self._gcm = AESGCM(keys.encryption)

    @property
    def counter(self) -> int:
        """The next counter that we use."""
        return self._ours.next

    @counter.setter
    def counter(self, following: int) -> None:
        self._ours.next = following

    @property
    def peer_counter(self) -> int:
        """The highest counter that the other end has used; -1 if none."""
        return self._heard.get(self.peer_title or b"", -1)

    @peer_counter.setter
    def peer_counter(self, latest: int) -> None:
        self._heard[self.peer_title or b""] = latest

    def with_key(self, encryption: bytes) -> "Sealer":
        """Return a sealer for another key (a dedicated or an agreed one) between the same two ends.

        Our counter is shared, so that no pair of key and counter comes twice even where a key does.
        """
        keys = Keys(encryption, self._authentication, self.suite)
        made = Sealer(keys, title=self.title, counter=self._ours)
        made.peer_title = self.peer_title
        return made

    def seal(self, text: bytes, control: int = Protection.BOTH, *, context: bytes = b"") -> bytes:
        """Return header, text (ciphered or not) and tag. `context` is authenticated besides (general ciphering).

        Raises LocalProtocolError when counters are used up.
        """
        header = self._header(control)
        return header + self._sealed(text, self.title + header[1:], header[:1], context)

    def open(self, sealed: bytes, wanted: int = Protection.BOTH, *, context: bytes = b"") -> bytes:
        """Return the text of what the other end sealed. Raises SecurityError.

        `wanted` is the protection that must be there at least.
        """
        if len(sealed) < HEADER_BYTES:
            raise SecurityError("a ciphered message without a security header", sealed)
        control, counter = sealed[0], int.from_bytes(sealed[1:HEADER_BYTES], "big")
        if control != self._full_control:
            self._check_control(control, wanted, sealed)
        title = self.peer_title
        if title is None:
            raise SecurityError("a ciphered message of an unknown system title", sealed)
        latest = self.peer_counter
        if counter <= latest:
            words = f"invocation counter {counter}, and more than {latest} is wanted: a replay"
            raise ReplayError(words, sealed, wanted=latest + 1)
        text = self._opened(sealed, title + sealed[1:HEADER_BYTES], context)
        # Only after the tag was right: a forged counter must not lock the true sender out.
        self._heard[title] = counter
        return text

    def answer_challenge(self, challenge: bytes) -> bytes:
        """Return our answer to a challenge (HLS with GMAC): control byte, counter, tag."""
        header = self._header(Protection.AUTHENTICATED)
        return header + self._gmac(challenge, title=self.title, header=header)

    def proves(self, answer: bytes, challenge: bytes) -> bool:
        """Whether the other end's answer to our challenge is right.

        It is new because the challenge was: the counter within may be lower than that of the message around it.
        """
        if len(answer) != SEAL_BYTES or answer[0] != AUTHENTICATED | self.suite or self.peer_title is None:
            return False
        header = answer[:HEADER_BYTES]
        if not compare_digest(answer[HEADER_BYTES:], self._gmac(challenge, title=self.peer_title, header=header)):
            return False
        self.peer_counter = max(self.peer_counter, int.from_bytes(header[1:], "big"))
        return True

    def _header(self, control: int) -> bytes:
        if self.counter > COUNTER_MAX:
            raise LocalProtocolError("the invocation counter is used up: the key must be changed")
        header = bytes((control | self.suite,)) + self.counter.to_bytes(COUNTER_BYTES, "big")
        self.counter += 1
        return header

    def _check_control(self, control: int, wanted: int, sealed: bytes) -> None:
        if control & ~_BOTH == self.suite and not int(wanted) & ~control:
            return
        said = f"security control {control:02X}h"
        if control & _COMPRESSED:
            raise SecurityError(f"{said}: compression is not supported", sealed)
        if control & _KEY_SET:
            raise SecurityError(f"{said}: the broadcast key is not for an association", sealed)
        if control & _SUITE != self.suite:
            raise SecurityError(f"{said}: suite {control & _SUITE}, and {self.suite.value} is wanted", sealed)
        raise SecurityError(f"{said}, and {wanted:02X}h is wanted at least", sealed)

    def _gmac(self, challenge: bytes, *, title: bytes, header: bytes) -> bytes:
        bound = header[:1] + self._authentication + challenge
        return self._gcm.encrypt(title + header[1:], b"", bound)[:TAG_BYTES]

    def _sealed(self, text: bytes, vector: bytes, control_byte: bytes, context: bytes) -> bytes:
        control, bound = control_byte[0], control_byte + self._authentication + context
        if not control & _ENCRYPTED:
            tag = self._gcm.encrypt(vector, b"", bound + text)[:TAG_BYTES] if control & _AUTHENTICATED else b""
            return text + tag
        if not control & _AUTHENTICATED:
            return self._counter_mode(text, vector)
        # The library's tag has sixteen bytes, DLMS takes the first twelve.
        return self._gcm.encrypt(vector, text, bound)[: len(text) + TAG_BYTES]

    def _opened(self, sealed: bytes, vector: bytes, context: bytes) -> bytes:
        control, body = sealed[0], sealed[HEADER_BYTES:]
        if not control & _AUTHENTICATED:
            return self._counter_mode(body, vector) if control & _ENCRYPTED else body
        if len(body) < TAG_BYTES:
            raise SecurityError("a ciphered message without a tag", sealed)
        content = body[:-TAG_BYTES]
        # What ciphers deciphers: the text is added to a stream that key and vector make. Sealed again it has the right
        # tag. Twice with the key's own object is several times as fast as an object for this message, which the
        # library wants for tags of less than sixteen bytes.
        text = self._counter_mode(content, vector) if control & _ENCRYPTED else content
        if not compare_digest(self._sealed(text, vector, sealed[:1], context)[-TAG_BYTES:], body[-TAG_BYTES:]):
            raise SecurityError("the tag of a ciphered message is wrong", sealed)
        return text

    def _counter_mode(self, text: bytes, vector: bytes) -> bytes:
        # GCM without its tag is counter mode from the second block on, the same either way.
        return self._gcm.encrypt(vector, text, None)[: len(text)]
