"""Characters of seven bits with even parity, as they come through what carries eight bits.

A serial port that is set to 7E1 takes the parity away; a gateway that is not passes it on in bit 7.
"""

_SEVEN_BITS = 0x7F


def _with_its_parity(byte: int) -> int:
    return byte | (byte.bit_count() & 1) << 7


_PARITY = bytes(_with_its_parity(byte & _SEVEN_BITS) for byte in range(256))


def with_parity(data: bytes) -> bytes:
    """Return characters of seven bits with their even parity in bit 7."""
    return data.translate(_PARITY)


def taken_away(data: bytes) -> bytes:
    """Return characters without their parity; one whose parity is wrong stays as it came, for others to see."""
    return bytes(byte & _SEVEN_BITS if byte == _PARITY[byte] else byte for byte in data)


def without_parity(data: bytes) -> bytes:
    """Return characters without their parity. Raises ValueError, with the place, for a parity that is wrong.

    If no character has bit 7 set, there is no parity to check: a port has taken it away.
    """
    plain = bytes(byte & _SEVEN_BITS for byte in data)
    if plain == data:
        return plain
    wrong = next((place for place, byte in enumerate(data) if byte != _PARITY[byte]), None)
    if wrong is not None:
        raise ValueError(f"the parity of byte {wrong} ({data[wrong]:02X}h) is wrong")
    return plain
