"""IEC 62056-21 mode C: Энергомера by names in the programming mode, Landis+Gyr by the readout."""

from collections.abc import Callable, Iterator

from kilovatt.measure.metering.catalogue.energomera_iec import EnergomeraIecDialect
from kilovatt.measure.metering.catalogue.landis_gyr import LandisGyrDialect
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import (
    Conversation,
    MeterAddress,
    MeterRefusedError,
    PlannedPart,
    ReadingTask,
    ask,
    ask_or_refusal,
)
from kilovatt.wire.drivers.iec62056_21.names import NamedTalk
from kilovatt.wire.drivers.iec62056_21.readout import ReadOut
from kilovatt.wire.drivers.iec62056_21.talk import Knowledge
from kilovatt.wire.protocols.framing.connection import Connection, Refusal
from kilovatt.wire.protocols.iec62056_21.connection import Iec62056Connection
from kilovatt.wire.protocols.iec62056_21.frames import BlockCheck
from kilovatt.wire.protocols.iec62056_21.requests import Break, SignOn


class Iec62056Driver:
    """What the family offers to the head-end."""

    def connection(self, meter: MeterAddress) -> Connection:
        """Return a fresh connection. Raises LocalProtocolError for an address that no meter has."""
        dialect = Knowledge(meter).dialect
        address = str(meter.address).zfill(dialect.address_digits) if meter.address else ""
        check = BlockCheck.SUM if isinstance(dialect, EnergomeraIecDialect) and dialect.check_is_sum else BlockCheck.XOR
        password = "" if isinstance(dialect, LandisGyrDialect) else meter.password or meter.model.factory_passwords[1]
        letter = dialect.baud_letter if isinstance(dialect, LandisGyrDialect) else None
        return Iec62056Connection(address, password, check=check, baud_letter=letter, parity_bits=dialect.parity_bits)

    def opening(self, meter: MeterAddress) -> Conversation[None]:
        """Sign on and give the password; a meter that is read out is signed on to when it is.

        Raises MeterRefusedError(WRONG_PASSWORD) where it refuses the password.
        """
        if isinstance(meter.model.dialect, LandisGyrDialect):
            return
        answer = yield from ask_or_refusal(SignOn())
        if isinstance(answer.value, Refusal):
            message = f"the password was refused (status {answer.value.code})"
            raise MeterRefusedError(Outcome.WRONG_PASSWORD, message, reason=answer.value.reason)

    def parts(self, meter: MeterAddress, task: ReadingTask) -> Iterator[PlannedPart]:
        """Return the conversations that do the task."""
        known = Knowledge(meter)
        talk: NamedTalk | ReadOut = ReadOut(known) if isinstance(known.dialect, LandisGyrDialect) else NamedTalk(known)
        months = task.register_months
        planned: list[tuple[bool, SessionPart, Callable[[], Conversation[Learnt]]]] = [
            (task.identity, SessionPart.IDENTITY, talk.identity),
            (task.clock, SessionPart.CLOCK, talk.clock),
            (task.instant, SessionPart.INSTANT, talk.instant),
            (task.registers_now, SessionPart.REGISTERS, talk.registers_now),
            (bool(months), SessionPart.REGISTERS, lambda: talk.months(months)),
        ]
        for wanted, part, conversation in planned:
            if wanted:
                yield PlannedPart(part, conversation())

    def closing(self, meter: MeterAddress) -> Conversation[None]:
        """End a session: within one, commands bear no address, and the next meter on the line is asked at once."""
        if not isinstance(meter.model.dialect, LandisGyrDialect):
            yield from ask(Break())
