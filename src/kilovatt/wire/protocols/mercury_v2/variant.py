"""The variant word: what a meter says it is built with (section 4.4.16)."""

from dataclasses import dataclass
from enum import IntEnum

VARIANT_SIZE = 6
_IMPULSES_PER_KWH = {0: 5000, 1: 25000, 2: 1250, 3: 500, 4: 1000, 5: 250}
_CODES = {impulses: code for code, impulses in _IMPULSES_PER_KWH.items()}


class Interface(IntEnum):
    """What the main interface is."""

    CAN = 0
    RS485 = 1
    RESERVED = 2
    NONE = 3


@dataclass(frozen=True, slots=True)
class Variant:
    """The first six bytes of the variant word, and what they say."""

    word: bytes

    def __post_init__(self) -> None:
        if len(self.word) != VARIANT_SIZE:
            raise ValueError(f"a variant word has {VARIANT_SIZE} bytes, got {len(self.word)}")

    def _bit(self, byte: int, bit: int) -> bool:
        return bool(self.word[byte - 1] >> bit & 1)

    @property
    def impulses_per_kwh(self) -> int | None:
        """The meter constant, which the load profile counts by; None for a code of no known meaning."""
        return _IMPULSES_PER_KWH.get(self.word[1] & 0x0F)

    @property
    def is_single_phase(self) -> bool:
        """Whether it has one phase (three otherwise)."""
        return self._bit(2, 4)

    @property
    def has_profile(self) -> bool:
        """Whether it keeps a load profile."""
        return self._bit(2, 5)

    @property
    def is_one_directional(self) -> bool:
        """Whether it counts energy in one direction only."""
        return self._bit(2, 7)

    @property
    def is_active_only(self) -> bool:
        """Whether it counts active energy only."""
        return bool(self.word[2] >> 4 & 0b11)

    @property
    def number(self) -> int:
        """The number of the variant."""
        return self.word[2] & 0x0F

    @property
    def has_large_memory(self) -> bool:
        """Whether the ring of the load profile has 8192 records (4096 otherwise)."""
        return self._bit(4, 7)

    @property
    def has_gsm(self) -> bool:
        """Whether a GSM modem is built in."""
        return self._bit(4, 5)

    @property
    def has_optical_port(self) -> bool:
        """Whether there is an optical port."""
        return self._bit(4, 4)

    @property
    def interface(self) -> Interface:
        """What the main interface is."""
        return Interface(self.word[3] >> 2 & 0b11)

    @property
    def has_case_seal(self) -> bool:
        """Whether the upper cover has an electronic seal."""
        return self._bit(4, 0)

    @property
    def has_relay(self) -> bool:
        """Whether a relay is built in."""
        return self._bit(5, 7)

    @property
    def watches_quality(self) -> bool:
        """Whether it watches the quality of supply, and keeps journals of it."""
        return self._bit(5, 1)

    @property
    def has_cover_seal(self) -> bool:
        """Whether the terminal cover has an electronic seal."""
        return self._bit(5, 4)

    @property
    def counts_phases(self) -> bool:
        """Whether it counts active energy by phases."""
        return self._bit(5, 0)

    @property
    def has_extended_arrays(self) -> bool:
        """Whether it keeps registers of 123 days and 36 months: requests 18h."""
        return self._bit(6, 6)

    @property
    def has_second_profile(self) -> bool:
        """Whether it keeps a second load profile."""
        return self._bit(6, 3)


def impulses_code(impulses_per_kwh: int) -> int:
    """Return the code of a meter constant. Raises KeyError for one that no meter has."""
    return _CODES[impulses_per_kwh]
