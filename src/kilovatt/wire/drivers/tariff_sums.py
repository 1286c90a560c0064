"""Registers of tariffs that add up to their sum: what was taken for an answer of the same shape shows by it.

Answers of Mercury V2, НЗиФ and СЕ102 do not say which tariff they are of. A gateway that brings one answer in the place
of another leaves registers that do not add up: these are read once more. Of a meter that really counts otherwise the
same comes back, and is believed.
"""

from collections.abc import Callable, Sequence

from kilovatt.measure.metering.registers import AnsweredRegisters, Quantity
from kilovatt.wire.drivers.conversation import Conversation
from kilovatt.wire.protocols.framing.connection import LineFault, RemoteProtocolError

STORED_WITHIN_WH = 10
"""Registers of one instant differ from their sum by what is rounded away of each."""
RUNNING_WITHIN_WH = 1_000
"""Energy goes on flowing from the first answer to the last: 40 kW make 1 kWh in a minute and a half."""

Read = Callable[[], Conversation[list[AnsweredRegisters]]]
"""Reads the sum and all tariffs of one moment, or nothing."""


class TariffSums:
    """What one session knows of how its meter's registers add up."""

    __slots__ = ("_otherwise",)

    def __init__(self) -> None:
        self._otherwise: dict[int, frozenset[Quantity]] = {}
        """Quantities whose registers do not add up here, by what was let pass: asked twice, the meter told the same."""

    def checked(self, read: Read, *, within_wh: int) -> Conversation[list[AnsweredRegisters]]:
        """Read registers until they add up, or come back the same. Raises RemoteProtocolError for what does neither."""
        first = yield from read()
        if _add_up_in_columns(first, within_wh) or not self._off(first, within_wh):
            return first
        again = yield from read()
        off = self._off(again, within_wh)
        if off and not _alike(first, again, within_wh):
            message = "the registers of the tariffs do not add up to their sum, each time otherwise"
            raise RemoteProtocolError(LineFault.NOISE, message, b"")
        self._otherwise[within_wh] = self._otherwise.get(within_wh, frozenset()) | off
        return again

    def _off(self, answered: Sequence[AnsweredRegisters], within_wh: int) -> frozenset[Quantity]:
        """Return the quantities whose registers do not add up though they did not fail to before."""
        otherwise = self._otherwise.get(within_wh, frozenset())
        sums: dict[Quantity, int] = {}
        parts: dict[Quantity, int] = {}
        for one in answered:
            for (quantity, tariff), value in zip(one.names, one.values, strict=True):
                if tariff == 0:
                    sums[quantity] = value
                else:
                    parts[quantity] = parts.get(quantity, 0) + value
        return frozenset(
            quantity
            for quantity, total in sums.items()
            if quantity in parts and abs(parts[quantity] - total) > within_wh and quantity not in otherwise
        )


def _add_up_in_columns(answered: Sequence[AnsweredRegisters], within_wh: int) -> bool:
    """Tell whether registers add up as they nearly always come: the sum first, of each tariff the same quantities."""
    total, *parts = [one.values for one in answered] or [()]
    if not parts or any(len(values) != len(total) for values in parts):
        return False
    return all(
        abs(whole - sum(column)) <= within_wh for whole, column in zip(total, zip(*parts, strict=True), strict=True)
    )


def _alike(first: Sequence[AnsweredRegisters], again: Sequence[AnsweredRegisters], within_wh: int) -> bool:
    if [one.names for one in first] != [one.names for one in again]:
        return False
    pairs = zip(first, again, strict=True)
    return all(
        abs(new - old) <= within_wh for one, other in pairs for old, new in zip(one.values, other.values, strict=True)
    )
