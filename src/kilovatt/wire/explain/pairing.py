"""Which frame answers which: in turn, but where it shows in a frame whether it is an answer."""

from collections.abc import Callable, Mapping, Sequence

from kilovatt.wire.protocols.framing.hdlc.frames import FLAG, Kind
from kilovatt.wire.protocols.framing.sign_on import ACK
from kilovatt.wire.protocols.framing.wrapper import VERSION

_WRAPPER_BYTES = 8
_REQUEST_LLC, _ANSWER_LLC = b"\xe6\xe6\x00", b"\xe6\xe7\x00"
_LLC_PLACES = range(6, 13)
"""Where it stands in a frame of HDLC, by the lengths of the addresses."""
_ADDRESSES_AT, _FINAL = 3, 0x10
_ANSWER_TAGS = frozenset(
    {0x08, 0x0C, 0x0D, 0x0E, 0x0F, 0x61, 0x63, 0xC2, 0xC4, 0xC5, 0xC7, 0xD8, 0xDA}
    | {0x28, 0x2C, 0x2D, 0x2E, 0xCA, 0xCC, 0xCD, 0xCF, 0x4C, 0x4D, 0xD2, 0xD4, 0xD5, 0xD7}
)
_STX = b"\x02"


def paired(protocol: str, frames: Sequence[bytes]) -> list[tuple[bytes, bytes | None]]:
    """Return requests with their answers (None: silence). An answer to nothing stands as a request would."""
    shows_answer = _SHOWS_ANSWER.get(protocol)
    pairs: list[tuple[bytes, bytes | None]] = []
    waiting: bytes | None = None
    for frame in frames:
        if waiting is not None and (shows_answer is None or not frame or shows_answer(frame) is not False):
            pairs.append((waiting, frame or None))
            waiting = None
            continue
        if waiting is not None:
            pairs.append((waiting, None))
        waiting = frame
        if shows_answer is not None and shows_answer(frame):
            pairs.append((frame, None))
            waiting = None
    return pairs if waiting is None else [*pairs, (waiting, None)]


def is_sign_on(frame: bytes) -> bool:
    """Whether a frame signs on to a meter as IEC 62056-21 does: a call, or the choice of a mode."""
    seven = bytes(byte & 0x7F for byte in frame[:6])
    return seven[:2] == b"/?" or (seven[:1] == ACK and seven[4:] == b"\r\n")


def is_dlms_answer(frame: bytes) -> bool | None:
    """Whether a frame of DLMS is of a meter; None where it does not show."""
    if frame[:1] == bytes((FLAG,)):
        return _is_hdlc_answer(frame)
    is_wrapped = len(frame) > _WRAPPER_BYTES and int.from_bytes(frame[:2], "big") == VERSION
    tag = frame[_WRAPPER_BYTES if is_wrapped else 0 :][:1]
    # General ciphering hides what it brings.
    return None if not tag or tag[0] >= 0xDB else tag[0] in _ANSWER_TAGS


def _is_hdlc_answer(frame: bytes) -> bool | None:
    marks = {frame[place : place + len(_ANSWER_LLC)] for place in _LLC_PLACES}
    if marks & {_ANSWER_LLC, _REQUEST_LLC}:
        return _ANSWER_LLC in marks
    at = _ADDRESSES_AT
    for _ in ("destination", "source"):
        at = next((place + 1 for place in range(at, len(frame)) if frame[place] & 1), len(frame))
    control = frame[at] & ~_FINAL if at < len(frame) else None
    # What comes unnumbered (UI) is a push.
    return True if control in (Kind.UA, Kind.DM, Kind.UI) else False if control in (Kind.SNRM, Kind.DISC) else None


def _is_iec_answer(frame: bytes) -> bool | None:
    seven = bytes(byte & 0x7F for byte in frame[:2])
    return seven[:1] == _STX or (seven[:1] == b"/" and seven != b"/?") or None


_SHOWS_ANSWER: Mapping[str, Callable[[bytes], bool | None]] = {"dlms": is_dlms_answer, "iec62056-21": _is_iec_answer}
