"""Opening and closing the channel (section 2.1).

Which of its passwords is given decides what the channel may: reading, or writing too. How long it stays open with
nobody speaking, and whether wrong passwords lock it, is not established.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from kilovatt.wire.protocols.framing.layout import Field, raw
from kilovatt.wire.protocols.nzif.request import Command

PASSWORD_SIZE = 6


def password_bytes(password: str) -> bytes:
    """Return a password as meters take it. Raises ValueError for what is not six characters of ASCII."""
    if len(password) != PASSWORD_SIZE or not password.isascii():
        raise ValueError("a password has six characters of ASCII")
    return password.encode("ascii")


@dataclass(frozen=True, slots=True)
class CheckLink(Command):
    """Ask whether the meter is there; sent to address 0, it tells its own."""

    prefix = b"\x00"
    is_echoed = True


@dataclass(frozen=True, slots=True)
class OpenChannel(Command):
    """Open the channel with six bytes of password."""

    password: bytes = field(repr=False)
    prefix = b"\x01"
    asks: ClassVar[Mapping[str, Field]] = {"password": raw(PASSWORD_SIZE)}
    secret_fields = frozenset({"password"})


@dataclass(frozen=True, slots=True)
class CloseChannel(Command):
    """Close the channel."""

    prefix = b"\x02"
