"""What meters notice: one vocabulary for the journals of all makes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EventKind(StrEnum):
    """Kinds of events, named so that a dispatcher knows what happened."""

    POWER_OFF = "power_off"
    CLOCK_SET = "clock_set"
    CLOCK_WRONG = "clock_wrong"
    """The clock is further off than can be corrected or believed: noticed by us, not told by a journal."""
    CASE_OPENED = "case_opened"
    TERMINAL_COVER_OPENED = "terminal_cover_opened"
    MAGNETIC_FIELD = "magnetic_field"
    REPROGRAMMED = "reprogrammed"
    TARIFF_TABLE_CHANGED = "tariff_table_changed"
    RELAY_OPENED = "relay_opened"
    RELAY_CLOSED = "relay_closed"
    RELAY_PERMITTED = "relay_permitted"
    LOAD_WITH_RELAY_OPEN = "load_with_relay_open"
    """Power flows where the meter says that it has disconnected: noticed by us, not told by a journal."""
    POWER_LIMIT_EXCEEDED = "power_limit_exceeded"
    PHASE_LOST = "phase_lost"
    CURRENT_REVERSED = "current_reversed"
    VOLTAGE_OUT_OF_LIMITS = "voltage_out_of_limits"
    ENERGY_RESET = "energy_reset"
    PROFILE_RESTARTED = "profile_restarted"
    METER_FAULT = "meter_fault"
    OVERCURRENT = "overcurrent"
    CURRENT_CIRCUIT_FAULT = "current_circuit_fault"
    """A current transformer open or shorted, a broken neutral, a current where none can be."""
    REACTIVE_FACTOR_EXCEEDED = "reactive_factor_exceeded"
    ACCESS_REFUSED = "access_refused"
    FIRMWARE_UPDATED = "firmware_updated"
    JOURNAL_CLEARED = "journal_cleared"
    UNKNOWN_PUSH = "unknown_push"
    """The meter said something by itself that nobody here understands: noticed by us; its bytes are the evidence."""
    SEALED_PUSH = "sealed_push"
    """It said something by itself that was not opened, and why is in the detail: noticed by us."""
    OTHER = "other"
    """What only the code of the event says."""


TAMPER_KINDS = frozenset(
    {
        EventKind.CASE_OPENED,
        EventKind.TERMINAL_COVER_OPENED,
        EventKind.MAGNETIC_FIELD,
        EventKind.REPROGRAMMED,
        EventKind.ENERGY_RESET,
        EventKind.CURRENT_REVERSED,
        EventKind.CURRENT_CIRCUIT_FAULT,
        EventKind.LOAD_WITH_RELAY_OPEN,
        EventKind.JOURNAL_CLEARED,
    }
)
"""Events that may mean interference with the meter."""


MOMENTS = frozenset(
    {
        EventKind.CLOCK_SET,
        EventKind.REPROGRAMMED,
        EventKind.TARIFF_TABLE_CHANGED,
        EventKind.RELAY_OPENED,
        EventKind.RELAY_CLOSED,
        EventKind.RELAY_PERMITTED,
        EventKind.ENERGY_RESET,
        EventKind.PROFILE_RESTARTED,
        EventKind.FIRMWARE_UPDATED,
        EventKind.JOURNAL_CLEARED,
        EventKind.UNKNOWN_PUSH,
        EventKind.SEALED_PUSH,
    }
)
"""Events that do not go on: without an end they are over all the same."""


class RelayCause(StrEnum):
    """Why a relay switched."""

    COMMAND = "command"
    BY_HAND = "by_hand"
    POWER_LIMIT = "power_limit"
    ENERGY_LIMIT = "energy_limit"
    OVERCURRENT = "overcurrent"
    OVERVOLTAGE = "overvoltage"
    MAGNETIC_FIELD = "magnetic_field"
    TEMPERATURE = "temperature"
    SEAL = "seal"
    UNBALANCE = "unbalance"
    CURRENT_WITHOUT_VOLTAGE = "current_without_voltage"
    ARBITRATOR = "arbitrator"
    """A device beside the meter that decides."""
    AUTOMATIC = "automatic"
    UNKNOWN = "unknown"


CAUSE = "cause="
"""How the cause is told in an event's detail."""


def relay_cause(detail: str) -> RelayCause | None:
    """Return the cause that an event's detail tells; None for one that tells none."""
    told = next((word.removeprefix(CAUSE) for word in detail.split() if word.startswith(CAUSE)), None)
    return RelayCause(told) if told in frozenset(RelayCause) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterEvent:
    """One event of a meter's journal.

    `ended_at` is None while the event goes on or where the journal keeps only one instant.
    `code` names exactly what the journal says, where its language has a table of codes (`spodes:voltage:13`).
    `detail` holds what else the record says, as name=value words (`cause=power_limit`, `commands=1d,31`).
    """

    kind: EventKind
    began_at: datetime
    ended_at: datetime | None
    detail: str
    exchange: int
    code: str = ""
