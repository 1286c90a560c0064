"""СЕ102 and its kin: no session, the password in every request, registers by tariff now and at past midnights.

A meter that does not have what is asked for refuses, and then brings nothing of it. How its registers are scaled is
asked once a session of those that tell, and taken from the row of those that do not.
"""

from collections.abc import Callable, Iterator

from kilovatt.measure.metering.outcomes import SessionPart
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Conversation, MeterAddress, PlannedPart, ReadingTask
from kilovatt.wire.drivers.energomera import profile, registers
from kilovatt.wire.drivers.energomera.talk import Talk, ask_with_password, password_number
from kilovatt.wire.protocols.energomera.connection import EnergomeraConnection
from kilovatt.wire.protocols.energomera.requests import Ping
from kilovatt.wire.protocols.framing.connection import Connection

_DAYS_OF_A_PART = 7


class EnergomeraDriver:
    """What the family offers to the head-end."""

    def connection(self, meter: MeterAddress) -> Connection:
        """Return a fresh connection. Raises LocalProtocolError for an address that no single meter has."""
        return EnergomeraConnection(meter.address, password_number(meter) or 0)

    def opening(self, meter: MeterAddress) -> Conversation[None]:
        """Ask whether the meter is there. Raises MeterRefusedError(WRONG_PASSWORD) where it refuses the password."""
        yield from ask_with_password(meter, Ping())

    def parts(self, meter: MeterAddress, task: ReadingTask) -> Iterator[PlannedPart]:
        """Return the conversations that do the task, the profile by weeks."""
        talk, model = Talk(meter), meter.model
        days = task.register_days if model.day_register_depth_days else ()
        months = task.register_months if model.month_register_depth_months else ()
        planned: tuple[tuple[bool, SessionPart, Callable[[], Conversation[Learnt]]], ...] = (
            (task.identity, SessionPart.IDENTITY, talk.identity),
            (task.clock, SessionPart.CLOCK, talk.clock),
            (task.instant, SessionPart.INSTANT, talk.instant),
            (task.registers_now, SessionPart.REGISTERS, lambda: registers.read_now(talk)),
            (bool(days), SessionPart.REGISTERS, lambda: registers.read_days(talk, days)),
            (bool(months), SessionPart.REGISTERS, lambda: registers.read_months(talk, months)),
        )
        for wanted, part, conversation in planned:
            if wanted:
                yield PlannedPart(part, conversation())
        if model.has_profile:
            for start in range(0, len(task.profile_days), _DAYS_OF_A_PART):
                week = task.profile_days[start : start + _DAYS_OF_A_PART]
                yield PlannedPart(SessionPart.PROFILE, profile.read_days(talk, week))

    def closing(self, meter: MeterAddress) -> Conversation[None]:
        """Ask for what no half-hour can be taken for: an answer too many that a gateway brought comes to light so."""
        yield from ask_with_password(meter, Ping())
