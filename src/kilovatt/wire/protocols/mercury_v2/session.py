"""Opening and closing the channel (sections 2.1 to 2.3).

A channel stays open for 240 seconds, and every right request begins them anew. Reading wants level 1, writing
level 2; a link test, the serial number and freezing want none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from kilovatt.wire.protocols.framing.layout import Field, raw
from kilovatt.wire.protocols.mercury_v2.fields import small
from kilovatt.wire.protocols.mercury_v2.request import Command

CHANNEL_LIFE_S = 240
PASSWORD_SIZE = 6
LEVEL_MIN, LEVEL_MAX = 1, 2


def password_as_digits(password: str) -> bytes:
    """Return a password as meters without «D» in their code take it: each digit its value (Appendix В).

    Raises ValueError for what is not six digits.
    """
    if len(password) != PASSWORD_SIZE or not (password.isascii() and password.isdigit()):
        raise ValueError("a password sent as digits has six of them")
    return bytes(int(digit) for digit in password)


def password_as_ascii(password: str) -> bytes:
    """Return a password as meters with «D» in their code take it (Appendix В).

    Raises ValueError for what is not six characters of ASCII.
    """
    if len(password) != PASSWORD_SIZE or not password.isascii():
        raise ValueError("a password has six characters of ASCII")
    return password.encode("ascii")


@dataclass(frozen=True, slots=True)
class CheckLink(Command):
    """Ask whether the meter is there."""

    prefix = b"\x00"
    level = 0
    is_echoed = True


@dataclass(frozen=True, slots=True)
class OpenChannel(Command):
    """Open the channel at an access level with its six bytes of password."""

    access_level: int
    password: bytes = field(repr=False)
    prefix = b"\x01"
    level = 0
    asks: ClassVar[Mapping[str, Field]] = {
        "access_level": small(LEVEL_MIN, LEVEL_MAX),
        "password": raw(PASSWORD_SIZE),
    }
    secret_fields = frozenset({"password"})


@dataclass(frozen=True, slots=True)
class CloseChannel(Command):
    """Close the channel."""

    prefix = b"\x02"
    level = 0
