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
    ACCESS_DENIED = "access_denied"
    """The meter answered properly that who asks may not: the password or association has too few rights."""
    ANOTHER_METER = "another_meter"
    """A meter answered whose address or serial number is not the one asked."""
    METER_UNREACHED = "meter_unreached"
    """The concentrator answers, and the meter behind it does not."""
    CONCENTRATOR_SILENT = "concentrator_silent"
    """Neither the meter nor the concentrator before it answers."""
    BUSY = "busy"
    """The number called, or the modem that calls, is in use."""
    MODEM_OFFLINE = "modem_offline"
    """The modem or meter that calls us has not called."""


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


class Condition(StrEnum):
    """Why there is no data, or none to rely on, although no session failed. The names are as stable."""

    NO_LINE = "no_line"
    """The meter is on record without a line: nobody can ask it."""
    NOT_VISITED = "not_visited"
    """Within the last day nobody has tried to read the meter."""
    CLOCK_WRONG = "clock_wrong"
    """The meter is read, and its clock is so far off that its intervals belong to other hours."""
