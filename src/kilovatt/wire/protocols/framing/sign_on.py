r"""How a meter is called by IEC 62056-21 (once IEC 61107): request, identification, choice of mode and speed.

    /?141628345!      the request, with the meter's address or without
    /EKT5CE102Mv01    the identification: three letters of the maker, a letter of the speed, the type
    ACK 0 5 1         the choice: protocol 0, speed 5, mode 1 (0 reads everything out, 1 is for programming)

A type that begins with `\2` says that the meter can go over to DLMS (mode E), by ACK 2 Z 2. Source: IEC 62056-21:2002,
6.3 and 6.4, and annex E.
"""

from dataclasses import dataclass
from enum import StrEnum

from kilovatt.wire.protocols.framing.connection import LineSpeed

ACK = b"\x06"
NAK = b"\x15"
LINE_END = b"\r\n"
ADDRESS_MAX = 32
IDENTIFICATION_MAX = 5 + 32 + 2
"""The standard allows sixteen characters of type; what lies behind escapes is taken on top."""
_TYPE_MAX = 32
_MAKER = 3
_ESCAPE = "\\"
_DLMS_MARK = "2"
_FIRST, _LAST = 0x20, 0x7E
_BAUDS = {"0": 300, "1": 600, "2": 1200, "3": 2400, "4": 4800, "5": 9600, "6": 19200}
"""The letters of mode C and E."""


class Mode(StrEnum):
    """What a meter is to do after the choice."""

    READ_OUT = "0"
    PROGRAMMING = "1"
    BINARY = "2"


class Procedure(StrEnum):
    """By which protocol it is to go on."""

    NORMAL = "0"
    HDLC = "2"


def request_message(address: str = "") -> bytes:
    """Return the call for the meter at an address, or for whichever is alone. Raises ValueError for none."""
    is_printable = address.isascii() and address.isprintable()
    if len(address) > ADDRESS_MAX or not is_printable or any(mark in address for mark in "/?!()"):
        raise ValueError(f"an address is at most {ADDRESS_MAX} printable characters but / ? ! ( ): got {address!r}")
    return b"/?" + address.encode("ascii") + b"!" + LINE_END


def address_called(message: bytes) -> str:
    """Return the address in a call, leading zeros away as they mean nothing. Raises ValueError for no call."""
    if not (message.startswith(b"/?") and message.endswith(b"!" + LINE_END)):
        raise ValueError(f"a call is /? … ! CR LF: got {message[:16].hex(' ')}")
    address = message[2:-3].decode("ascii")
    # What could not be called is no call.
    request_message(address)
    return address.lstrip("0")


@dataclass(frozen=True, slots=True)
class Identification:
    """Who answered. `type_name` is without escapes; `marks` are the characters that stood behind escapes."""

    maker: str
    baud_letter: str
    type_name: str
    marks: str = ""

    @property
    def baud(self) -> int | None:
        """The speed it offers [baud]; None for a letter that is none of mode C."""
        return _BAUDS.get(self.baud_letter)

    @property
    def speaks_dlms(self) -> bool:
        """Whether it can go over to DLMS (mode E)."""
        return _DLMS_MARK in self.marks

    @property
    def answers_fast(self) -> bool:
        """Whether it thinks 20 ms at least, and not 200: so a small third letter says."""
        return self.maker[-1].islower()

    def encode(self) -> bytes:
        """Return the line as it is sent."""
        escapes = "".join(_ESCAPE + mark for mark in self.marks)
        return f"/{self.maker}{self.baud_letter}{escapes}{self.type_name}".encode("ascii") + LINE_END


def identification_of(line: bytes) -> Identification:
    """Return what an identification, CR LF included, says. Raises ValueError for what is none."""
    if not (line.startswith(b"/") and line.endswith(LINE_END)) or len(line) > IDENTIFICATION_MAX:
        raise ValueError("an identification is / … CR LF")
    if any(not _FIRST <= byte <= _LAST for byte in line[1:-2]):
        raise ValueError("an identification has printable characters only")
    text = line[1:-2].decode("ascii")
    maker, letter, rest = text[:_MAKER], text[_MAKER : _MAKER + 1], text[_MAKER + 1 :]
    if not (len(maker) == _MAKER and maker.isalpha() and letter.isalnum()):
        raise ValueError("an identification begins with three letters of the maker and one of the speed")
    marks = ""
    while len(rest) > 1 and rest[0] == _ESCAPE:
        marks, rest = marks + rest[1], rest[2:]
    if len(rest) > _TYPE_MAX or _ESCAPE in rest or "!" in rest or "/" in rest:
        raise ValueError(f"a type is at most {_TYPE_MAX} characters but / ! and \\")
    return Identification(maker, letter, rest, marks)


@dataclass(frozen=True, slots=True)
class OptionSelect:
    """The choice of protocol, speed and mode: ACK V Z Y CR LF."""

    procedure: Procedure
    baud_letter: str
    mode: Mode

    def encode(self) -> bytes:
        """Return the message as it is sent."""
        return ACK + f"{self.procedure}{self.baud_letter}{self.mode}".encode("ascii") + LINE_END

    @property
    def speed(self) -> LineSpeed | None:
        """How characters go after it: of seven bits, but eight for HDLC; None for a letter of no known speed."""
        baud = _BAUDS.get(self.baud_letter)
        if baud is None:
            return None
        return LineSpeed(baud) if self.procedure is Procedure.HDLC else LineSpeed(baud, data_bits=7, parity="E")


OPTION_SELECT_SIZE = 6


def option_select_of(message: bytes) -> OptionSelect:
    """Return what a choice says. Raises ValueError for what is none."""
    size_fits = len(message) == OPTION_SELECT_SIZE
    if not (size_fits and message.startswith(ACK) and message.endswith(LINE_END) and message.isascii()):
        raise ValueError("a choice is ACK V Z Y CR LF")
    text = message.decode("ascii")
    procedure, letter, mode = text[1], text[2], text[3]
    if not letter.isalnum():
        raise ValueError(f"a speed is a letter or digit: got {letter!r}")
    return OptionSelect(Procedure(procedure), letter, Mode(mode))
