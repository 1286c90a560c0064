"""A cursor over the bytes of a message: strict, and telling where it failed."""

from kilovatt.wire.protocols.dlms.values import DlmsValue, MalformedError, decode_from, decode_length


class Cursor:
    """Reads a message from front to back. Everything raises MalformedError where bytes are missing or wrong."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def byte(self) -> int:
        """Take one byte."""
        if self.at >= len(self.data):
            raise MalformedError("a byte is missing", self.data, self.at)
        self.at += 1
        return self.data[self.at - 1]

    def bytes_of(self, count: int) -> bytes:
        """Take so many bytes."""
        end = self.at + count
        if end > len(self.data):
            raise MalformedError(
                f"{count} bytes are wanted, and {len(self.data) - self.at} are left", self.data, self.at
            )
        taken = bytes(self.data[self.at : end])
        self.at = end
        return taken

    def number(self, size: int) -> int:
        """Take an unsigned number of so many bytes, the highest first."""
        return int.from_bytes(self.bytes_of(size), "big")

    def counted(self) -> bytes:
        """Take a length and as many bytes."""
        length, self.at = decode_length(self.data, self.at)
        return self.bytes_of(length)

    def count(self, least_bytes: int) -> int:
        """Take the number of things of at least so many bytes each that follow."""
        count, at = decode_length(self.data, self.at)
        if count * least_bytes > len(self.data) - at:
            raise MalformedError(f"{count} things in {len(self.data) - at} bytes", self.data, self.at)
        self.at = at
        return count

    def flag(self, what: str) -> bool:
        """Take a byte that is 0 or 1."""
        value = self.byte()
        if value > 1:
            raise MalformedError(f"{what} is 0 or 1: got {value}", self.data, self.at - 1)
        return bool(value)

    def truth(self) -> bool:
        """Take a boolean: any byte but 0 is true (IEC 61334-6)."""
        return self.byte() != 0

    def values(self) -> tuple[DlmsValue, ...]:
        """Take a list of values."""
        return tuple(self.value() for _ in range(self.count(1)))

    def value(self) -> DlmsValue:
        """Take a value."""
        value, self.at = decode_from(self.data, self.at)
        return value

    def rest(self) -> bytes:
        """Take everything that is left."""
        return self.bytes_of(len(self.data) - self.at)

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self.at != len(self.data):
            raise MalformedError(f"{len(self.data) - self.at} bytes after the message", self.data, self.at)
