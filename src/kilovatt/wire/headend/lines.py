"""Lines: where meters are reached, and how patient we are there.

`LineSpec` is what an operator states of a line; `line_addresses` tells how its address is written.
"""

from dataclasses import dataclass, field

from kilovatt.wire.headend.line_addresses import (
    SPEEDS_BAUD,
    CallInAddress,
    LineAddress,
    LineAddressError,
    ModemAddress,
    SerialAddress,
    TcpAddress,
    UdpAddress,
    parse_address,
)
from kilovatt.wire.headend.patience import gap_s, usual_patience
from kilovatt.wire.protocols.framing.connection import LineSpeed

__all__ = [
    "BY_KIND",
    "SPEEDS_BAUD",
    "CallInAddress",
    "LineAddress",
    "LineAddressError",
    "LineSpec",
    "ModemAddress",
    "SerialAddress",
    "TcpAddress",
    "UdpAddress",
    "parse_address",
]

BY_KIND = -1.0
"""Stands for: as long as lines of this kind need."""
TURNAROUND_S = 0.02
"""How long a serial bus rests after an answer: at 9600 baud a meter takes 5 ms of silence for the end of a frame."""


@dataclass(frozen=True, slots=True)
class LineSpec:
    """A line and the patience it needs. Raises ValueError for a setting out of bounds, LineAddressError for its URL.

    An answer that has not begun `answer_timeout_s` after its request is given up; one that began is
    over when no byte came for `quiet_s`. An answer is believed to come within `answer_timeout_s` +
    `late_window_s` of its request or never: for so long nothing else is asked after a try in vain.
    A meter that keeps silent therefore holds its line for `tries` × `answer_timeout_s` + `late_window_s`; one
    that fell silent after it had answered, for two tries more. What is `BY_KIND` is as lines of that kind need it
    (`patience`).
    """

    line_id: int
    url: str
    answer_timeout_s: float = BY_KIND
    """0.01 to 60 s; about 1 s for a gateway near by, 5 s over a mobile network."""
    quiet_s: float = BY_KIND
    """0.005 to 5 s, not more than the answer's own."""
    late_window_s: float | None = None
    """0 to 90 s; one and a half times the answer's own time unless stated."""
    tries: int = 3
    """1 to 10."""
    connect_timeout_s: float = 5.0
    """0.01 to 120 s."""
    turnaround_s: float | None = None
    """0 to 1 s of rest between an answer and the next request; nothing over TCP, 20 ms on a serial bus."""
    address: LineAddress = field(init=False, compare=False)
    """What the URL names."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", parse_address(self.url))
        self._fill_in()
        _bounded("answer_timeout_s", self.answer_timeout_s, 0.01, 60)
        _bounded("quiet_s", self.quiet_s, 0.005, min(5.0, self.answer_timeout_s))
        _bounded("late_window_s", self.late_s, 0, 90)
        _bounded("tries", self.tries, 1, 10)
        _bounded("connect_timeout_s", self.connect_timeout_s, 0.01, 120)
        _bounded("turnaround_s", self.rest_s, 0, 1)

    def _fill_in(self) -> None:
        if BY_KIND not in {self.answer_timeout_s, self.quiet_s}:
            return
        usual = usual_patience(self.address)
        # What is stated goes before what is usual, also where both do not agree.
        if self.answer_timeout_s == BY_KIND:
            object.__setattr__(self, "answer_timeout_s", max(usual.answer_timeout_s, self.quiet_s))
        if self.quiet_s == BY_KIND:
            object.__setattr__(self, "quiet_s", min(usual.quiet_s, self.answer_timeout_s))

    def quiet_at(self, speed: LineSpeed | None) -> float:
        """Return which silence ends an answer at a speed that was agreed upon, None for the line's own [s]."""
        return self.quiet_s if speed is None else max(self.quiet_s, gap_s(speed.baud))

    @property
    def late_s(self) -> float:
        """How long after its time an answer may still come [s]."""
        return self.answer_timeout_s * 1.5 if self.late_window_s is None else self.late_window_s

    @property
    def rest_s(self) -> float:
        """How long the line rests after an answer [s]."""
        if self.turnaround_s is not None:
            return self.turnaround_s
        return TURNAROUND_S if isinstance(self.address, SerialAddress) else 0.0


def _bounded(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} of a line is {low} to {high}; got {value}")
