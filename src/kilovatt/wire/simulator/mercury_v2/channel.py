"""The channel of a simulated meter: who has opened it, and for how long."""

from datetime import datetime, timedelta

from kilovatt.measure.metering.models import PasswordForm
from kilovatt.wire.protocols.mercury_v2.session import (
    CHANNEL_LIFE_S,
    password_as_ascii,
    password_as_digits,
)

_LIFE = timedelta(seconds=CHANNEL_LIFE_S)


class AccessChannel:
    """An access level that lasts for 240 seconds after the last right request."""

    def __init__(self, passwords: dict[int, str], form: PasswordForm) -> None:
        written = password_as_ascii if form is PasswordForm.ASCII else password_as_digits
        self._passwords = {level: written(password) for level, password in passwords.items()}
        self._level = 0
        self._open_until: datetime | None = None

    def level(self, now: datetime) -> int:
        """Return the access level now: 0 while the channel is closed."""
        is_open = self._open_until is not None and now < self._open_until
        return self._level if is_open else 0

    def open(self, level: int, password: bytes, now: datetime) -> bool:
        """Open it if the password is right, and tell whether it was."""
        if self._passwords.get(level) != password:
            return False
        self._level = level
        self._open_until = now + _LIFE
        return True

    def rearm(self, now: datetime) -> None:
        """Begin the 240 seconds anew, if it is open."""
        if self.level(now):
            self._open_until = now + _LIFE

    def close(self) -> None:
        """Close it."""
        self._open_until = None

    def change_password(self, level: int, old: bytes, new: bytes) -> bool:
        """Change a password if the old one is right, and tell whether it was."""
        if self._passwords.get(level) != old:
            return False
        self._passwords[level] = new
        return True
