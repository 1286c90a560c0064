"""Pulse counters over Modbus TCP: the impulses of a meter, as the register that the meter itself would show."""

from collections.abc import Iterator

from kilovatt.measure.metering.catalogue.counters import PulseCounterDialect
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import SessionPart
from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity, RegisterMoment, RegisterReading
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Conversation, MeterAddress, PlannedPart, ReadingTask, ask
from kilovatt.wire.protocols.framing.connection import Connection, LocalProtocolError
from kilovatt.wire.protocols.modbus.connection import ModbusConnection
from kilovatt.wire.protocols.modbus.requests import ReadRegisters, Table

_WORDS = 2
_WORD_BITS = 16
_COUNTS = 1 << 32
_WH_PER_KWH = 1000


def counter_dialect(model: MeterModel) -> PulseCounterDialect:
    """Return the options of a counter's row."""
    assert isinstance(model.dialect, PulseCounterDialect), "every row of this language has its dialect"
    return model.dialect


def counts_request(model: MeterModel, place: int) -> ReadRegisters:
    """Return the request for the counts of an input (1..). Raises ValueError for one that no device has."""
    dialect = counter_dialect(model)
    table = Table.HOLDING if dialect.holding else Table.INPUT
    return ReadRegisters(table, dialect.first_register + _WORDS * (place - 1), _WORDS)


def register_wh(model: MeterModel, count: int) -> int:
    """Return what the meter's register shows when its counter stands at a count [Wh], floored.

    A counter that passed its top since `starting_count` has counted through it once.
    """
    dialect = counter_dialect(model)
    assert model.impulses_per_kwh is not None, "a counter's row has the constant of the meter"
    impulses = (count - dialect.starting_count) % _COUNTS
    return dialect.starting_wh + impulses * _WH_PER_KWH // model.impulses_per_kwh


class PulseCounterDriver:
    """What counters offer to the head-end.

    A counter has no clock and no serial number: whose pulses it counts it cannot say, and nobody can check.
    """

    def connection(self, meter: MeterAddress) -> Connection:
        """Return a fresh connection. Raises LocalProtocolError for an input or a unit that no device has."""
        try:
            counts_request(meter.model, meter.address)
        except ValueError as error:
            raise LocalProtocolError(f"there is no input {meter.address}: {error}") from error
        return ModbusConnection(counter_dialect(meter.model).unit)

    def opening(self, meter: MeterAddress) -> Conversation[None]:
        """Say nothing: there are no sessions."""
        del meter
        yield from ()

    def parts(self, meter: MeterAddress, task: ReadingTask) -> Iterator[PlannedPart]:
        """Return the one conversation there is: the register now."""
        if task.registers_now:
            yield PlannedPart(SessionPart.REGISTERS, _read_now(meter))

    def closing(self, meter: MeterAddress) -> Conversation[None]:
        """Say nothing: there are no sessions."""
        del meter
        yield from ()


def _read_now(meter: MeterAddress) -> Conversation[Learnt]:
    answer = yield from ask(counts_request(meter.model, meter.address))
    words = answer.value[::-1] if counter_dialect(meter.model).low_word_first else answer.value
    count = words[0] << _WORD_BITS | words[1]
    # There is no clock but ours.
    taken_at = answer.heard_at.replace(microsecond=0)
    reading = RegisterReading(
        quantity=Quantity.A_PLUS,
        tariff=TOTAL_TARIFF,
        value=register_wh(meter.model, count),
        moment=RegisterMoment.NOW,
        taken_at=taken_at,
        heard_at=answer.heard_at,
        exchange=answer.exchange,
    )
    return Learnt(registers=(reading,))
