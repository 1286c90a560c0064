"""One side of a conversation with one meter, asking: whose turn it is, and what came back.

What is asked for within a session begins one where there is none. A meter forgets its session after a second or three
of silence and then answers nothing: so what brought nothing is asked again with a call before it, and so is what comes
after something that had to be asked twice, since the line may have rested in between. The call then stands behind a
break, in case the meter has not forgotten.
"""

from collections.abc import Generator
from dataclasses import replace
from typing import Any, TypeAlias

from kilovatt.wire.protocols.framing import seven_bits, sign_on
from kilovatt.wire.protocols.framing.connection import (
    MASK,
    Answered,
    Event,
    LineFault,
    LineSpeed,
    LocalProtocolError,
    Outgoing,
    Refusal,
    RefusalReason,
    RemoteProtocolError,
    Request,
    SendMore,
)
from kilovatt.wire.protocols.framing.sign_on import Identification, Mode, OptionSelect, Procedure
from kilovatt.wire.protocols.iec62056_21 import requests
from kilovatt.wire.protocols.iec62056_21.datasets import DataSet, data_sets_of
from kilovatt.wire.protocols.iec62056_21.errors import refusal_in
from kilovatt.wire.protocols.iec62056_21.frames import SOH, STX, BlockCheck, Command, answer_of, command_of, frame_size
from kilovatt.wire.protocols.iec62056_21.requests import Iec62056Request

ANSWER_MAX = 32_768
"""The longest readout: at 300 baud it would take twenty minutes."""
_LINE_FEED = b"\n"
_SEVEN_BITS = bytes(byte & 0x7F for byte in range(256))
_SINGLE = (sign_on.ACK, sign_on.NAK)

_Exchange: TypeAlias = Generator[Outgoing, bytes, Any]
"""What is sent, and what comes back to it, message by message, until a value."""


class Iec62056Connection:
    """A conversation with the meter at an address, or with whichever is alone on its line ("").

    `baud_letter` is the speed that is chosen, None for what the meter offers. `parity_bits`: whether characters are
    sent with their parity in bit 7, since what carries them does not add it. Raises LocalProtocolError for an
    address or a password that cannot be sent.
    """

    def __init__(
        self,
        address: str,
        password: str = "",
        *,
        check: BlockCheck,
        baud_letter: str | None = None,
        parity_bits: bool = False,
    ) -> None:
        try:
            self._call = sign_on.request_message(address)
            self._password = Command(requests.PASSWORD, f"({password})").encode(check)
        except ValueError as error:
            raise LocalProtocolError(f"no such meter can be called: {type(error).__name__}") from error
        if "(" in password or ")" in password:
            raise LocalProtocolError("a password has no brackets")
        self._check = check
        self._baud_letter = baud_letter
        self._parity_bits = parity_bits
        self._session: Identification | None = None
        self._session_speed: LineSpeed | None = None
        self._may_be_open = False
        self._previous: Iec62056Request[Any] | None = None
        self._tries = 0
        self._exchange: _Exchange | None = None
        self._said_farewell = False
        self._outgoing = Outgoing(b"")
        self._came = b""
        self._taken = b""

    def send(self, request: Request[Any]) -> Outgoing:
        """Begin an exchange. Raises LocalProtocolError while another is open or for what cannot be framed."""
        if self._exchange is not None:
            raise LocalProtocolError(f"{_name(self._previous)} is not answered yet")
        if not isinstance(request, Iec62056Request):
            raise LocalProtocolError(f"{type(request).__name__} is no request of this language")
        self._said_farewell = False
        self._tries = self._tries + 1 if request == self._previous else 1
        self._previous = request
        exchange = self._begun(request)
        self._taken = b""
        try:
            self._out(next(exchange))
        except ValueError as error:
            self._tries = 0
            raise LocalProtocolError(f"{request} cannot be asked: {error}") from error
        if self._outgoing.awaits_answer:
            self._exchange = exchange
        else:
            self._end_session()
        return self._outgoing

    def receive(self, data: bytes) -> Event | None:
        """Take bytes in any pieces; return an event once one is certain, None while more must come.

        Raises RemoteProtocolError as soon as no continuation can make a right answer.
        """
        exchange = self._outstanding()
        self._came += data
        if self._outgoing.data.startswith(self._came):
            return None
        answer = self._came.removeprefix(self._outgoing.data)
        try:
            size = _message_size(answer.translate(_SEVEN_BITS))
            if size is None:
                return None
            message = seven_bits.without_parity(answer[:size])
        except ValueError as error:
            raise self._broken(LineFault.NOISE, f"no answer to {_name(self._previous)}: {error}") from error
        return self._took(exchange, message, answer[:size], answer[size:])

    def quiet(self) -> Event:
        """Say that the line fell silent: after a farewell, all is well.

        Raises RemoteProtocolError otherwise, since an answer is known by its last byte.
        """
        if self._said_farewell:
            self._said_farewell = False
            return Answered(None, b"")
        self._outstanding()
        name = _name(self._previous)
        if not self._came and not self._taken:
            raise self._broken(LineFault.SILENCE, f"no answer to {name}")
        if self._came == self._outgoing.data:
            raise self._broken(LineFault.ECHO, f"only what was sent for {name} came back")
        raise self._broken(LineFault.NOISE, f"no answer to {name}: the line fell silent before its end")

    def _outstanding(self) -> _Exchange:
        if self._exchange is None:
            raise LocalProtocolError("nothing was asked")
        return self._exchange

    def _out(self, outgoing: Outgoing) -> None:
        if self._parity_bits:
            outgoing = replace(outgoing, data=seven_bits.with_parity(outgoing.data))
        self._outgoing = outgoing
        self._came = b""

    def _took(self, exchange: _Exchange, message: bytes, raw: bytes, rest: bytes) -> Event:
        try:
            outgoing = exchange.send(message)
        except StopIteration as stop:
            self._exchange = None
            if self._tries > 1:
                self._may_be_open = self._session is not None
                self._session = None
            self._tries, self._previous = 0, None
            return Answered(stop.value, self._taken + raw)
        except ValueError as error:
            raise self._broken(LineFault.NOISE, f"no answer to {_name(self._previous)}: {error}") from error
        if rest:
            raise self._broken(LineFault.NOISE, f"more came than an answer on the way to {_name(self._previous)}")
        self._taken += raw
        self._out(outgoing)
        return SendMore(self._outgoing)

    def _broken(self, fault: LineFault, message: str) -> RemoteProtocolError:
        self._exchange = None
        if fault is not LineFault.NOISE or self._taken:
            self._may_be_open = self._may_be_open or self._session is not None or bool(self._taken)
            self._session = None
        came = self._came.removeprefix(self._outgoing.data)
        # A damaged echo of a password is still a password.
        shown = bytes([MASK]) * len(came) if self._outgoing.secret_spans else came
        # With what came before it, so that a damaged answer can be told by its likeness to the one that is right.
        return RemoteProtocolError(fault, message, self._taken + shown)

    def _end_session(self) -> None:
        self._session = None
        self._may_be_open = False
        self._said_farewell = True
        self._tries, self._previous = 0, None

    # ── The exchanges ───────────────────────────────────────────────────────────────────────────────────────────────

    def _begun(self, request: Iec62056Request[Any]) -> _Exchange:
        match request:
            case requests.SignOn():
                return self._sign_on()
            case requests.ReadParameter():
                return self._read(request)
            case requests.ReadGroup():
                return self._read_group(request)
            case requests.ReadOut():
                return self._read_out()
            case _:
                return self._break()

    def _break_frame(self) -> bytes:
        return Command(requests.BREAK).encode(self._check)

    def _break(self) -> _Exchange:
        yield Outgoing(self._break_frame(), speed=self._session_speed, awaits_answer=False)

    def _called(self) -> Generator[Outgoing, bytes, Identification]:
        before = self._break_frame() if self._may_be_open else b""
        line = yield Outgoing(before + self._call)
        return sign_on.identification_of(line)

    def _choice(self, identification: Identification, mode: Mode) -> OptionSelect:
        return OptionSelect(Procedure.NORMAL, self._baud_letter or identification.baud_letter, mode)

    def _sign_on(self) -> Generator[Outgoing, bytes, Identification | Refusal]:
        self._session = None
        identification = yield from self._called()
        choice = self._choice(identification, Mode.PROGRAMMING)
        asked = command_of((yield Outgoing(choice.encode(), answer_speed=choice.speed)), self._check)
        if asked.code != requests.PASSWORD_REQUEST:
            raise ValueError(f"{requests.PASSWORD_REQUEST} is wanted after the choice, got {asked.code}")
        frame = self._password
        # The check behind the password would betray a character of it.
        secret = (frame.index(STX) + 2, len(frame))
        answer = yield Outgoing(frame, (secret,), speed=choice.speed)
        if answer != sign_on.ACK:
            return _password_refused(answer, self._check)
        self._session, self._session_speed, self._may_be_open = identification, choice.speed, False
        return identification

    def _read(self, request: requests.ReadParameter) -> Generator[Outgoing, bytes, tuple[str, ...] | Refusal]:
        frame = Command(requests.READ, request.text).encode(self._check)
        if self._session is None:
            signed = yield from self._sign_on()
            if isinstance(signed, Refusal):
                return signed
        sets = data_sets_of(answer_of((yield Outgoing(frame, speed=self._session_speed)), self._check))
        if len(sets) != 1 or sets[0].name not in {request.name, ""}:
            raise ValueError(f"{request.name} was asked, and {', '.join(one.name for one in sets)} answered")
        refusal = refusal_in(sets[0].values[0])
        if refusal is None and not sets[0].name:
            raise ValueError(f"a value without a name answers {request.name}")
        return refusal or sets[0].values

    def _read_group(self, request: requests.ReadGroup) -> Generator[Outgoing, bytes, tuple[DataSet, ...] | Refusal]:
        call = self._call.removesuffix(sign_on.LINE_END)
        before = self._break_frame() if self._may_be_open or self._session is not None else b""
        self._session = None
        frame = Command(requests.READ, request.text).encode(self._check)
        sets = data_sets_of(answer_of((yield Outgoing(before + call + frame)), self._check))
        if len(sets) == 1 and not sets[0].name:
            refusal = refusal_in(sets[0].values[0])
            if refusal is not None:
                return refusal
        asked = [f"{number:04X}" for number, _ in request.masks]
        if [one.name for one in sets] != asked:
            raise ValueError(f"{', '.join(asked)} were asked, and {', '.join(one.name for one in sets)} answered")
        return sets

    def _read_out(self) -> Generator[Outgoing, bytes, requests.Readout]:
        identification = yield from self._called()
        choice = self._choice(identification, Mode.READ_OUT)
        text = answer_of((yield Outgoing(choice.encode(), answer_speed=choice.speed)), self._check)
        return requests.Readout(identification, data_sets_of(text))


def _password_refused(answer: bytes, check: BlockCheck) -> Refusal:
    """Return the refusal of a password: the end of the session, NAK, or an error."""
    if answer == sign_on.NAK:
        return Refusal(RefusalReason.ACCESS_DENIED, sign_on.NAK[0])
    if answer.startswith(SOH):
        code = command_of(answer, check).code
        if code != requests.BREAK:
            raise ValueError(f"a password is answered by ACK or {requests.BREAK}, got {code}")
        return Refusal(RefusalReason.ACCESS_DENIED, 0)
    sets = data_sets_of(answer_of(answer, check))
    refusal = refusal_in(sets[0].values[0]) if sets else None
    if refusal is None:
        raise ValueError("a password is answered by a value")
    return Refusal(RefusalReason.ACCESS_DENIED, refusal.code)


def _message_size(data: bytes) -> int | None:
    """Return how long the message is that characters begin with; None while that is not certain.

    Raises ValueError for what no message begins with, and for one that is too long.
    """
    if data[:1] in _SINGLE:
        return 1
    if data[:1] == b"/":
        end = data.find(_LINE_FEED) + 1
        if (end or len(data)) > sign_on.IDENTIFICATION_MAX:
            raise ValueError("longer than any identification")
        return end or None
    if data[:1] not in {SOH, STX}:
        raise ValueError(f"no message begins with {data[0]:02X}h")
    size = frame_size(data)
    if (size or len(data)) > ANSWER_MAX:
        raise ValueError("longer than any answer")
    return size


def _name(request: Iec62056Request[Any] | None) -> str:
    return type(request).__name__
