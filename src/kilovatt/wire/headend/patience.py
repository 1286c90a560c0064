"""How patient a line is where nobody has stated it: by its kind, and by its speed where that is known.

A port of this machine, and a gateway whose line's speed is stated, end an answer after fifteen characters: makers let a
meter pause three and a half to six (Меркурий: 5 ms at 9600 baud, 20 ms at 2400), and what stands between, an adapter
that delivers every 16 ms or a gateway that packs, is given 30 ms more. A gateway of unknown speed is given 100 ms. Over
a mobile network an answer may take seconds, and have gaps of half of one.
"""

from dataclasses import dataclass

from kilovatt.wire.headend.line_addresses import LineAddress, SerialAddress, TcpAddress, UdpAddress

_BITS = 11
"""Of a character with its start, parity and stop."""
_GAP_CHARACTERS = 15
_DELIVERED_WITHIN_S = 0.03
_REQUEST_CHARACTERS = 64
_THOUGHT_S = 0.4
"""Ample: at 9600 baud a meter answers within 150 ms (command system of Меркурий, 05.2023)."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer may take to begin, and which silence ends it [s]."""

    answer_timeout_s: float
    quiet_s: float


NEAR = Patience(1.0, 0.1)
MOBILE = Patience(5.0, 0.5)


def usual_patience(address: LineAddress) -> Patience:
    """Return how patient a line of this kind is unless it is stated."""
    match address:
        case SerialAddress(baud=baud) | TcpAddress(baud=int(baud)):
            return Patience(max(NEAR.answer_timeout_s, _sent_s(_REQUEST_CHARACTERS, baud) + _THOUGHT_S), gap_s(baud))
        case TcpAddress() | UdpAddress():
            return NEAR
        case _:
            return MOBILE


def gap_s(baud: int) -> float:
    """Return which silence ends an answer at this speed [s]."""
    return _DELIVERED_WITHIN_S + _sent_s(_GAP_CHARACTERS, baud)


def _sent_s(characters: int, baud: int) -> float:
    return characters * _BITS / baud
