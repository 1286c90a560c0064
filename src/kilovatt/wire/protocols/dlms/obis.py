"""Logical names (IEC 62056-6-1): six groups that say what an object is."""

import re
from typing import Self

_WRITTEN = re.compile(r"(\d{1,3})[.-](\d{1,3})[.:](\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[.*](\d{1,3}))?", re.ASCII)
_GROUPS = 6


class Obis(bytes):
    """A logical name of six bytes; equal to its bytes, written as 1.0.1.8.0.255."""

    __slots__ = ()

    def __new__(cls, groups: bytes) -> Self:
        """Return the name of these bytes. Raises ValueError if they are not six."""
        if len(groups) != _GROUPS:
            raise ValueError(f"a logical name has six groups: got {len(groups)}")
        return super().__new__(cls, groups)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return a name written as 1.0.1.8.0.255 or 1-0:1.8.0*255; a missing last group is 255. Raises ValueError."""
        match = _WRITTEN.fullmatch(text.strip())
        groups = [int(group) for group in match.groups(default="255")] if match else []
        if not groups or max(groups) > 255:
            raise ValueError(f"a logical name is written as 1.0.1.8.0.255: got {text!r}")
        return cls(bytes(groups))

    def __str__(self) -> str:
        return ".".join(map(str, self))

    def __repr__(self) -> str:
        return f"Obis({self})"
