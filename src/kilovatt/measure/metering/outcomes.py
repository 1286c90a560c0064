"""Why there is no data: how a session with a meter ended, in one taxonomy for all makes and channels."""

from enum import StrEnum


class Outcome(StrEnum):
    """How a session ended. The names are stable: they stand in the database, in JSON and on the board."""

    OK = "ok"
    NO_ROUTE = "no_route"
    """The gateway or port could not be opened, or the connection was lost."""
    SILENCE = "silence"
    """Nothing came back."""
    ECHO = "echo"
    """Only our own request came back."""
    NOISE = "noise"
    """Bytes came back that are no valid answer."""
    WRONG_PASSWORD = "wrong_password"
    CHANNEL_CLOSED = "channel_closed"
    """The meter says that the channel is not open, and opening it again did not help."""
    REFUSED = "refused"
    """The meter answered properly that it will not."""
    ANOTHER_METER = "another_meter"
    """A meter answered whose address or serial number is not the one asked."""
    METER_UNREACHED = "meter_unreached"
    """The concentrator answers, and the meter behind it does not."""


class SessionPart(StrEnum):
    """Which part of a session something belongs to."""

    OPENING = "opening"
    IDENTITY = "identity"
    CLOCK = "clock"
    INSTANT = "instant"
    REGISTERS = "registers"
    PROFILE = "profile"
    EVENTS = "events"
    METERS = "meters"
    """The meters behind a concentrator."""
