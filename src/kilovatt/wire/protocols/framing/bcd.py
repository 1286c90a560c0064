"""Packed decimal digits: two to a byte, the highest first."""


def int_from_bcd(data: bytes) -> int:
    """Return the number that the digits say. Raises ValueError for a half-byte above nine."""
    digits = data.hex()
    if not digits.isdecimal():
        raise ValueError(f"decimal digits are wanted, got {data.hex(' ')}")
    return int(digits)


def bcd_from_int(value: int, size: int) -> bytes:
    """Return the digits of a number in so many bytes. Raises ValueError for a number that does not fit."""
    digits = f"{value:0{2 * size}}"
    if value < 0 or len(digits) > 2 * size:
        raise ValueError(f"{value} does not fit into {2 * size} decimal digits")
    return bytes.fromhex(digits)


def pairs_from_bcd(data: bytes) -> list[int]:
    """Return the number that each byte says, 0 to 99. Raises ValueError for a half-byte above nine."""
    try:
        return [_PAIRS[byte] for byte in data]
    except KeyError:
        raise ValueError(f"decimal digits are wanted, got {data.hex(' ')}") from None


_PAIRS = {bcd_from_int(number, 1)[0]: number for number in range(100)}
