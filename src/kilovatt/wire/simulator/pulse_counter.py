"""An input of a pulse counter as it behaves on a line: it counts what the meter behind it gives, and answers for it.

Silent for another unit, and for registers that are not its own: other inputs of the device answer for those.
"""

from datetime import datetime

from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.wire.drivers.pulse_counter import counter_dialect, counts_request
from kilovatt.wire.protocols.modbus.frames import Frame, frame_from_bytes
from kilovatt.wire.protocols.modbus.requests import ReadRegisters
from kilovatt.wire.simulator.meter import SimulatedMeterPlan

_COUNTS = 1 << 32
_UWH_PER_KWH = 1_000_000_000
_UWH_PER_WH = 1_000_000
_WORD_BITS = 16
_WORD_MAX = 0xFFFF


class PulseCounterInput:
    """One input of a counter, and the meter that gives it its pulses."""

    def __init__(self, plan: SimulatedMeterPlan) -> None:
        self.plan = plan
        self._dialect = counter_dialect(plan.model)
        self._own = counts_request(plan.model, plan.address)

    def hear(self, frame: bytes, now: datetime) -> bytes | None:
        """Answer a frame, or keep silent."""
        try:
            heard = frame_from_bytes(frame)
            asked = ReadRegisters.parse(heard.function, heard.data)
        except ValueError:
            return None
        if heard.unit != self._dialect.unit or asked != self._own:
            return None
        count = self.count(now)
        words = (count >> _WORD_BITS, count & _WORD_MAX)
        data = asked.encode(words[::-1] if self._dialect.low_word_first else words)
        return Frame(transaction=heard.transaction, unit=heard.unit, function=heard.function, data=data).encode()

    def count(self, now: datetime) -> int:
        """Return what it has counted: the impulses since the meter showed its starting register."""
        model = self.plan.model
        assert model.impulses_per_kwh is not None, "a counter's row has the constant of the meter"
        since_uwh = self.plan.energy.register_uwh(Quantity.A_PLUS, TOTAL_TARIFF, now)
        since_uwh -= self._dialect.starting_wh * _UWH_PER_WH
        return (self._dialect.starting_count + since_uwh * model.impulses_per_kwh // _UWH_PER_KWH) % _COUNTS
