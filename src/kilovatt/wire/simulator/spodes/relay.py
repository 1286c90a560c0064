"""The relay of a simulated СПОДЭС meter (class 70; Blue Book, 4.5.8): who opens and closes it, its mode says."""

from datetime import datetime

from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.relay import ControlMode, ControlState, RelayMethod, decode_control_mode
from kilovatt.wire.protocols.dlms.values import DlmsValue, Enumerate, MalformedError
from kilovatt.wire.simulator.spodes import journals
from kilovatt.wire.simulator.spodes.journals import Journal
from kilovatt.wire.simulator.spodes.objects import CannotBeSetError, CosemObject
from kilovatt.wire.simulator.spodes.works import Works

CLASS_ID = 70
_REMOTE_AND_BY_HAND = 4


class Relay:
    """One relay. Whatever holds it open, nothing flows."""

    def __init__(self, works: Works) -> None:
        self._works = works
        self.state = ControlState.CONNECTED
        self.mode = ControlMode(_REMOTE_AND_BY_HAND)
        self.is_tripped = False
        """Whether the meter itself has opened it."""

    def disconnect(self, now: datetime) -> None:
        """Open it by a command. Raises CannotBeSetError in a mode where nothing does."""
        if not self.mode.opens_remotely:
            raise CannotBeSetError(AccessResult.ACCESS_DENIED)
        if self.state is not ControlState.DISCONNECTED:
            self._open(ControlState.DISCONNECTED, journals.REMOTE_OFF, now)

    def reconnect(self, now: datetime) -> None:
        """Close it by a command, or make it ready for a hand that closes it, as the mode has it."""
        if not self.mode.opens_remotely:
            raise CannotBeSetError(AccessResult.ACCESS_DENIED)
        if self.state is ControlState.CONNECTED:
            return
        if self.mode.closes_remotely:
            self._close(journals.REMOTE_ON, now)
        elif self.state is ControlState.DISCONNECTED:
            self.state = ControlState.READY_FOR_RECONNECTION
            self._works.journals.note(Journal.SWITCHING, journals.PERMITTED, now)

    def press_button(self, now: datetime) -> None:
        """Be switched by a hand at the meter: on where it is ready for that, off in modes that allow it."""
        if self.state is ControlState.READY_FOR_RECONNECTION:
            self._close(journals.ON_BY_HAND, now)
        elif self.state is ControlState.CONNECTED and self.mode.opens_by_hand:
            self._open(ControlState.READY_FOR_RECONNECTION, journals.OFF_BY_HAND, now)

    def trip(self, at: datetime) -> None:
        """Be opened by the limiter: a hand may close it again."""
        self._open(ControlState.READY_FOR_RECONNECTION, journals.OFF_BY_POWER, at)
        self.is_tripped = True

    def close_by_itself(self, at: datetime) -> None:
        """Be closed by the limiter, in modes where it does."""
        self._close(journals.ON_AFTER_POWER, at)

    def as_object(self, name: Obis) -> CosemObject:
        """Return the object that shows it."""
        return CosemObject(
            class_id=CLASS_ID,
            obis=name,
            attributes={
                2: lambda _: self.state is ControlState.CONNECTED,
                3: lambda _: Enumerate(self.state),
                4: lambda _: self.mode.encode(),
            },
            writes={4: self._set_mode},
            methods={
                RelayMethod.DISCONNECT: lambda _, now: self.disconnect(now),
                RelayMethod.RECONNECT: lambda _, now: self.reconnect(now),
            },
        )

    def _set_mode(self, value: DlmsValue, now: datetime) -> None:
        try:
            self.mode = decode_control_mode(value)
        except MalformedError as error:
            raise CannotBeSetError from error
        self._works.journals.note(Journal.PROGRAMMING, journals.RELAY_MODE_SET, now)

    def _open(self, state: ControlState, code: int, at: datetime) -> None:
        self.state = state
        self.is_tripped = False
        self._works.switched.open_relay(at)
        self._switched(code, at)

    def _close(self, code: int, at: datetime) -> None:
        self.state = ControlState.CONNECTED
        self.is_tripped = False
        self._works.switched.close_relay(at)
        self._switched(code, at)

    def _switched(self, code: int, at: datetime) -> None:
        self._works.forget()
        self._works.journals.note(Journal.SWITCHING, code, at)
