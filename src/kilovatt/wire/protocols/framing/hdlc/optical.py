r"""HDLC behind an optical head: the link begins with a call by IEC 62056-21 (annex E: mode E).

    /?!                      the call, at 300 baud, seven bits with even parity
    /LGZ5\2ZMG405000b.P07    the identification: speed 5 (9600 baud), able to go over to HDLC
    ACK 2 5 2                the choice: HDLC, speed 5, binary
    ACK 2 5 2                the meter confirms by repeating it
    7E A0 …                  both go at 9600 baud, eight bits without parity, from now on

After the link is closed the meter waits for a call again; so it does after a rest, whose length is its own.
"""

from enum import Enum, auto

from kilovatt.wire.protocols.framing import seven_bits
from kilovatt.wire.protocols.framing.connection import LineFault, LineSpeed, RemoteProtocolError
from kilovatt.wire.protocols.framing.hdlc.link import HdlcLink
from kilovatt.wire.protocols.framing.hdlc.parameters import LinkLimits
from kilovatt.wire.protocols.framing.hdlc.server import HdlcServerLink
from kilovatt.wire.protocols.framing.links import LinkEvent, WriteMore
from kilovatt.wire.protocols.framing.sign_on import (
    IDENTIFICATION_MAX,
    LINE_END,
    Identification,
    Mode,
    OptionSelect,
    Procedure,
    address_called,
    identification_of,
    option_select_of,
    request_message,
)

CALL_SPEED = LineSpeed(300, data_bits=7, parity="E")
USUAL_LETTER = "5"
"""9600 baud: at this speed a meter is looked for that may not have heard the end of the link before."""
_HEARD_MAX = 2 * IDENTIFICATION_MAX


class _Stage(Enum):
    CALLED = auto()
    CHOSEN = auto()
    CONFIRMED = auto()
    LINKED = auto()


class OpticalLink(HdlcLink):
    """A link of HDLC that begins with a call.

    `address` is that of the call ("" for whichever meter is alone at its head), `baud_letter` the speed that is chosen
    (None: what the meter offers), `parity_bits` whether parity is ours to add. Each second try to open leaves the call
    out: a meter whose link was never closed hears none.
    """

    def __init__(
        self,
        server: bytes,
        client: int,
        limits: LinkLimits | None = None,
        *,
        address: str = "",
        baud_letter: str | None = None,
        parity_bits: bool = False,
    ) -> None:
        self._call = request_message(address)
        self._letter = baud_letter
        self._parity_bits = parity_bits
        self._linked_speed = _speed_of(baud_letter or USUAL_LETTER)
        self._stage = _Stage.LINKED
        self._openings = 0
        self._came = b""
        self._choice = b""
        super().__init__(server, client, limits)

    def open(self) -> bytes:
        """Return the call, or at each second try the frame that asks for a link."""
        self._begin()
        self._openings += 1
        if self._openings % 2 == 0:
            return self._linked()
        return self._said(_Stage.CALLED, self._call)

    def close(self) -> bytes:
        """Return the frame that ends the link; a call is then wanted again."""
        self._stage, self._openings = _Stage.LINKED, 0
        return super().close()

    def after_silence(self) -> bytes:
        """Return the frame that asks for a link, once the meter has confirmed the choice and changed its speed."""
        return self._linked() if self._stage is _Stage.CONFIRMED else b""

    def receive(self, data: bytes) -> list[LinkEvent]:
        """Take bytes in any pieces, and return what they bring. Raises RemoteProtocolError."""
        if self._stage is _Stage.LINKED:
            return super().receive(data)
        self._came += data
        if self._stage is _Stage.CALLED:
            return self._identified()
        if self._stage is _Stage.CHOSEN:
            self._confirmed()
        # What comes while the speed changes is nothing.
        return []

    @property
    def speed(self) -> LineSpeed:
        """The speed of calls, or that of the link."""
        return self._linked_speed if self._stage is _Stage.LINKED else CALL_SPEED

    @property
    def has_part(self) -> bool:
        """Whether a part of a line or of a frame has come."""
        return bool(self._came) if self._stage is not _Stage.LINKED else super().has_part

    def _linked(self) -> bytes:
        self._stage = _Stage.LINKED
        return super().open()

    def _said(self, stage: _Stage, message: bytes) -> bytes:
        self._stage, self._came = stage, b""
        return seven_bits.with_parity(message) if self._parity_bits else message

    def _identified(self) -> list[LinkEvent]:
        line = self._plain().removeprefix(self._call)
        if not line.endswith(LINE_END):
            if len(self._came) > _HEARD_MAX:
                raise self._noise("an identification without an end")
            return []
        try:
            meter = identification_of(line)
        except ValueError as error:
            raise self._noise(str(error)) from error
        if not meter.speaks_dlms:
            raise self._noise(f"{meter.maker} {meter.type_name} does not offer to go over to HDLC")
        chosen = OptionSelect(Procedure.HDLC, self._letter or meter.baud_letter, Mode.BINARY)
        if chosen.speed is None:
            raise self._noise(f"{meter.baud_letter!r} is the letter of no speed")
        self._linked_speed = chosen.speed
        self._choice = chosen.encode()
        return [WriteMore(self._said(_Stage.CHOSEN, self._choice))]

    def _confirmed(self) -> None:
        plain = self._plain()
        if plain == self._choice:
            self._stage = _Stage.CONFIRMED
        elif not self._choice.startswith(plain):
            raise self._noise("the meter does not repeat the choice")

    def _plain(self) -> bytes:
        try:
            return seven_bits.without_parity(self._came)
        except ValueError as error:
            raise self._noise(str(error)) from error

    def _noise(self, words: str) -> RemoteProtocolError:
        return RemoteProtocolError(LineFault.NOISE, words, self._came)


class OpticalServerLink:
    """The answering end: waits for a call, then serves HDLC until its link is closed. It answers its address, and "".

    `parity_bits`: whether its line carries eight bits, so that parity is its own to add.
    """

    def __init__(
        self, link: HdlcServerLink, identification: Identification, address: str, *, parity_bits: bool = False
    ) -> None:
        self._link = link
        self._identification = identification
        self._address = address.lstrip("0")
        self._parity_bits = parity_bits
        self._is_called = self._is_chosen = False
        self.speed = CALL_SPEED
        """At which speed it listens."""

    def hear(self, data: bytes) -> bytes | None:
        """Answer what came, or keep silent."""
        if not self._is_chosen:
            return self._heard_call(data)
        said = self._link.hear(data)
        if said is not None and not self._link.is_linked:
            self.rest()
        return said

    def connected(self) -> None:
        """Nothing: it is a head that is behind the connection."""

    def rest(self) -> None:
        """Wait for a call again: the link was closed, or the line has rested for long."""
        self._is_called = self._is_chosen = False
        self.speed = CALL_SPEED

    def _heard_call(self, data: bytes) -> bytes | None:
        try:
            message = seven_bits.without_parity(data)
            said = self._chosen(message) if self._is_called and message[:1] == b"\x06" else self._called(message)
        except ValueError:
            # It is noise, or not whole yet.
            return None
        return seven_bits.with_parity(said) if said is not None and self._parity_bits else said

    def _called(self, message: bytes) -> bytes | None:
        self._is_called = address_called(message) in ("", self._address)
        return self._identification.encode() if self._is_called else None

    def _chosen(self, message: bytes) -> bytes | None:
        chosen = option_select_of(message)
        if (chosen.procedure, chosen.mode) != (Procedure.HDLC, Mode.BINARY) or chosen.speed is None:
            return None
        self._is_chosen, self.speed = True, chosen.speed
        return message


def _speed_of(letter: str) -> LineSpeed:
    speed = OptionSelect(Procedure.HDLC, letter, Mode.BINARY).speed
    if speed is None:
        raise ValueError(f"{letter!r} is the letter of no speed")
    return speed
