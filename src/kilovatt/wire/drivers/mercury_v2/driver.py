"""Mercury 203.2TD, 204, 208, 230, 231, 233, 234, 236 and 238: a session with a password, registers of four tariffs.

What a meter can is taken from its variant word where it tells one, from its row in the catalogue where not: what
it lacks is not asked, since older firmware is silent about what it does not know.
"""

from collections.abc import Iterator
from datetime import datetime

from kilovatt.measure.metering.commands import Command, ReadBack
from kilovatt.measure.metering.models import PasswordForm
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.wire.drivers.conversation import (
    Conversation,
    MeterAddress,
    MeterRefusedError,
    PlannedPart,
    ReadingTask,
    ask_or_refusal,
)
from kilovatt.wire.drivers.mercury_v2 import commands, events, profile, registers
from kilovatt.wire.drivers.mercury_v2.talk import Talk
from kilovatt.wire.drivers.weeks import runs_of_days
from kilovatt.wire.protocols.framing.connection import Connection, Refusal, RefusalReason
from kilovatt.wire.protocols.mercury_v2.connection import MercuryV2Connection
from kilovatt.wire.protocols.mercury_v2.session import (
    CloseChannel,
    OpenChannel,
    password_as_ascii,
    password_as_digits,
)


class MercuryV2Driver:
    """What the family offers to the head-end."""

    def connection(self, meter: MeterAddress) -> Connection:
        """Return a fresh connection. Raises LocalProtocolError for an address that no meter can have."""
        return MercuryV2Connection(meter.address)

    def opening(self, meter: MeterAddress) -> Conversation[None]:
        """Open the channel with the password in the form of the model, then in the other one.

        Whether a meter takes digits or ASCII hangs on a letter in its type code, which owners get wrong. A meter
        without a password given has the factory's. Raises MeterRefusedError(WRONG_PASSWORD) if it takes neither.
        """
        refusals: list[Refusal] = []
        for password in _forms(meter):
            answer = yield from ask_or_refusal(OpenChannel(access_level=meter.access_level, password=password))
            if not isinstance(answer.value, Refusal):
                return
            refusals.append(answer.value)
            if answer.value.reason is RefusalReason.INTERNAL_ERROR:
                message = "the meter reports an internal error instead of opening its channel"
                raise MeterRefusedError(Outcome.REFUSED, message, reason=answer.value.reason)
        statuses = ", ".join(str(refusal.code) for refusal in refusals)
        message = f"the password of level {meter.access_level} was refused in every form (status {statuses})"
        raise MeterRefusedError(Outcome.WRONG_PASSWORD, message, reason=refusals[-1].reason)

    def parts(self, meter: MeterAddress, task: ReadingTask) -> Iterator[PlannedPart]:
        """Return the conversations that do the task, the profile by weeks, the journals one by one."""
        talk = Talk(meter)
        yield from _now(talk, task)
        yield from _registers(talk, task)
        if meter.model.has_profile:
            for run in runs_of_days(task.profile_days):
                yield PlannedPart(SessionPart.PROFILE, profile.read_days(talk, run))
        if task.events or task.wants_quality:
            others, quality = task.events, task.wants_quality
            for journal in events.journals(talk, since=task.events_since, others=others, quality=quality):
                yield PlannedPart(SessionPart.EVENTS, journal)

    def command(self, meter: MeterAddress, command: Command, *, now: datetime) -> Conversation[None]:
        """Ask what must be known, then tell the meter, once. Raises CommandNotSentError, MeterRefusedError."""
        del now
        yield from commands.carry_out(meter, command)

    def read_back(self, meter: MeterAddress, command: Command) -> Conversation[ReadBack]:
        """Read what proves a command; a correction of the clock takes as long as it is."""
        return (yield from commands.prove(meter, command))

    def closing(self, meter: MeterAddress) -> Conversation[None]:
        """Close the channel; a meter that will not is left to close it by itself."""
        del meter
        yield from ask_or_refusal(CloseChannel())


def _now(talk: Talk, task: ReadingTask) -> Iterator[PlannedPart]:
    # One by one: conversations that nobody has begun yet would wait in each of ten thousand sessions.
    if task.identity:
        yield PlannedPart(SessionPart.IDENTITY, talk.identity())
    if task.clock:
        yield PlannedPart(SessionPart.CLOCK, talk.clock())
    if task.instant:
        yield PlannedPart(SessionPart.INSTANT, talk.instant())


def _registers(talk: Talk, task: ReadingTask) -> Iterator[PlannedPart]:
    if task.registers_now:
        yield PlannedPart(SessionPart.REGISTERS, registers.read_now(talk))
    for run in runs_of_days(task.register_days):
        yield PlannedPart(SessionPart.REGISTERS, registers.read_days(talk, run))
    if task.register_months:
        yield PlannedPart(SessionPart.REGISTERS, registers.read_months(talk, task.register_months))


def _forms(meter: MeterAddress) -> list[bytes]:
    password = meter.password or meter.model.factory_passwords[meter.access_level]
    forms = [password_as_digits, password_as_ascii]
    if meter.model.password is not None and meter.model.password.form is PasswordForm.ASCII:
        forms.reverse()
    written = []
    for form in forms:
        try:
            written.append(form(password))
        except ValueError:
            # Letters cannot be sent as digits.
            continue
    if not written:
        raise MeterRefusedError(Outcome.WRONG_PASSWORD, "a password of these meters has six characters of ASCII")
    return written
