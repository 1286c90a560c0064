"""What meters that call us push, and who they are by what they push."""

from collections.abc import Iterator

from kilovatt.wire.drivers.spodes.pushed import DEVICE_NAME
from kilovatt.wire.protocols.dlms.apdu.notifications import DataNotification, EventNotification
from kilovatt.wire.protocols.dlms.association.pushes import PushReader
from kilovatt.wire.protocols.dlms.values import Array, DlmsValue, OctetString, Structure
from kilovatt.wire.protocols.framing.connection import RemoteProtocolError


class PushesOfACaller:
    """Reads the messages of one caller."""

    def __init__(self) -> None:
        self._reader = PushReader()

    def hear(self, message: bytes) -> tuple[DataNotification | EventNotification | None, str] | None:
        """Return what was pushed and "", or None and why it cannot be told; nothing while more blocks must come."""
        try:
            said = self._reader.hear(message)
        except RemoteProtocolError as error:
            return None, str(error).partition("; got ")[0]
        return None if said is None else (said, "")


def device_name_in(said: DataNotification | EventNotification) -> str:
    """Return the first name of a logical device in a push; nothing where there is none."""
    body = said.body if isinstance(said, DataNotification) else said.value
    return next(_names_in(body), "")


def _names_in(value: DlmsValue) -> Iterator[str]:
    if isinstance(value, Array | Structure):
        for one in value:
            yield from _names_in(one)
    elif isinstance(value, OctetString):
        found = DEVICE_NAME.fullmatch(bytes(value))
        if found:
            yield found[1].decode("ascii")
