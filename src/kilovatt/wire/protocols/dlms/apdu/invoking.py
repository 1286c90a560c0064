"""Invoke-id-and-priority: which answer belongs to which question, and how urgent it is (IEC 62056-5-3, 8.3)."""

NUMBER_MASK, LONG_NUMBER_MASK = 0x0F, 0x00FF_FFFF
CONFIRMED, HIGH_PRIORITY = 0x40, 0x80
_LONG_SHIFT = 24


def invoke_byte(number: int, *, confirmed: bool = True, high_priority: bool = True) -> int:
    """Return the byte for the question of a number (0 to 15)."""
    return (number & NUMBER_MASK) | CONFIRMED * confirmed | HIGH_PRIORITY * high_priority


def invoke_long(number: int, *, confirmed: bool = True, high_priority: bool = True) -> int:
    """Return the four bytes' number for the question of a number (24 bits): ACCESS and DataNotification."""
    return (number & LONG_NUMBER_MASK) | (CONFIRMED * confirmed | HIGH_PRIORITY * high_priority) << _LONG_SHIFT


def is_confirmed(invoke: int) -> bool:
    """Whether an answer is wanted."""
    return bool(invoke & CONFIRMED)
