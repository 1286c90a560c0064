"""Frames of HDLC: flag, format, two addresses, control, checksum, information, checksum, flag."""

from enum import IntEnum
from typing import NamedTuple

from fastcrc import crc16

from kilovatt.wire.protocols.framing.connection import LineFault, LocalProtocolError, RemoteProtocolError

FLAG = 0x7E
INFO_BYTES_MAX = 2030
"""The longest information field a meter may agree to (ГОСТ Р 58940-2020)."""
_FORMAT, _FORMAT_MASK, _SEGMENTED = 0xA000, 0xF000, 0x0800
_LENGTH_MAX = 0x07FF
_ADDRESS_SIZES = (1, 2, 4)
_HEAD_BYTES = 3
_NOISE_BYTES_MAX = 512
_FINAL = 0x10
_SOUND = 0x0F47
"""What the checksum over anything and its own checksum comes to."""
_SHORTEST_BYTES = 9
"""Two flags, format, two addresses of a byte, control, checksum."""
_CALLING = frozenset({b"\xfd", b"\xfc\xfd"})
"""7Eh in an address part of one byte, 3FFEh in one of two."""
_ONE_FLAG = b"\x7e"


class Kind(IntEnum):
    """Control fields without their P/F bit; I, RR and RNR without their numbers."""

    I = 0x00  # noqa: E741  # the standard's name
    RR = 0x01
    RNR = 0x05
    SNRM = 0x83
    DISC = 0x43
    UA = 0x63
    DM = 0x0F
    FRMR = 0x87
    UI = 0x03


class Frame(NamedTuple):
    """One frame. `send_number` and `receive_number` are N(S) and N(R), 0 where the kind has none.

    A named tuple: a year of half-hours is thousands of frames, and frozen dataclasses are made four times as slowly.
    """

    destination: bytes
    source: bytes
    kind: Kind
    final: bool
    information: bytes = b""
    segmented: bool = False
    send_number: int = 0
    receive_number: int = 0

    def encode(self) -> bytes:
        """Return the frame with its flags. Raises LocalProtocolError for information that is too long."""
        if len(self.information) > INFO_BYTES_MAX:
            raise LocalProtocolError(f"information is at most {INFO_BYTES_MAX} bytes: got {len(self.information)}")
        addresses = self.destination + self.source
        info = self.information
        length = 2 + len(addresses) + 1 + 2 + (len(info) + 2 if info else 0)
        head = (_FORMAT | (_SEGMENTED if self.segmented else 0) | length).to_bytes(2, "big") + addresses
        head += bytes((self._control(),))
        checked = head + _checksum(head)
        if info:
            checked += info
            checked += _checksum(checked)
        return _ONE_FLAG + checked + _ONE_FLAG

    def _control(self) -> int:
        if self.kind is Kind.I:
            return information_control(self.send_number, self.receive_number, final=self.final)
        control = int(self.kind) | (_FINAL if self.final else 0)
        if self.kind in (Kind.RR, Kind.RNR):
            control |= self.receive_number << 5
        return control


def information_control(send_number: int, receive_number: int, *, final: bool = True) -> int:
    """Return the control field of information."""
    return send_number << 1 | receive_number << 5 | (_FINAL if final else 0)


def is_segmented(wire: bytes) -> bool:
    """Whether a frame says that the message goes on in the next."""
    return bool(wire[1] & _SEGMENTED >> 8)


def server_address(logical: int, physical: int | None, size: int) -> bytes:
    """Return the address of a meter in 1, 2 or 4 bytes: upper part logical device, lower part physical device.

    Raises LocalProtocolError for what does not fit.
    """
    if size not in _ADDRESS_SIZES:
        raise LocalProtocolError(f"an address has 1, 2 or 4 bytes: got {size}")
    if size == 1:
        return _address_part(logical, 1, last=True)
    half = size // 2
    return _address_part(logical, half, last=False) + _address_part(physical or 0, half, last=True)


def client_address(sap: int) -> bytes:
    """Return the address of a client in its one byte."""
    return _address_part(sap, 1, last=True)


def _address_part(value: int, size: int, *, last: bool) -> bytes:
    if not 0 <= value < 1 << 7 * size:
        raise LocalProtocolError(f"a part of an address of {size} bytes is 0 to {(1 << 7 * size) - 1}: got {value}")
    octets = [value >> 7 * place & 0x7F for place in reversed(range(size))]
    return bytes(octet << 1 | (last and place == size - 1) for place, octet in enumerate(octets))


def sap_of(address: bytes) -> int:
    """Return the number of a client, or the logical device of a meter."""
    upper = address if len(address) == 1 else address[: len(address) // 2]
    value = 0
    for octet in upper:
        value = value << 7 | octet >> 1
    return value


def is_calling(address: bytes) -> bool:
    """Whether it is the address of a meter that speaks unasked (CALLING), whichever of its logical devices does."""
    lower = address[len(address) // 2 :]
    return lower in _CALLING


def decode_frame(wire: bytes) -> Frame:
    """Return a frame from its bytes, flags included. Raises RemoteProtocolError (noise) with what is wrong."""
    if len(wire) < _SHORTEST_BYTES or wire[0] != FLAG or wire[-1] != FLAG:
        raise _noise("a frame has flags at both ends and at least seven bytes between", wire)
    head = int.from_bytes(wire[1:3], "big")
    if head & _FORMAT_MASK != _FORMAT:
        raise _noise(f"frame format {head >> 12:X}h, and Ah (type 3) is wanted", wire)
    if head & _LENGTH_MAX != len(wire) - 2:
        raise _noise(f"the frame says {head & _LENGTH_MAX} bytes and has {len(wire) - 2}", wire)
    if crc16.ibm_sdlc(wire[1:-3]) != int.from_bytes(wire[-3:-1], "little"):
        raise _noise("the frame's checksum (FCS) is wrong", wire)
    source_at = _address_end(wire, 3)
    control_at = _address_end(wire, source_at)
    information = b""
    if len(wire) != control_at + 4:
        info_at = control_at + 3
        if info_at > len(wire) - 3 or crc16.ibm_sdlc(wire[1 : control_at + 1]) != int.from_bytes(
            wire[control_at + 1 : info_at], "little"
        ):
            raise _noise("the header's checksum (HCS) is wrong", wire)
        information = wire[info_at:-3]
    kind, final, send_number, receive_number = _control_of(wire[control_at], wire)
    return Frame(
        destination=wire[3:source_at],
        source=wire[source_at:control_at],
        kind=kind,
        final=final,
        information=information,
        segmented=bool(head & _SEGMENTED),
        send_number=send_number,
        receive_number=receive_number,
    )


def _control_of(control: int, wire: bytes) -> tuple[Kind, bool, int, int]:
    final = bool(control & _FINAL)
    if not control & 1:
        return Kind.I, final, control >> 1 & 7, control >> 5
    plain = control & ~_FINAL
    if plain & 0x0F in (Kind.RR, Kind.RNR):
        return Kind(plain & 0x0F), final, 0, control >> 5
    try:
        return Kind(plain), final, 0, 0
    except ValueError:
        raise _noise(f"control field {control:02X}h is none", wire) from None


def _address_end(wire: bytes, at: int) -> int:
    for end in range(at + 1, min(at + max(_ADDRESS_SIZES), len(wire) - 4) + 1):
        if wire[end - 1] & 1:
            if end - at in _ADDRESS_SIZES:
                return end
            break
    raise _noise("an address does not end", wire)


def _checksum(data: bytes) -> bytes:
    return crc16.ibm_sdlc(data).to_bytes(2, "little")


def _noise(message: str, wire: bytes) -> RemoteProtocolError:
    return RemoteProtocolError(LineFault.NOISE, message, bytes(wire))


class FrameReader:
    """Cuts a stream of bytes into frames.

    Bytes before a flag (noise of a line that wakes up) are dropped, at most 512 of them; one flag may end a
    frame and begin the next. What looks like a frame and is none raises, and is then dropped.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._dropped = 0

    def feed(self, data: bytes) -> None:
        """Take bytes."""
        self._buffer += data

    def taken_alone(self, wire: bytes, addressed: bytes) -> bytes | None:
        """Return the information of a frame that came whole and by itself, with these addresses and this control.

        None where it is not so, or not sound: `feed` it then, and `next_frame` tells what it is. The short way for
        what comes most.
        """
        info_at = _HEAD_BYTES + len(addressed) + 2
        if wire[_HEAD_BYTES : info_at - 2] != addressed or not wire[0] == wire[-1] == FLAG:
            return None
        if (wire[1] << 8 | wire[2]) & ~_SEGMENTED != _FORMAT | len(wire) - 2:
            return None
        if crc16.ibm_sdlc(wire[1:-1]) != _SOUND or crc16.ibm_sdlc(wire[1:info_at]) != _SOUND:
            return None
        if not self._buffer:
            self._buffer += _ONE_FLAG
        elif self._dropped >= 0 or len(self._buffer) > 1:
            # More than the flag that ended the latest frame.
            return None
        self._dropped = -1
        return wire[info_at:-3]

    def next_frame(self) -> Frame | None:
        """Return the next whole frame, or None while more must come. Raises RemoteProtocolError (noise)."""
        if self._buffer == _ONE_FLAG:
            return None
        while True:
            if not self._at_flag():
                return None
            buffer = self._buffer
            if len(buffer) < _HEAD_BYTES:
                return None
            if buffer[1] & 0xF0 != _FORMAT >> 8:
                # A flag that ends a frame, or noise that looks like a flag.
                self._drop(1)
                continue
            total = 2 + (int.from_bytes(buffer[1:3], "big") & _LENGTH_MAX)
            if len(buffer) < total:
                return None
            wire = bytes(buffer[:total])
            try:
                frame = decode_frame(wire)
            except RemoteProtocolError:
                self._drop(1)
                raise
            # Its last flag may be the first of the next frame.
            del buffer[: total - 1]
            self._dropped = -1
            return frame

    @property
    def is_empty(self) -> bool:
        """Whether nothing of a further frame has come."""
        return bytes(self._buffer).strip(b"\x7e") == b""

    def clear(self) -> None:
        """Forget what came."""
        self._buffer.clear()
        self._dropped = 0

    def _at_flag(self) -> bool:
        at = self._buffer.find(FLAG)
        if at != 0:
            self._drop(at if at > 0 else len(self._buffer))
        return bool(self._buffer)

    def _drop(self, count: int) -> None:
        # No more than is allowed, so that errors do not depend on the pieces that bytes come in.
        dropped = bytes(self._buffer[: min(count, _NOISE_BYTES_MAX + 1 - self._dropped)])
        del self._buffer[: len(dropped)]
        self._dropped += len(dropped)
        if self._dropped > _NOISE_BYTES_MAX:
            self._dropped = 0
            raise _noise(f"more than {_NOISE_BYTES_MAX} bytes without a frame", dropped)
