"""CRC-8 of the polynomial B5h, the highest bit first, from zero."""

_POLYNOMIAL = 0xB5
_TOP = 0x80


def _remainder(byte: int) -> int:
    for _ in range(8):
        byte = (byte << 1 ^ _POLYNOMIAL if byte & _TOP else byte << 1) & 0xFF
    return byte


_REMAINDERS = bytes(map(_remainder, range(256)))


def checksum(data: bytes) -> int:
    """Return the checksum of bytes; of bytes with their checksum behind them it is 0."""
    remainder = 0
    for byte in data:
        remainder = _REMAINDERS[remainder ^ byte]
    return remainder
