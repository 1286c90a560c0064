"""Concentrators of СПОДУС (СТО 34.01-5.1-013-2023), and СПОДЭС meters that are read through them.

A concentrator passes on what comes for the address of a direct channel, and brings back what the meter says: to a
reader the meter is a logical device of the concentrator, and all else is СПОДЭС.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from kilovatt.measure.metering.catalogue.spodes import SpodesDialect
from kilovatt.measure.metering.catalogue.spodus import SPODUS_USPD, SpodusDialect, is_behind
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.sessions import Identity, Learnt
from kilovatt.measure.metering.spodes.event_code import Journal
from kilovatt.wire.drivers.conversation import (
    Conversation,
    MeterAddress,
    MeterRefusedError,
    PlannedPart,
    ReadingTask,
    ask,
    ask_or_refusal,
)
from kilovatt.wire.drivers.cosem.opening import open_connection, open_session
from kilovatt.wire.drivers.cosem.profile import read_buffer
from kilovatt.wire.drivers.cosem.talk import CLOCK, DATA, VALUE, Talk
from kilovatt.wire.drivers.cosem.texts import text_of
from kilovatt.wire.drivers.spodes.driver import SpodesDriver, understood
from kilovatt.wire.drivers.spodes.events import events_of
from kilovatt.wire.drivers.spodus.state import read_state
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.association.client import DlmsConnection
from kilovatt.wire.protocols.dlms.association.requests import Associate, GetAttribute
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.framing.connection import Connection, Refusal, RefusalReason
from kilovatt.wire.protocols.framing.wrapper import WrapperLink

_SERIAL, _MODEL, _FIRMWARE, _VERSION = (Obis.parse(f"0.0.96.1.{number}.255") for number in (0, 1, 2, 6))
_OWN_JOURNALS = (Journal.PROGRAMMING, Journal.ACCESS, Journal.SELF_DIAGNOSTICS)
_YEARS_BACK = timedelta(days=366 * 3)
_MANAGEMENT = 1


class ThroughConcentratorDriver(SpodesDriver):
    """СПОДЭС meters behind a concentrator: the address is that of their direct channel."""

    def connection(self, meter: MeterAddress) -> Connection:
        """Return a fresh connection to a direct channel. Raises LocalProtocolError for keys that are missing."""
        return open_connection(meter, _addressed(meter))

    def opening(self, meter: MeterAddress) -> Conversation[None]:
        """Be associated with the meter. Raises MeterRefusedError, with METER_UNREACHED where its concentrator answers.

        A meter itself accepts or rejects an association: an exception in its place is the concentrator's.
        """
        try:
            yield from open_session(meter, _addressed(meter))
        except MeterRefusedError as error:
            if error.outcome is Outcome.REFUSED and error.reason is RefusalReason.OTHER:
                message = f"the concentrator does not reach the meter at its address {meter.address}"
                raise MeterRefusedError(Outcome.METER_UNREACHED, message, reason=error.reason) from error
            raise


class ConcentratorDriver(SpodesDriver):
    """The concentrator itself: who it is, its clock, the meters behind it and how it hears them, its own journals."""

    def connection(self, meter: MeterAddress) -> Connection:
        """Return a fresh connection to its own logical device. Raises LocalProtocolError for keys that are missing."""
        return open_connection(meter, _addressed(meter))

    def opening(self, meter: MeterAddress) -> Conversation[None]:
        """Be associated. Raises MeterRefusedError(WRONG_PASSWORD, REFUSED)."""
        yield from open_session(meter, _addressed(meter))

    def parts(self, meter: MeterAddress, task: ReadingTask) -> Iterator[PlannedPart]:
        """Return the conversations that do the task; what it knows of its meters is its register."""
        talk = Talk(meter)
        if task.identity:
            yield PlannedPart(SessionPart.IDENTITY, understood(_identity(talk)))
        if task.clock:
            yield PlannedPart(SessionPart.CLOCK, understood(talk.clock()))
        if task.registers_now:
            yield PlannedPart(SessionPart.METERS, understood(read_state(talk)))
        if task.events:
            for journal in _OWN_JOURNALS:
                yield PlannedPart(SessionPart.EVENTS, understood(_journal(talk, journal, task.events_since)))


def concentrator_of(meter: MeterAddress) -> Connection | None:
    """Return a connection to the concentrator before a meter, as its public client; None for a meter behind none."""
    if not is_behind(meter.model):
        return None
    dialect = SPODUS_USPD.dialect
    assert isinstance(dialect, SpodesDialect), "a row of this language has its dialect"
    return DlmsConnection(WrapperLink(client=dialect.public_sap, server=_MANAGEMENT))


def hear_concentrator() -> Conversation[None]:
    """Ask a concentrator for its clock, as anybody may: whatever it answers, it is there."""
    answer = yield from ask_or_refusal(Associate())
    if not isinstance(answer.value, Refusal):
        yield from ask_or_refusal(GetAttribute(CLOCK))


def _addressed(meter: MeterAddress) -> SpodesDialect:
    """Return a dialect whose logical device is the address."""
    dialect = meter.model.dialect
    assert isinstance(dialect, SpodesDialect), "a row of this language has its dialect"
    return replace(dialect, logical_device=meter.address)


def _identity(talk: Talk) -> Conversation[Learnt]:
    """Read who it is. Raises MeterRefusedError(ANOTHER_METER) where another serial number was expected."""
    answer = yield from ask(GetAttribute(Descriptor(DATA, _SERIAL, VALUE)))
    serial = text_of(answer.value, talk.dialect.text_encoding)
    talk.check_serial(serial)
    told: list[str | None] = []
    for name in (_MODEL, _FIRMWARE, _VERSION):
        found = yield from talk.value_of(DATA, name)
        told.append(None if found is None else text_of(found.value, talk.dialect.text_encoding))
    model, firmware, version = told
    return Learnt(
        identity=Identity(
            serial=serial,
            # It tells the year alone.
            made_on=None,
            firmware=firmware,
            variant=", ".join(text for text in (model, version and f"СПОДУС {version}") if text) or None,
            exchange=answer.exchange,
        )
    )


def _journal(talk: Talk, journal: Journal, since: datetime | None) -> Conversation[Learnt]:
    if talk.clock_reading is None:
        yield from talk.clock()
    assert talk.clock_reading is not None
    now = talk.clock_reading.taken_at
    dialect = talk.dialect
    as_codes = isinstance(dialect, SpodusDialect) and dialect.journals_named_as_codes
    name = f"0.0.96.11.{journal.value}.255" if as_codes else f"0.0.99.98.{journal.value}.255"
    buffer = yield from read_buffer(
        talk,
        Obis.parse(name),
        since=since or now - _YEARS_BACK,
        until=now + timedelta(days=1),
        with_scalers=False,
        is_journal=True,
    )
    return Learnt() if buffer is None else Learnt(events=events_of(journal, buffer))
