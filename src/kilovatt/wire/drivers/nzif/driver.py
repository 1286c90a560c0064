"""СЭТ-4ТМ and ПСЧ-4ТМ of НЗиФ: a session with a password, registers of the tariffs, a profile found by date."""

from collections.abc import Iterator

from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import (
    Conversation,
    MeterAddress,
    MeterRefusedError,
    PlannedPart,
    ReadingTask,
    ask_or_refusal,
)
from kilovatt.wire.drivers.nzif import events, profile, registers
from kilovatt.wire.drivers.nzif.talk import Talk, ask_again
from kilovatt.wire.drivers.weeks import runs_of_days
from kilovatt.wire.protocols.framing.connection import Connection, Refusal
from kilovatt.wire.protocols.nzif.connection import NzifConnection
from kilovatt.wire.protocols.nzif.request import Status
from kilovatt.wire.protocols.nzif.session import CloseChannel, OpenChannel, password_bytes

_WRONG_PASSWORD = frozenset({Status.UNKNOWN_REQUEST, Status.ACCESS_DENIED, Status.CHANNEL_CLOSED})
"""3 is what programs hear of a wrong password; 1 and 5 can mean nothing else here."""


class NzifDriver:
    """What the family offers to the head-end."""

    def connection(self, meter: MeterAddress) -> Connection:
        """Return a fresh connection. Raises LocalProtocolError for an address that no meter can have."""
        return NzifConnection(meter.address)

    def opening(self, meter: MeterAddress) -> Conversation[None]:
        """Open the channel with the password given, or the factory's of the access level.

        Raises MeterRefusedError(WRONG_PASSWORD) where the meter does not take it.
        """
        answer = yield from ask_again(OpenChannel(_password(meter)))
        if not isinstance(answer.value, Refusal):
            return
        code = answer.value.code
        outcome = Outcome.WRONG_PASSWORD if code in _WRONG_PASSWORD else Outcome.REFUSED
        message = f"the channel was not opened with the password of level {meter.access_level} (status {code})"
        raise MeterRefusedError(outcome, message, reason=answer.value.reason)

    def parts(self, meter: MeterAddress, task: ReadingTask) -> Iterator[PlannedPart]:
        """Return the conversations that do the task, the profile by weeks, the journals one by one."""
        talk = Talk(meter)
        months, days = task.register_months, task.register_days
        keeps_days = bool(days) and meter.model.day_register_depth_days > 0
        single: tuple[tuple[bool, SessionPart, Conversation[Learnt]], ...] = (
            (task.identity, SessionPart.IDENTITY, talk.identity()),
            (task.clock, SessionPart.CLOCK, talk.clock()),
            (task.instant, SessionPart.INSTANT, talk.instant()),
            (task.registers_now, SessionPart.REGISTERS, registers.read_now(talk)),
            *((keeps_days, SessionPart.REGISTERS, registers.read_days(talk, run)) for run in runs_of_days(days)),
            (bool(months), SessionPart.REGISTERS, registers.read_months(talk, months)),
        )
        yield from (PlannedPart(part, conversation) for wanted, part, conversation in single if wanted)
        if meter.model.has_profile:
            for run in runs_of_days(task.profile_days):
                yield PlannedPart(SessionPart.PROFILE, profile.read_days(talk, run))
        if task.events:
            for journal in events.journals(talk, since=task.events_since):
                yield PlannedPart(SessionPart.EVENTS, journal)

    def closing(self, meter: MeterAddress) -> Conversation[None]:
        """Close the channel; a meter that will not is left to close it by itself."""
        del meter
        yield from ask_or_refusal(CloseChannel())


def _password(meter: MeterAddress) -> bytes:
    try:
        return password_bytes(meter.password or meter.model.factory_passwords[meter.access_level])
    except ValueError as error:
        raise MeterRefusedError(Outcome.WRONG_PASSWORD, str(error)) from error
