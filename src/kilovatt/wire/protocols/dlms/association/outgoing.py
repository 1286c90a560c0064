"""What a client writes: bytes, and where the secrets in them stand."""

from functools import lru_cache

from kilovatt.wire.protocols.framing.connection import Outgoing, SendMore

_KEPT_BYTES_MAX = 64
"""A question of an attribute takes 21 bytes in the wrapper, an acknowledgement nine."""


def nothing_secret(wire: bytes) -> SendMore:
    """Return what to write. Acknowledgements are the same few all day, and so is what meters are asked in the clear."""
    return _known(wire) if len(wire) <= _KEPT_BYTES_MAX else SendMore(Outgoing(wire))


@lru_cache(maxsize=4096)
def _known(wire: bytes) -> SendMore:
    return SendMore(Outgoing(wire))


def occurrences(secret: bytes, wire: bytes) -> list[tuple[int, int]]:
    """Return where a secret stands in what is written."""
    spans: list[tuple[int, int]] = []
    at = wire.find(secret)
    while at >= 0:
        spans.append((at, at + len(secret)))
        at = wire.find(secret, at + len(secret))
    return spans


def joined(several: list[Outgoing]) -> Outgoing:
    """Return what is written at once, its secrets where they then stand."""
    data, spans = b"", []
    for one in several:
        spans += [(start + len(data), end + len(data)) for start, end in one.secret_spans]
        data += one.data
    return Outgoing(data, tuple(spans), speed=several[0].speed)
