"""What is wrong with bytes that should be a value or a message."""

from kilovatt.wire.protocols.framing.connection import LineFault, RemoteProtocolError


class MalformedError(RemoteProtocolError):
    """Bytes whose checksum is right and whose meaning is none; `offset` is where that shows."""

    def __init__(self, message: str, data: bytes, offset: int) -> None:
        super().__init__(LineFault.NOISE, f"{message} at byte {offset}", bytes(data))
        self.offset = offset
