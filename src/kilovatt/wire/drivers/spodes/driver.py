"""СПОДЭС (ГОСТ Р 58940-2020): an association, objects by their logical names, profiles by their columns."""

from collections.abc import Iterator
from datetime import datetime

from kilovatt.measure.metering.catalogue.spodes import SpodesDialect
from kilovatt.measure.metering.commands import Command, ReadBack
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
from kilovatt.wire.drivers.cosem import profile, registers
from kilovatt.wire.drivers.cosem.opening import open_connection, open_session
from kilovatt.wire.drivers.cosem.talk import Talk
from kilovatt.wire.drivers.spodes import commands, events
from kilovatt.wire.drivers.weeks import runs_of_days
from kilovatt.wire.protocols.dlms.association.requests import CloseLink
from kilovatt.wire.protocols.dlms.values import MalformedError
from kilovatt.wire.protocols.framing.connection import Connection


class SpodesDriver:
    """What the family offers to the head-end."""

    def connection(self, meter: MeterAddress) -> Connection:
        """Return a fresh connection, of a reader, or of a configurator where there are keys.

        Raises LocalProtocolError for an address that no meter can have, and for keys that are wanted and missing.
        """
        return open_connection(meter, _dialect(meter))

    def opening(self, meter: MeterAddress) -> Conversation[None]:
        """Open the link and be associated. Raises MeterRefusedError(WRONG_PASSWORD, REFUSED)."""
        yield from open_session(meter, _dialect(meter))

    def parts(self, meter: MeterAddress, task: ReadingTask) -> Iterator[PlannedPart]:
        """Return the conversations that do the task, the profile by weeks, the journals one by one."""
        talk = Talk(meter)
        days, months = task.register_days, task.register_months
        single: tuple[tuple[bool, SessionPart, Conversation[Learnt]], ...] = (
            (task.identity, SessionPart.IDENTITY, talk.identity()),
            (task.clock, SessionPart.CLOCK, talk.clock()),
            (task.instant, SessionPart.INSTANT, talk.instant()),
            (task.registers_now, SessionPart.REGISTERS, registers.read_now(talk)),
            (bool(days), SessionPart.REGISTERS, registers.read_days(talk, days)),
            (bool(months), SessionPart.REGISTERS, registers.read_months(talk, months)),
        )
        yield from (PlannedPart(part, understood(conversation)) for wanted, part, conversation in single if wanted)
        for run in runs_of_days(task.profile_days):
            yield PlannedPart(SessionPart.PROFILE, understood(profile.read_days(talk, run)))
        if task.events or task.wants_quality:
            others, quality = task.events, task.wants_quality
            for journal in events.journals(talk, since=task.events_since, others=others, quality=quality):
                yield PlannedPart(SessionPart.EVENTS, understood(journal))

    def command(self, meter: MeterAddress, command: Command, *, now: datetime) -> Conversation[None]:
        """Ask what must be known, then tell the meter, once. Raises CommandNotSentError, MeterRefusedError."""
        yield from commands.carry_out(meter, _dialect(meter), command, now=now)

    def read_back(self, meter: MeterAddress, command: Command) -> Conversation[ReadBack]:
        """Read what proves a command; a changed password is proved by a session that was opened with it."""
        return (yield from commands.prove(meter, _dialect(meter), command))

    def closing(self, meter: MeterAddress) -> Conversation[None]:
        """Close the link; meters often know no other farewell."""
        if not _dialect(meter).over_wrapper:
            yield from ask_or_refusal(CloseLink())


def understood(conversation: Conversation[Learnt]) -> Conversation[Learnt]:
    """Carry a part on; whole values that make no sense lose this part only."""
    try:
        return (yield from conversation)
    except MalformedError as error:
        raise MeterRefusedError(Outcome.NOISE, str(error)) from error


def _dialect(meter: MeterAddress) -> SpodesDialect:
    dialect = meter.model.dialect
    assert isinstance(dialect, SpodesDialect), "a row of this language has its dialect"
    return dialect
