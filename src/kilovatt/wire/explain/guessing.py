"""Which language frames are in, where nobody says: the one that makes the most sense of them."""

from collections.abc import Sequence

from kilovatt.wire.explain import PROTOCOLS, ExplainedFrame, explain

_NO_SENSE = frozenset({"noise", "unknown_request", "unknown_command", "other_message", "acknowledgement"})
_PROVED, _FOLLOWED = 3, 1
"""What a frame counts whose checksum is right, and one that has none and makes sense."""
_HALF = 1
"""What a frame counts whose checksum is right, and that says what is not known."""


def guess_protocols(frames: Sequence[bytes]) -> tuple[str, ...]:
    """Return the languages that make the most sense of frames, all that make the same; none where none makes any."""
    scores = {protocol: _score(protocol, frames) for protocol in PROTOCOLS}
    best = max(scores.values())
    return tuple(protocol for protocol, score in scores.items() if score == best) if best else ()


def _score(protocol: str, frames: Sequence[bytes]) -> int:
    exchanges = explain(protocol, frames)
    shown = [frame for one in exchanges for frame in (one.request, one.answer) if frame is not None]
    return sum(map(_sense, shown))


def _sense(frame: ExplainedFrame) -> int:
    if frame.crc_is_right is False or not frame.data:
        return 0
    if frame.crc_is_right and (frame.problem is not None or frame.code in _NO_SENSE):
        return _HALF
    if frame.problem is not None or frame.code in _NO_SENSE:
        return 0
    return _PROVED if frame.crc_is_right else _FOLLOWED
