"""Landis+Gyr by DLMS: an association by short or by logical names, objects found in the meter's own list of them.

Registers, months and instant values are where СПОДЭС has them; profile columns and the event log are its own.
"""

from collections.abc import Iterator

from kilovatt.measure.metering.catalogue.landis_gyr import LandisGyrCosemDialect
from kilovatt.measure.metering.outcomes import SessionPart
from kilovatt.measure.metering.sessions import Identity, Learnt
from kilovatt.wire.drivers.conversation import (
    Conversation,
    MeterAddress,
    PlannedPart,
    ReadingTask,
    ask,
    ask_or_refusal,
)
from kilovatt.wire.drivers.cosem import registers
from kilovatt.wire.drivers.cosem.links import link_to
from kilovatt.wire.drivers.cosem.opening import READING_LEVEL, check_association, open_session
from kilovatt.wire.drivers.cosem.short_names import ShortNames
from kilovatt.wire.drivers.cosem.talk import DATA, VALUE, Talk, check_serial
from kilovatt.wire.drivers.cosem.texts import text_of
from kilovatt.wire.drivers.landis_gyr import events, profile
from kilovatt.wire.drivers.spodes.driver import understood
from kilovatt.wire.drivers.weeks import runs_of_days
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.apdu.acse import Context, Mechanism
from kilovatt.wire.protocols.dlms.apdu.initiate import Conformance
from kilovatt.wire.protocols.dlms.association.client import DlmsConnection
from kilovatt.wire.protocols.dlms.association.requests import Associate, CloseLink, GetAttribute, OpenLink
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.framing.connection import Connection, LocalProtocolError

SHORT_NAME_SERVICES = (
    Conformance.READ
    | Conformance.WRITE
    | Conformance.UNCONFIRMED_WRITE
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.INFORMATION_REPORT
    | Conformance.PARAMETERIZED_ACCESS
)
"""What the captured client offers (1C0320h)."""


class LandisGyrDriver:
    """What the family offers to the head-end."""

    def connection(self, meter: MeterAddress) -> Connection:
        """Return a fresh connection.

        Raises LocalProtocolError for an address that no meter can have, and for short names over the wrapper: nothing
        there would tell which question an answer belongs to.
        """
        dialect = _dialect(meter)
        if dialect.uses_short_names and dialect.over_wrapper:
            raise LocalProtocolError("answers to short names bear no number: they are read over HDLC only")
        return DlmsConnection(link_to(meter, dialect, dialect.reader_sap))

    def opening(self, meter: MeterAddress) -> Conversation[None]:
        """Open the link and be associated. Raises MeterRefusedError(WRONG_PASSWORD, REFUSED, CHANNEL_CLOSED)."""
        dialect = _dialect(meter)
        if not dialect.uses_short_names:
            yield from open_session(meter, dialect)
            return
        yield from ask(OpenLink())
        password = meter.password or meter.model.factory_passwords[READING_LEVEL]
        association = Associate(
            mechanism=Mechanism.LLS,
            context=Context.SHORT_NAMES,
            secret=password.encode(),
            conformance=SHORT_NAME_SERVICES,
        )
        check_association((yield from ask_or_refusal(association)))

    def parts(self, meter: MeterAddress, task: ReadingTask) -> Iterator[PlannedPart]:
        """Return the conversations that do the task, the profile by weeks."""
        talk, dialect = Talk(meter), _dialect(meter)
        names = ShortNames(dialect.association_base) if dialect.uses_short_names else None
        days, months = task.register_days, task.register_months
        single: tuple[tuple[bool, SessionPart, Conversation[Learnt]], ...] = (
            (task.identity, SessionPart.IDENTITY, _identity(talk, dialect)),
            (task.clock, SessionPart.CLOCK, talk.clock()),
            (task.instant, SessionPart.INSTANT, talk.instant()),
            (task.registers_now, SessionPart.REGISTERS, registers.read_now(talk)),
            (bool(days), SessionPart.REGISTERS, registers.read_days(talk, days)),
            (bool(months), SessionPart.REGISTERS, registers.read_months(talk, months)),
        )
        wanted = [(part, conversation) for is_wanted, part, conversation in single if is_wanted]
        runs = runs_of_days(task.profile_days)
        wanted += [(SessionPart.PROFILE, profile.read_days(talk, run)) for run in runs]
        if task.events:
            wanted += [(SessionPart.EVENTS, events.read(talk, dialect, since=task.events_since))]
        for part, conversation in wanted:
            yield PlannedPart(part, understood(conversation if names is None else names.carry(conversation)))

    def closing(self, meter: MeterAddress) -> Conversation[None]:
        """Close the link."""
        if not _dialect(meter).over_wrapper:
            yield from ask_or_refusal(CloseLink())


def _identity(talk: Talk, dialect: LandisGyrCosemDialect) -> Conversation[Learnt]:
    """Read who it is. Raises MeterRefusedError(ANOTHER_METER) where another serial number was expected."""
    answer = yield from ask(GetAttribute(Descriptor(DATA, Obis.parse(dialect.serial_obis), VALUE)))
    serial = text_of(answer.value, dialect.text_encoding)
    check_serial(talk.meter, serial)
    firmware = yield from talk.value_of(DATA, Obis.parse(dialect.firmware_obis))
    return Learnt(
        identity=Identity(
            serial=serial,
            made_on=None,
            firmware=None if firmware is None else text_of(firmware.value, dialect.text_encoding),
            variant=None,
            exchange=answer.exchange,
        )
    )


def _dialect(meter: MeterAddress) -> LandisGyrCosemDialect:
    dialect = meter.model.dialect
    assert isinstance(dialect, LandisGyrCosemDialect), "a row of this family has its dialect"
    return dialect
