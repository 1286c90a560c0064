"""What meters that call us push, and who they are by what they push."""

from collections.abc import Iterator
from dataclasses import dataclass

from kilovatt.wire.drivers.spodes.pushed import DEVICE_NAME
from kilovatt.wire.protocols.dlms.apdu.notifications import DataNotification, EventNotification
from kilovatt.wire.protocols.dlms.association.pushes import PushReader, title_of
from kilovatt.wire.protocols.dlms.values import Array, DlmsValue, MalformedError, OctetString, Structure
from kilovatt.wire.protocols.framing.call_in import WrappedMessage
from kilovatt.wire.protocols.framing.connection import RemoteProtocolError
from kilovatt.wire.protocols.framing.hdlc.frames import FLAG, FrameReader, Kind, sap_of
from kilovatt.wire.protocols.framing.hdlc.link import RESPONSE_LLC
from kilovatt.wire.protocols.framing.wrapper import wrapped

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

    def hear(self, unasked: Unasked) -> HeardPush | None:
        """Return what was pushed; nothing while more blocks must come."""
        reader, came = self._reader, unasked.message
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
