"""CRC-16/MODBUS, the low byte first, as both Mercury languages and Modbus use it."""

from fastcrc import crc16

CRC_SIZE = 2


def append_crc(data: bytes) -> bytes:
    """Return the bytes with their checksum behind them."""
    return data + crc16.modbus(data).to_bytes(CRC_SIZE, "little")


def crc_is_right(data: bytes) -> bool:
    """Whether the last two bytes are the checksum of those before them."""
    return len(data) > CRC_SIZE and crc16.modbus(data) == 0
