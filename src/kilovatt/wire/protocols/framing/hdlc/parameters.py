"""What two ends of a link agree upon: sizes of information fields and windows (IEC 62056-46, 6.4.4.4.3)."""

from dataclasses import dataclass

from kilovatt.wire.protocols.framing.connection import LineFault, LocalProtocolError, RemoteProtocolError
from kilovatt.wire.protocols.framing.hdlc.frames import INFO_BYTES_MAX

DEFAULT_INFO_BYTES, DEFAULT_WINDOW = 128, 1
_FORMAT, _GROUP = 0x81, 0x80
_TRANSMIT_INFO, _RECEIVE_INFO, _TRANSMIT_WINDOW, _RECEIVE_WINDOW = 5, 6, 7, 8
_INFO_BYTES_MIN, _WINDOW_MAX = 32, 7


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLimits:
    """How much one end sends and takes: bytes of information in a frame, frames before an acknowledgement."""

    transmit_info: int = DEFAULT_INFO_BYTES
    receive_info: int = DEFAULT_INFO_BYTES
    transmit_window: int = DEFAULT_WINDOW
    receive_window: int = DEFAULT_WINDOW

    def __post_init__(self) -> None:
        if not all(_INFO_BYTES_MIN <= size <= INFO_BYTES_MAX for size in (self.transmit_info, self.receive_info)):
            raise LocalProtocolError(f"an information field has {_INFO_BYTES_MIN} to {INFO_BYTES_MAX} bytes")
        if not all(1 <= window <= _WINDOW_MAX for window in (self.transmit_window, self.receive_window)):
            raise LocalProtocolError(f"a window has 1 to {_WINDOW_MAX} frames")

    def agreed_with(self, other: "LinkLimits") -> "LinkLimits":
        """Return what holds at this end when the other end has said what it can."""
        return LinkLimits(
            transmit_info=min(self.transmit_info, other.receive_info),
            receive_info=min(self.receive_info, other.transmit_info),
            transmit_window=min(self.transmit_window, other.receive_window),
            receive_window=min(self.receive_window, other.transmit_window),
        )

    def encode(self) -> bytes:
        """Return the information of SNRM or UA; none where everything is as by default."""
        if self == LinkLimits():
            return b""
        body = b"".join(
            (
                _parameter(_TRANSMIT_INFO, self.transmit_info, 1 if self.transmit_info < 256 else 2),
                _parameter(_RECEIVE_INFO, self.receive_info, 1 if self.receive_info < 256 else 2),
                _parameter(_TRANSMIT_WINDOW, self.transmit_window, 4),
                _parameter(_RECEIVE_WINDOW, self.receive_window, 4),
            )
        )
        return bytes((_FORMAT, _GROUP, len(body))) + body


def decode_limits(information: bytes) -> LinkLimits:
    """Return the limits in the information of SNRM or UA; what it does not name is the default.

    Values beyond the standard's are taken as its nearest. Raises RemoteProtocolError.
    """
    if not information:
        return LinkLimits()
    if len(information) < 3 or information[:2] != bytes((_FORMAT, _GROUP)) or information[2] != len(information) - 3:
        raise RemoteProtocolError(LineFault.NOISE, "link parameters that are none", information)
    found: dict[int, int] = {}
    at = 3
    while at < len(information):
        size = information[at + 1] if at + 1 < len(information) else 0
        end = at + 2 + size
        if not size or end > len(information):
            raise RemoteProtocolError(LineFault.NOISE, f"a link parameter is cut short at byte {at}", information)
        found[information[at]] = int.from_bytes(information[at + 2 : end], "big")
        at = end

    def info(which: int) -> int:
        return min(max(found.get(which, DEFAULT_INFO_BYTES), _INFO_BYTES_MIN), INFO_BYTES_MAX)

    def window(which: int) -> int:
        return min(max(found.get(which, DEFAULT_WINDOW), 1), _WINDOW_MAX)

    return LinkLimits(
        transmit_info=info(_TRANSMIT_INFO),
        receive_info=info(_RECEIVE_INFO),
        transmit_window=window(_TRANSMIT_WINDOW),
        receive_window=window(_RECEIVE_WINDOW),
    )


def _parameter(which: int, value: int, size: int) -> bytes:
    return bytes((which, size)) + value.to_bytes(size, "big")
