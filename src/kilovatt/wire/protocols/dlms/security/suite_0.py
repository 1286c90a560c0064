"""Security suite 0: AES-GCM with 128 bits, tags of twelve bytes, counters that only grow.

Security header: control byte, invocation counter of four bytes. The initialisation vector is the sender's system
title and the counter; what is authenticated besides is the control byte and the authentication key, and the text
itself where it is not ciphered (IEC 62056-5-3, 5.3.7).
"""

from dataclasses import dataclass, field
from hmac import compare_digest

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kilovatt.wire.protocols.framing.connection import LineFault, LocalProtocolError, RemoteProtocolError

AUTHENTICATED, ENCRYPTED = 0x10, 0x20
_KEY_SET, _COMPRESSED, _SUITE = 0x40, 0x80, 0x0F
TAG_BYTES, TITLE_BYTES, COUNTER_BYTES, KEY_BYTES = 12, 8, 4, 16
HEADER_BYTES = 1 + COUNTER_BYTES
COUNTER_MAX = (1 << 32) - 1


class SecurityError(RemoteProtocolError):
    """A message that is not what its sender wrote, or was written before, or not as it should be protected."""

    def __init__(self, message: str, data: bytes) -> None:
        super().__init__(LineFault.NOISE, message, data)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one meter: for ciphering, and for authentication. They never show."""

    encryption: bytes = field(repr=False)
    authentication: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.encryption) != KEY_BYTES or len(self.authentication) != KEY_BYTES:
            raise LocalProtocolError(f"a key of security suite 0 has {KEY_BYTES} bytes")


class Sealer:
    """Seals what one end sends and opens what the other end sends, with one pair of keys.

    `counter` is the next one we use: whoever keeps sessions keeps it, since a counter used twice gives the key away.
    """

    def __init__(self, keys: Keys, *, title: bytes, counter: int) -> None:
        if len(title) != TITLE_BYTES:
            raise LocalProtocolError(f"a system title has {TITLE_BYTES} bytes: got {len(title)}")
        self.title = title
        self.counter = counter
        self.peer_title: bytes | None = None
        self.peer_counter = -1
        """The highest counter the other end has used."""
        self._authentication = keys.authentication
        self._cipher = algorithms.AES(keys.encryption)
        self._gcm = AESGCM(keys.encryption)

    def seal(self, text: bytes, control: int = AUTHENTICATED | ENCRYPTED) -> bytes:
        """Return header, text (ciphered or not) and tag. Raises LocalProtocolError when counters are used up."""
        if self.counter > COUNTER_MAX:
            raise LocalProtocolError("the invocation counter is used up: the key must be changed")
        counter = self.counter.to_bytes(COUNTER_BYTES, "big")
        self.counter += 1
        header = bytes((control,)) + counter
        return header + self._sealed(text, control, self.title + counter)

    def open(self, sealed: bytes, wanted: int = AUTHENTICATED | ENCRYPTED) -> bytes:
        """Return the text of what the other end sealed. Raises SecurityError.

        `wanted` is the protection that must be there at least.
        """
        if len(sealed) < HEADER_BYTES:
            raise SecurityError("a ciphered message without a security header", sealed)
        control, counter = sealed[0], int.from_bytes(sealed[1:HEADER_BYTES], "big")
        if control & (_SUITE | _COMPRESSED | _KEY_SET):
            words = f"security control {control:02X}h: another suite, the broadcast key or compression"
            raise SecurityError(words, sealed)
        if control & wanted != wanted:
            raise SecurityError(f"security control {control:02X}h, and {wanted:02X}h is wanted at least", sealed)
        if self.peer_title is None:
            raise SecurityError("a ciphered message of an unknown system title", sealed)
        if counter <= self.peer_counter:
            words = f"invocation counter {counter}, and more than {self.peer_counter} is wanted: a replay"
            raise SecurityError(words, sealed)
        text = self._opened(sealed, control)
        # Only after the tag was right: a forged counter must not lock the true sender out.
        self.peer_counter = counter
        return text

    def gmac(self, challenge: bytes, *, title: bytes, control_and_counter: bytes) -> bytes:
        """Return the tag over a challenge (HLS with GMAC)."""
        bound = control_and_counter[:1] + self._authentication + challenge
        return self._gcm.encrypt(title + control_and_counter[1:], b"", bound)[:TAG_BYTES]

    def answer_challenge(self, challenge: bytes) -> bytes:
        """Return our answer to a challenge: control byte, counter, tag."""
        head = bytes((AUTHENTICATED,)) + self.counter.to_bytes(COUNTER_BYTES, "big")
        self.counter += 1
        return head + self.gmac(challenge, title=self.title, control_and_counter=head)

    def proves(self, answer: bytes, challenge: bytes) -> bool:
        """Whether the other end's answer to our challenge is right.

        It is new because the challenge was: the counter within may be lower than that of the message around it.
        """
        if len(answer) != HEADER_BYTES + TAG_BYTES or answer[0] != AUTHENTICATED or self.peer_title is None:
            return False
        head, counter = answer[:HEADER_BYTES], int.from_bytes(answer[1:HEADER_BYTES], "big")
        tag = self.gmac(challenge, title=self.peer_title, control_and_counter=head)
        if not compare_digest(answer[HEADER_BYTES:], tag):
            return False
        self.peer_counter = max(self.peer_counter, counter)
        return True

    def _sealed(self, text: bytes, control: int, vector: bytes) -> bytes:
        if not control & ENCRYPTED:
            bound = bytes((control,)) + self._authentication + text
            tag = self._gcm.encrypt(vector, b"", bound)[:TAG_BYTES] if control & AUTHENTICATED else b""
            return text + tag
        if not control & AUTHENTICATED:
            return self._counter_mode(text, vector)
        sealed = self._gcm.encrypt(vector, text, bytes((control,)) + self._authentication)
        # The library's tag has sixteen bytes, DLMS takes the first twelve.
        return sealed[: len(text) + TAG_BYTES]

    def _opened(self, sealed: bytes, control: int) -> bytes:
        assert self.peer_title is not None
        vector, body = self.peer_title + sealed[1:HEADER_BYTES], sealed[HEADER_BYTES:]
        if not control & AUTHENTICATED:
            return self._counter_mode(body, vector) if control & ENCRYPTED else body
        if len(body) < TAG_BYTES:
            raise SecurityError("a ciphered message without a tag", sealed)
        content, tag = body[:-TAG_BYTES], body[-TAG_BYTES:]
        gcm = Cipher(self._cipher, modes.GCM(vector, tag, min_tag_length=TAG_BYTES)).decryptor()
        gcm.authenticate_additional_data(bytes((control,)) + self._authentication)
        try:
            if control & ENCRYPTED:
                return gcm.update(content) + gcm.finalize()
            gcm.authenticate_additional_data(content)
            gcm.finalize()
        except InvalidTag as error:
            raise SecurityError("the tag of a ciphered message is wrong", sealed) from error
        return content

    def _counter_mode(self, text: bytes, vector: bytes) -> bytes:
        # GCM without its tag is counter mode from the second block on.
        cipher = Cipher(self._cipher, modes.CTR(vector + b"\x00\x00\x00\x02")).encryptor()
        return cipher.update(text) + cipher.finalize()
