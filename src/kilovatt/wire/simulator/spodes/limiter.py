"""The limiter of a simulated СПОДЭС meter (class 71): above a threshold for so long, it opens the relay."""

from datetime import datetime, timedelta

from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.limiter import LimiterActions, MonitoredValue, ScriptChoice
from kilovatt.wire.protocols.dlms.objects.relay import ControlState
from kilovatt.wire.protocols.dlms.values import DlmsValue, DoubleLongUnsigned
from kilovatt.wire.simulator.spodes import journals
from kilovatt.wire.simulator.spodes.energies import POWER_PARTS, REGISTER
from kilovatt.wire.simulator.spodes.journals import Journal
from kilovatt.wire.simulator.spodes.objects import CannotBeSetError, CosemObject
from kilovatt.wire.simulator.spodes.relay import Relay
from kilovatt.wire.simulator.spodes.works import Works

CLASS_ID = 71
POWER_OF_IMPORT = Obis.parse("1.0.1.7.0.255")
NO_LIMIT = 0xFFFF_FFFF
_SCRIPTS = Obis.parse("0.0.10.0.106.255")
_OPEN_SCRIPT, _NO_SCRIPT = 1, 0
_EVEN = timedelta(minutes=30)
"""Within such a half-hour the power is one."""
_LOOKED_BACK = timedelta(days=7)
"""A meter that nobody has asked for longer has been watched for so long only."""


class Limiter:
    """Watches the power drawn. It does so when it is looked at: for the time since it was looked at last."""

    def __init__(self, works: Works, relay: Relay) -> None:
        self._works = works
        self._relay = relay
        self.threshold = NO_LIMIT
        """In the scale of the value that is watched."""
        self.over_s = self.under_s = 60
        self._watched_until: datetime | None = None
        self._over_since: datetime | None = None
        self._under_since: datetime | None = None

    def catch_up(self, now: datetime) -> None:
        """Do what was to be done since the last time."""
        since, self._watched_until = self._watched_until, now
        if since is None or self.threshold == NO_LIMIT:
            return
        at, begins_at = max(since, now - _LOOKED_BACK), self._works.plan.energy.begins_at
        while at < now:
            until = min(now, at + _EVEN - (at - begins_at) % _EVEN)
            self._watch(at, until)
            at = until

    def as_object(self, name: Obis) -> CosemObject:
        """Return the object that shows it."""
        actions = LimiterActions(ScriptChoice(_SCRIPTS, _OPEN_SCRIPT), ScriptChoice(_SCRIPTS, _NO_SCRIPT))
        return CosemObject(
            class_id=CLASS_ID,
            obis=name,
            attributes={
                2: lambda _: MonitoredValue(REGISTER, POWER_OF_IMPORT, 2).encode(),
                3: lambda _: DoubleLongUnsigned(self.threshold),
                4: lambda _: DoubleLongUnsigned(self.threshold),
                6: lambda _: DoubleLongUnsigned(self.over_s),
                7: lambda _: DoubleLongUnsigned(self.under_s),
                11: lambda _: actions.encode(),
            },
            writes={4: self._set_threshold, 6: self._set_delay},
        )

    def _watch(self, at: datetime, until: datetime) -> None:
        """Follow a span of one power; each turn takes a second at least."""
        power = self._works.plan.energy.power_w(Quantity.A_PLUS, at) * POWER_PARTS
        while at < until:
            if self._relay.state is ControlState.CONNECTED:
                if power <= self.threshold:
                    self._over_since = None
                    return
                self._over_since = self._over_since or at
                due_at = max(at, self._over_since + timedelta(seconds=max(1, self.over_s)))
                if due_at >= until:
                    return
                self._relay.trip(due_at)
                self._over_since, self._under_since = None, due_at
            elif self._relay.is_tripped and self._relay.mode.closes_by_itself and self._under_since is not None:
                due_at = max(at, self._under_since + timedelta(seconds=max(1, self.under_s)))
                if due_at >= until:
                    return
                self._relay.close_by_itself(due_at)
            else:
                return
            at = due_at

    def _set_threshold(self, value: DlmsValue, now: datetime) -> None:
        self.threshold = _count(value)
        self._over_since = None
        self._works.journals.note(Journal.PROGRAMMING, journals.POWER_LIMIT_SET, now)

    def _set_delay(self, value: DlmsValue, now: datetime) -> None:
        self.over_s = _count(value)
        self._works.journals.note(Journal.PROGRAMMING, journals.POWER_DELAY_SET, now)


def _count(value: DlmsValue) -> int:
    if not isinstance(value, DoubleLongUnsigned):
        raise CannotBeSetError
    return int(value)
