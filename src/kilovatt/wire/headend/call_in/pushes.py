"""What meters that call us push, and who they are by what they push."""

from collections.abc import Iterator
from dataclasses import dataclass

from kilovatt.wire.drivers.spodes.pushed import DEVICE_NAME
from kilovatt.wire.protocols.dlms.apdu.general_block import FIRST_BLOCK, GENERAL_BLOCK
from kilovatt.wire.protocols.dlms.apdu.notifications import DataNotification, EventNotification
from kilovatt.wire.protocols.dlms.association.pushes import PushReader, title_of
from kilovatt.wire.protocols.dlms.values import Array, DlmsValue, MalformedError, OctetString, Structure
from kilovatt.wire.protocols.framing.call_in import WrappedMessage
from kilovatt.wire.protocols.framing.connection import RemoteProtocolError
from kilovatt.wire.protocols.framing.hdlc.frames import FLAG, FrameReader, Kind, sap_of
from kilovatt.wire.protocols.framing.hdlc.link import RESPONSE_LLC
from kilovatt.wire.protocols.framing.wrapper import wrapped

PUSH_BYTES_MAX = 65_536
"""What a caller may have us keep of one push; so much is also the longest message in a wrapper."""
_MINUTE_S = 60.0
_HELD_BYTES_MAX = 16_384
"""More than comes at a time, and than a frame of HDLC can be."""


@dataclass(frozen=True, slots=True)
class HeardPush:
    """A push that is whole. `said` is None for what is sealed or not understood; then `fault` says why."""

    message: bytes
    frame: bytes
    said: DataNotification | EventNotification | None
    fault: str
    title: bytes | None

    @property
    def name(self) -> str:
        """Who it is of: the name of a logical device in it, or the system title that it bears; nothing without."""
        if self.said is not None:
            return device_name_in(self.said)
        return "" if self.title is None else self.title.hex().upper()


@dataclass(frozen=True, slots=True)
class Unasked:
    """A message that nobody asked for, in the frame in which it came."""

    message: WrappedMessage
    frame: bytes


class PushesOfACaller:
    """Reads the messages of one caller."""

    def __init__(self) -> None:
        self._reader = PushReader()
        self._block_bytes = 0
        self._minute_began_s = 0.0
        self._in_minute = 0

    def are_too_many(self, now_s: float, at_most: int) -> bool:
        """Count a message; whether there are more of them than so many a minute."""
        if now_s - self._minute_began_s >= _MINUTE_S:
            self._minute_began_s, self._in_minute = now_s, 0
        self._in_minute += 1
        return self._in_minute > at_most

    def hear(self, unasked: Unasked) -> HeardPush | None:
        """Return what was pushed; nothing while more blocks must come."""
        reader, came = self._reader, unasked.message
        if self._is_too_long(came.message):
            self._reader, self._block_bytes = PushReader(), 0
            fault = f"a push of more than {PUSH_BYTES_MAX} bytes in all its blocks"
            return HeardPush(came.message, unasked.frame, None, fault, None)
        said, fault, title = None, "", None
        try:
            said = reader.hear(came.message)
        except RemoteProtocolError as error:
            fault = str(error).partition("; got ")[0]
            title = _title(reader.message)
        if said is None and not fault:
            return None
        is_whole = reader.message == came.message
        frame = (
            unasked.frame
            if is_whole
            else wrapped(reader.message[:0xFFFF], source=came.source, destination=came.destination)
        )
        return HeardPush(reader.message, frame, said, fault, title)

    def _is_too_long(self, message: bytes) -> bool:
        if message[:1] != bytes((GENERAL_BLOCK,)):
            return False
        self._block_bytes = len(message) + (0 if message[2:6] == FIRST_BLOCK else self._block_bytes)
        return self._block_bytes > PUSH_BYTES_MAX


class UnaskedFrames:
    """Finds unnumbered frames of HDLC in what comes over a line: meters push in them. All else is left."""

    def __init__(self) -> None:
        self._reader = FrameReader()
        self._saw_flag = False

    def hear(self, data: bytes) -> Iterator[Unasked]:
        """Yield the messages among bytes of a line, be it asked anything or not."""
        self._saw_flag = self._saw_flag or FLAG in data
        if not self._saw_flag:
            # Most languages never have one.
            return
        self._reader.feed(data)
        # Each step takes a byte away at least.
        for _ in range(_HELD_BYTES_MAX):
            try:
                frame = self._reader.next_frame()
            except RemoteProtocolError:
                # Another language, or half a late answer.
                continue
            if frame is None:
                return
            if frame.kind is Kind.UI and frame.information.startswith(RESPONSE_LLC):
                message = frame.information[len(RESPONSE_LLC) :]
                ends = WrappedMessage(sap_of(frame.source), sap_of(frame.destination), message)
                yield Unasked(ends, frame.encode())
        self._reader.clear()


def device_name_in(said: DataNotification | EventNotification) -> str:
    """Return the first name of a logical device in a push; nothing where there is none."""
    body = said.body if isinstance(said, DataNotification) else said.value
    return next(_names_in(body), "")


def _names_in(value: DlmsValue) -> Iterator[str]:
    if isinstance(value, Array | Structure):
        for one in value:
            yield from _names_in(one)
    elif isinstance(value, OctetString):
        found = DEVICE_NAME.fullmatch(bytes(value))
        if found:
            yield found[1].decode("ascii")


def _title(message: bytes) -> bytes | None:
    try:
        return title_of(message)
    except MalformedError:
        return None
