r"""Calls that come in: how modems and meters introduce themselves to a listener, and what they say after that.

    AT$IMEI=861234567890123,PSW=…,TYP=ATM,…,INT=485+232,        an iRZ ATM modem; bytes of its meters follow as they are
    AT$IMEI=…,COLPROT=1.3,CHN=1,\n                              the same with the encapsulation of iRZ Collector
    a line that a declared expression fits                      a modem of another kind
    00 01 …                                                     a meter that pushes DLMS in a wrapper (IEC 62056-47)

A modem says every minute that it is still there; where its bytes come as they are, such a heartbeat may stand in the
middle of a meter's answer and is cut out. Source: a physical ATM21 and iRZ's Collector emulator; what is printed of
neither (the zone of the Collector's welcome, codes of frames beyond 01, 02, 04, 05 and 0C) is not established.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from kilovatt.wire.protocols.framing.connection import LineFault, RemoteProtocolError
from kilovatt.wire.protocols.framing.wrapper import VERSION, WrapperReader

IRZ_HEARTBEAT = bytes.fromhex("B5 BC BD BE BF")
COLLECTOR_MARK = bytes.fromhex("C8 CA CB CC CD")
DATA, HEARTBEAT = 0x01, 0x02
"""Types of the Collector's frames."""
HELLO_BYTES_MAX = 512
LINE_BYTES_MAX = 128
"""A hello line of a declared kind is at most so long: an expression may take its time with each."""
HEARTBEAT_BYTES_MAX = 32
ENCAPSULATED_BYTES_MAX = 4096
FIRST_MESSAGE_BYTES_MAX = 4096
"""A stranger's first message in a wrapper."""
_WRITTEN_BYTES_MAX = 1024
_HEAD = len(COLLECTOR_MARK) + 3
_END = b"\r\n"
_CR, _LF = 0x0D, 0x0A
_FIRST, _LAST = 0x20, 0x7E
_IRZ = b"AT$IMEI="
_IMEI = re.compile(r"[0-9]{15,16}")
"""The maker's emulator has sixteen digits."""
_FIELD = re.compile(r"([A-Z][A-Z0-9_]{1,15})=([^,=]{0,64})")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,63})")
_WRAPPER = VERSION.to_bytes(2, "big")
_WRAPPER_HEAD = 8


class Dialect(StrEnum):
    """How a caller speaks."""

    IRZ = "irz"
    COLLECTOR = "collector"
    LINE = "line"
    WRAPPER = "wrapper"


@dataclass(frozen=True, slots=True)
class Introduced:
    """Who calls. `traits` is what a modem says of itself, its password left out; a wrapper has no name."""

    dialect: Dialect
    name: str = ""
    traits: tuple[tuple[str, str], ...] = ()
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The caller says that it is still there."""


@dataclass(frozen=True, slots=True)
class Payload:
    """Bytes of the meters behind the caller."""

    data: bytes


@dataclass(frozen=True, slots=True)
class ServiceFrame:
    """A frame of the Collector's encapsulation that is neither data nor a heartbeat."""

    code: int
    data: bytes


@dataclass(frozen=True, slots=True)
class WrappedMessage:
    """A whole message in a wrapper."""

    source: int
    destination: int
    message: bytes


CallEvent: TypeAlias = Introduced | Heartbeat | Payload | ServiceFrame | WrappedMessage


@dataclass(frozen=True, slots=True)
class HelloPattern:
    """A declared kind of hello line: an expression with the group `name`, and the heartbeat of such modems."""

    expression: str
    heartbeat: bytes = b""

    def name_in(self, line: str) -> str | None:
        """Return the name in a hello line, None for a line of another kind."""
        found = hello_pattern(self.expression).fullmatch(line)
        name = found["name"] if found else None
        return name if name and _NAME.fullmatch(name) else None


def hello_pattern(expression: str) -> re.Pattern[str]:
    """Return an expression compiled (the module keeps it). Raises ValueError for one without the group `name`."""
    try:
        compiled = re.compile(expression)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if "name" not in compiled.groupindex:
        raise ValueError("it has no group (?P<name>…)")
    return compiled


def encapsulated(code: int, data: bytes) -> bytes:
    """Return a frame of the Collector's encapsulation."""
    return COLLECTOR_MARK + bytes((code,)) + len(data).to_bytes(2, "big") + data + _END


class Call:
    """One call that came in: bytes in, events out; any split of the stream gives the same events.

    `receive` and `quiet` raise RemoteProtocolError for what no caller says; the call is then to be ended.
    """

    def __init__(self, patterns: Sequence[HelloPattern] = ()) -> None:
        self.introduced: Introduced | None = None
        self._patterns = tuple(patterns)
        self._heartbeat = b""
        self._hello = bytearray()
        self._skips_line_feed = False
        self._stream: _Plain | CollectorFrames | _Wrapped | None = None
        self._fault: RemoteProtocolError | None = None

    @property
    def awaits_quiet(self) -> bool:
        """Whether silence would tell something: the end of a hello, that held bytes are no heartbeat, a fault."""
        if self._fault is not None:
            return True
        return bool(self._hello) if self._stream is None else self._stream.holds

    def receive(self, data: bytes) -> list[CallEvent]:
        """Take bytes in any pieces and return what they say; a fault behind an event is raised the next time."""
        self._raise_fault()
        events: list[CallEvent] = []
        try:
            events.extend(self._heard(data))
        except RemoteProtocolError as fault:
            if not events:
                raise
            self._fault = fault
        return events

    def quiet(self) -> list[CallEvent]:
        """Say that nothing more came for a while."""
        self._raise_fault()
        if self._stream is not None:
            return self._stream.quiet()
        text = bytes(self._hello)
        who = self._introduction(text, is_line=False) if _is_printable(text) else None
        if who is None:
            return []
        self._hello.clear()
        return list(self._begun(who))

    def welcome(self, now: datetime) -> bytes:
        """Return what the caller waits for after its hello; nothing for most."""
        if self.introduced is not None and self.introduced.dialect is Dialect.COLLECTOR:
            return f"{now:%Y%m%d%H%M%S},MOD=DAT,\r".encode("ascii")
        return b""

    def outgoing(self, data: bytes) -> bytes:
        """Return bytes for the meters as the caller takes them."""
        if self.introduced is None or self.introduced.dialect is not Dialect.COLLECTOR:
            return data
        pieces = (data[start : start + _WRITTEN_BYTES_MAX] for start in range(0, len(data), _WRITTEN_BYTES_MAX))
        return b"".join(encapsulated(DATA, piece) for piece in pieces)

    # ── The hello ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _heard(self, data: bytes) -> Iterator[CallEvent]:
        if self._skips_line_feed and data:
            self._skips_line_feed = False
            data = data[1:] if data[0] == _LF else data
        if data:
            yield from self._greeted(data) if self._stream is None else self._stream.receive(data)

    def _greeted(self, data: bytes) -> Iterator[CallEvent]:
        heard = self._hello
        heard += data
        if _WRAPPER.startswith(heard[:2]):
            if len(heard) >= len(_WRAPPER):
                yield from self._begun(Introduced(Dialect.WRAPPER))
            return
        end = next((at for at, byte in enumerate(heard) if not _FIRST <= byte <= _LAST), len(heard))
        if end > (HELLO_BYTES_MAX if heard.startswith(_IRZ) else LINE_BYTES_MAX):
            raise _no_hello("a hello that does not end", bytes(heard))
        if end == len(heard):
            return
        is_line = heard[end] in (_CR, _LF)
        who = self._introduction(bytes(heard[:end]), is_line=is_line)
        if who is None:
            raise _no_hello("no hello that is known", bytes(heard))
        self._skips_line_feed = heard[end] == _CR
        del heard[: end + is_line]
        yield from self._begun(who)

    def _introduction(self, text: bytes, *, is_line: bool) -> Introduced | None:
        """Return who a hello is from, None where it is not whole. Raises RemoteProtocolError."""
        if text.startswith(_IRZ):
            return _irz(text, is_line=is_line)
        line = text.decode("ascii").strip()
        for pattern in self._patterns:
            name = pattern.name_in(line)
            if name is not None:
                self._heartbeat = pattern.heartbeat
                return Introduced(Dialect.LINE, name)
        return None

    def _begun(self, who: Introduced) -> Iterator[CallEvent]:
        rest = bytes(self._hello)
        self._hello.clear()
        self.introduced = who
        match who.dialect:
            case Dialect.COLLECTOR:
                self._stream = CollectorFrames()
            case Dialect.WRAPPER:
                self._stream = _Wrapped()
            case _:
                self._stream = _Plain(IRZ_HEARTBEAT if who.dialect is Dialect.IRZ else self._heartbeat)
        yield who
        yield from self._heard(rest)

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise self._fault


class _Plain:
    """Bytes as they are, but for heartbeats among them."""

    def __init__(self, heartbeat: bytes) -> None:
        self._heartbeat = heartbeat
        self._held = b""

    @property
    def holds(self) -> bool:
        return bool(self._held)

    def receive(self, data: bytes) -> Iterator[CallEvent]:
        if not self._heartbeat:
            yield Payload(data)
            return
        pieces = (self._held + data).split(self._heartbeat)
        rest = pieces[-1]
        kept = next(
            (size for size in range(min(len(rest), len(self._heartbeat) - 1), 0, -1) if self._begins(rest[-size:])), 0
        )
        pieces[-1], self._held = rest[: len(rest) - kept], rest[len(rest) - kept :]
        for number, piece in enumerate(pieces):
            if number:
                yield Heartbeat()
            if piece:
                yield Payload(piece)

    def _begins(self, end: bytes) -> bool:
        return self._heartbeat.startswith(end)

    def quiet(self) -> list[CallEvent]:
        held, self._held = self._held, b""
        return [Payload(held)] if held else []


class CollectorFrames:
    """Frames of the Collector's encapsulation; a heartbeat may also stand bare between them."""

    holds = False

    def __init__(self) -> None:
        self._buffer = bytearray()

    def receive(self, data: bytes) -> Iterator[CallEvent]:
        """Take bytes in any pieces and return what they say. Raises RemoteProtocolError."""
        self._buffer += data
        while (event := self._next()) is not None:
            yield event

    def _next(self) -> CallEvent | None:
        buffer = self._buffer
        if buffer[:1] == IRZ_HEARTBEAT[:1]:
            return self._bare_heartbeat()
        if buffer[: len(COLLECTOR_MARK)] != COLLECTOR_MARK[: len(buffer)]:
            raise _no_hello("no frame of the Collector's encapsulation", bytes(buffer))
        if len(buffer) < _HEAD:
            return None
        code, length = buffer[_HEAD - 3], int.from_bytes(buffer[_HEAD - 2 : _HEAD], "big")
        if length > ENCAPSULATED_BYTES_MAX:
            raise _no_hello(f"a frame of {length} bytes, {ENCAPSULATED_BYTES_MAX} at most are taken", bytes(buffer))
        end = _HEAD + length
        if len(buffer) < end + len(_END):
            return None
        if buffer[end : end + len(_END)] != _END:
            raise _no_hello("a frame without its end 0D 0A", bytes(buffer[: end + len(_END)]))
        data = bytes(buffer[_HEAD:end])
        del buffer[: end + len(_END)]
        if code == DATA:
            return Payload(data)
        return Heartbeat() if code == HEARTBEAT else ServiceFrame(code, data)

    def _bare_heartbeat(self) -> Heartbeat | None:
        size = len(IRZ_HEARTBEAT)
        if self._buffer[:size] != IRZ_HEARTBEAT[: len(self._buffer)]:
            raise _no_hello("no frame of the Collector's encapsulation", bytes(self._buffer))
        if len(self._buffer) < size:
            return None
        del self._buffer[:size]
        return Heartbeat()

    def quiet(self) -> list[CallEvent]:
        """Nothing: what is held is no whole frame yet."""
        return []


class _Wrapped:
    """Messages in a wrapper. The first is short: who sends it is a stranger until then."""

    holds = False

    def __init__(self) -> None:
        self._reader = WrapperReader()
        self._head = b""
        self._is_first = True

    def receive(self, data: bytes) -> Iterator[CallEvent]:
        if self._is_first:
            self._check(data)
        self._reader.feed(data)
        while (found := self._reader.next_message()) is not None:
            self._is_first = False
            yield WrappedMessage(*found)

    def _check(self, data: bytes) -> None:
        self._head = (self._head + data)[:_WRAPPER_HEAD]
        length = int.from_bytes(self._head[6:8], "big")
        if len(self._head) == _WRAPPER_HEAD and length > FIRST_MESSAGE_BYTES_MAX:
            words = f"a first message of {length} bytes, {FIRST_MESSAGE_BYTES_MAX} at most are taken"
            raise _no_hello(words, self._head)

    def quiet(self) -> list[CallEvent]:
        return []


def _irz(text: bytes, *, is_line: bool) -> Introduced | None:
    said = text.decode("ascii").removeprefix("AT$").rstrip()
    if not (is_line or said.endswith(",")):
        return None
    traits: dict[str, str] = {}
    for one in said.removesuffix(",").split(","):
        found = _FIELD.fullmatch(one)
        if found is None or found[1] in traits:
            raise _no_hello("a hello that is none of a modem's", masked(text))
        traits[found[1]] = found[2]
    if not _IMEI.fullmatch(traits["IMEI"]):
        raise _no_hello("a hello without an IMEI", masked(text))
    password = traits.pop("PSW", "")
    dialect = Dialect.COLLECTOR if "COLPROT" in traits else Dialect.IRZ
    return Introduced(dialect, traits.pop("IMEI"), tuple(traits.items()), password)


def masked(text: bytes) -> bytes:
    """Return a hello, or what there is of one, without the password in it."""
    return re.sub(rb"PSW=[^,]*", b"PSW=*", text)


def _is_printable(text: bytes) -> bool:
    return bool(text) and all(_FIRST <= byte <= _LAST for byte in text)


def _no_hello(words: str, data: bytes) -> RemoteProtocolError:
    return RemoteProtocolError(LineFault.NOISE, words, masked(data))
