"""Any message by its tag."""

from collections.abc import Callable
from typing import Any, Protocol

from kilovatt.wire.protocols.dlms.apdu import (
    access_service,
    action,
    general_block,
    get,
    notifications,
    results,
    short_names,
)
from kilovatt.wire.protocols.dlms.apdu import set as setting
from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.values import MalformedError


class Message(Protocol):
    """What can be sent."""

    def encode(self) -> bytes:
        """Return it as bytes."""


_DECODERS: dict[int, Callable[[Cursor], Any]] = {
    get.REQUEST: get.decode_get_request,
    get.RESPONSE: get.decode_get_response,
    setting.REQUEST: setting.decode_set_request,
    setting.RESPONSE: setting.decode_set_response,
    action.REQUEST: action.decode_action_request,
    action.RESPONSE: action.decode_action_response,
    notifications.DATA: notifications.decode_data_notification,
    notifications.EVENT: notifications.decode_event_notification,
    access_service.REQUEST: access_service.decode_access_request,
    access_service.RESPONSE: access_service.decode_access_response,
    short_names.READ_REQUEST: short_names.decode_read_request,
    short_names.READ_RESPONSE: short_names.decode_read_response,
    short_names.WRITE_REQUEST: short_names.decode_write_request,
    short_names.WRITE_RESPONSE: short_names.decode_write_response,
    general_block.GENERAL_BLOCK: general_block.decode_general_block,
    results.EXCEPTION: results.decode_exception,
    results.CONFIRMED_SERVICE_ERROR: results.decode_service_error,
}


def decode_message(data: bytes) -> Any:  # noqa: ANN401  # any of the messages of this package
    """Return the message that these bytes are, in the clear. Raises MalformedError."""
    cursor = Cursor(data)
    tag = cursor.byte()
    decoder = _DECODERS.get(tag)
    if decoder is None:
        raise MalformedError(f"{tag:02X}h is no tag of a message", data, 0)
    return decoder(cursor)
