"""The works of one simulated meter: what it is made of, its channel, and the search that it was last asked for."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kilovatt.measure.metering.catalogue.nzif import NzifDialect
from kilovatt.wire.protocols.nzif.parameters import IMPULSES_PER_KWH, Variant
from kilovatt.wire.protocols.nzif.profile import Search, SearchState
from kilovatt.wire.simulator.clockwork import Clockwork
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.nzif.counting import Counting
from kilovatt.wire.simulator.nzif.flow import Flow
from kilovatt.wire.simulator.nzif.journals import Journals
from kilovatt.wire.simulator.nzif.ring import ProfileRing

_CLASSES_AND_NOMINALS = 0b0110_0100
_WIDE_TEMPERATURE = 0x40
_ONE_PHASE = 0x10
_CODES = {constant: code for code, constant in IMPULSES_PER_KWH.items()}


class Channel:
    """The channel: open for so long after whatever was asked last."""

    def __init__(self, passwords: dict[int, str], *, life_s: int) -> None:
        self._passwords = frozenset(password.encode("ascii") for password in passwords.values())
        self._life = timedelta(seconds=life_s)
        self._open_until: datetime | None = None

    def open(self, password: bytes, now: datetime) -> bool:
        """Open it; return whether a password is one of the meter's."""
        if password not in self._passwords:
            return False
        self._open_until = now + self._life
        return True

    def close(self) -> None:
        """Close it."""
        self._open_until = None

    def is_open(self, now: datetime) -> bool:
        """Whether it is open; if so, it stays so for its life from now."""
        if self._open_until is None or now > self._open_until:
            return False
        self._open_until = now + self._life
        return True


class Searching:
    """One search at a time: it is still under way when first asked about."""

    def __init__(self) -> None:
        self._result: Search | None = None
        self._asked = False

    def begin(self, address: int | None) -> None:
        """Begin a search that will come to an address, or to nothing."""
        found = SearchState.NOT_FOUND if address is None else SearchState.FOUND
        self._result, self._asked = Search(found, address or 0), False

    def fail(self, state: SearchState) -> None:
        """Begin a search that is wrong in itself."""
        self._result, self._asked = Search(state, 0), True

    def state(self) -> Search:
        """Return how far it has come."""
        if self._result is None:
            return Search(SearchState.NOT_FOUND, 0)
        if not self._asked:
            self._asked = True
            return Search(SearchState.SEARCHING, 0)
        return self._result


@dataclass(frozen=True, slots=True, kw_only=True)
class Works:
    """The works of one meter."""

    plan: SimulatedMeterPlan
    dialect: NzifDialect
    channel: Channel
    clockwork: Clockwork
    counting: Counting
    ring: ProfileRing
    flow: Flow
    journals: Journals
    searching: Searching = field(default_factory=Searching)

    @property
    def variant(self) -> Variant:
        """The variant word: what the row of the catalogue says, in bits."""
        model = self.plan.model
        assert model.impulses_per_kwh is not None, "every row of this language has a meter constant"
        phases = _ONE_PHASE if model.phases == 1 else 0
        code = _CODES[model.impulses_per_kwh] | phases | _WIDE_TEMPERATURE
        return Variant(bytes([_CLASSES_AND_NOMINALS, code, self.dialect.type_code << 4]))
