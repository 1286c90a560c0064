"""Frames: an option, two addresses, in requests a password, a service byte, a command, data, a checksum; in SLIP.

The service byte: bit 7 for a request, bits 6-4 a class (5 a command or its answer, 7 an error), bits 3-0 how many bytes
of data. Numbers go with the lowest byte first, but for the command.
"""

from dataclasses import dataclass, field

from kilovatt.wire.protocols.energomera.checksum import checksum
from kilovatt.wire.protocols.framing import slip

OPTION = 0x48
READER = 253
"""The address that readers give as their own, as in the maker's example."""
BROADCAST = 0xFFFF
ADDRESS_MAX = 0xFFFE
DATA_SIZE_MAX = 15
PASSWORD_MAX = 0xFFFF_FFFF

ADDRESS_SIZE = 2
PASSWORD_START = 1 + 2 * ADDRESS_SIZE
PASSWORD_SIZE = 4
COMMAND_SIZE = 2
CHECKSUM_SIZE = 1
REPLY_HEAD_SIZE = PASSWORD_START + 1 + COMMAND_SIZE
REQUEST_HEAD_SIZE = REPLY_HEAD_SIZE + PASSWORD_SIZE
CLASS_COMMAND = 5
CLASS_ERROR = 7
IS_REQUEST = 0x80
WIRE_SIZE_MAX = 2 + 2 * (REQUEST_HEAD_SIZE + DATA_SIZE_MAX + CHECKSUM_SIZE)
"""No frame is longer, escapes and marks included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFrame:
    """A whole request with a right checksum. The password never shows in repr."""

    meter: int
    reader: int
    password: int = field(repr=False)
    command: int
    data: bytes

    def body(self) -> bytes:
        """What stands between the marks, before it is escaped. Raises ValueError for what does not fit."""
        if len(self.data) > DATA_SIZE_MAX or not 0 <= self.password <= PASSWORD_MAX:
            raise ValueError(f"a request has at most {DATA_SIZE_MAX} bytes of data and a password of four bytes")
        head = bytes([OPTION]) + _pair(self.meter) + _pair(self.reader) + self.password.to_bytes(4, "little")
        service = IS_REQUEST | CLASS_COMMAND << 4 | len(self.data)
        return _checked(head + bytes([service]) + self.command.to_bytes(COMMAND_SIZE, "big") + self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyFrame:
    """A whole answer with a right checksum."""

    reader: int
    meter: int
    command: int
    data: bytes
    is_error: bool = False

    def encode(self) -> bytes:
        """The bytes of the frame, marks and all. Raises ValueError for what does not fit."""
        if len(self.data) > DATA_SIZE_MAX:
            raise ValueError(f"an answer has at most {DATA_SIZE_MAX} bytes of data: got {len(self.data)}")
        service = (CLASS_ERROR if self.is_error else CLASS_COMMAND) << 4 | len(self.data)
        head = bytes([OPTION]) + _pair(self.reader) + _pair(self.meter) + bytes([service])
        return slip.framed(_checked(head + self.command.to_bytes(COMMAND_SIZE, "big") + self.data))


def request_from_body(body: bytes) -> RequestFrame:
    """Return the request that bytes between marks, unescaped, are. Raises ValueError where they are none."""
    service = _service(body, REQUEST_HEAD_SIZE, PASSWORD_START + PASSWORD_SIZE)
    if service & ~0x0F != IS_REQUEST | CLASS_COMMAND << 4:
        raise ValueError(f"the service byte {service:02X}h is not that of a request")
    return RequestFrame(
        meter=_number(body, 1),
        reader=_number(body, 1 + ADDRESS_SIZE),
        password=int.from_bytes(body[PASSWORD_START : PASSWORD_START + PASSWORD_SIZE], "little"),
        command=int.from_bytes(body[REQUEST_HEAD_SIZE - COMMAND_SIZE : REQUEST_HEAD_SIZE], "big"),
        data=body[REQUEST_HEAD_SIZE:-CHECKSUM_SIZE],
    )


def reply_from_body(body: bytes) -> ReplyFrame:
    """Return the answer that bytes between marks, unescaped, are. Raises ValueError where they are none."""
    service = _service(body, REPLY_HEAD_SIZE, PASSWORD_START)
    if service >> 4 not in (CLASS_COMMAND, CLASS_ERROR):
        raise ValueError(f"the service byte {service:02X}h is not that of an answer")
    return ReplyFrame(
        reader=_number(body, 1),
        meter=_number(body, 1 + ADDRESS_SIZE),
        command=int.from_bytes(body[REPLY_HEAD_SIZE - COMMAND_SIZE : REPLY_HEAD_SIZE], "big"),
        data=body[REPLY_HEAD_SIZE:-CHECKSUM_SIZE],
        is_error=service >> 4 == CLASS_ERROR,
    )


def _service(body: bytes, head_size: int, place: int) -> int:
    if len(body) < head_size + CHECKSUM_SIZE:
        raise ValueError(f"at least {head_size + CHECKSUM_SIZE} bytes are wanted between the marks, got {len(body)}")
    if checksum(body):
        raise ValueError("the checksum does not fit")
    if body[0] != OPTION:
        raise ValueError(f"a frame begins with {OPTION:02X}h, got {body[0]:02X}h")
    data_size = len(body) - head_size - CHECKSUM_SIZE
    if body[place] & 0x0F != data_size:
        raise ValueError(f"the service byte tells of {body[place] & 0x0F} bytes of data, and there are {data_size}")
    return body[place]


def _checked(body: bytes) -> bytes:
    return body + bytes([checksum(body)])


def _pair(number: int) -> bytes:
    if not 0 <= number <= BROADCAST:
        raise ValueError(f"an address is 0 to {BROADCAST}: got {number}")
    return number.to_bytes(ADDRESS_SIZE, "little")


def _number(body: bytes, place: int) -> int:
    return int.from_bytes(body[place : place + ADDRESS_SIZE], "little")
