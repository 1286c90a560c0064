"""The relay: disconnect control (class 70; Blue Book, 4.5.8)."""

from dataclasses import dataclass
from enum import IntEnum

from kilovatt.wire.protocols.dlms.objects.shapes import integer
from kilovatt.wire.protocols.dlms.values import DlmsValue, Enumerate


class RelayMethod(IntEnum):
    """What the relay can be told; the parameter is an Integer 0."""

    DISCONNECT = 1
    RECONNECT = 2


class ControlState(IntEnum):
    """Attribute 3: whether the consumer is connected, or may connect by hand."""

    DISCONNECTED = 0
    CONNECTED = 1
    READY_FOR_RECONNECTION = 2


@dataclass(frozen=True, slots=True)
class ControlMode:
    """Attribute 4: who may open and close the relay, as a number of the Blue Book's table, 0 to 6."""

    number: int

    @property
    def opens_remotely(self) -> bool:
        """Whether a command opens it: in every mode but 0, where nothing does."""
        return self.number != 0

    @property
    def closes_remotely(self) -> bool:
        """Whether a command alone closes it: in modes 2 and 4; in the others a hand must follow."""
        return self.number in (2, 4)

    @property
    def opens_by_hand(self) -> bool:
        """Whether the button at the meter opens it: in modes 1, 2 and 5."""
        return self.number in (1, 2, 5)

    @property
    def closes_by_itself(self) -> bool:
        """Whether the meter closes it again, as a limiter does: in modes 5 and 6."""
        return self.number in (5, 6)

    def encode(self) -> Enumerate:
        """Return attribute 4."""
        return Enumerate(self.number)


def decode_output_state(value: DlmsValue) -> bool:
    """Return attribute 2: whether the relay is closed. A number 0 or 1 is taken too. Raises MalformedError."""
    return value if isinstance(value, bool) else bool(integer(value, "a state of the relay", 0, 1))


def decode_control_state(value: DlmsValue) -> ControlState:
    """Return attribute 3. Raises MalformedError."""
    return ControlState(integer(value, "a state of control", 0, 2))


def decode_control_mode(value: DlmsValue) -> ControlMode:
    """Return attribute 4. Raises MalformedError."""
    return ControlMode(integer(value, "a mode of control", 0, 6))
