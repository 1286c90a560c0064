"""The words for the codes of explanations of Modbus: English sources of gettext."""

from collections.abc import Mapping

from kilovatt.wire.explain.fields import gettext_noop

FRAMES: Mapping[str, str] = {
    "noise": gettext_noop("Noise"),
    "unknown_request": gettext_noop("An unknown command"),
    "refusal": gettext_noop("The device refuses"),
    "read_registers": gettext_noop("Registers of the counter"),
}

FIELDS: Mapping[str, str] = {
    "transaction": gettext_noop("Transaction: which request this belongs to"),
    "protocol": gettext_noop("Protocol, always 0"),
    "length": gettext_noop("How many bytes follow"),
    "unit": gettext_noop("Unit"),
    "function": gettext_noop("Function (03h holding registers, 04h input registers, with 80h an error)"),
    "first_register": gettext_noop("First register"),
    "register_count": gettext_noop("How many registers"),
    "byte_count": gettext_noop("How many bytes of registers"),
    "register": gettext_noop("Register {number}"),
    "error_code": gettext_noop("Why it refuses, as a code"),
    "data": gettext_noop("Bytes that are not explained"),
}

PROBLEMS: Mapping[str, str] = {
    "no_frame": gettext_noop("No whole frame"),
    "unknown_request": gettext_noop("No known request of this language"),
    "echo": gettext_noop("The request itself came back"),
    "another_request": gettext_noop("The answer to another request"),
    "another_unit": gettext_noop("The answer of another unit"),
    "another_function": gettext_noop("The answer to another command"),
    "wrong_size": gettext_noop("Of a length that an answer to this request does not have"),
    "illegal_function": gettext_noop("The device does not know this function"),
    "illegal_address": gettext_noop("The device does not have these registers"),
    "illegal_value": gettext_noop("The device does not accept so many registers"),
    "device_failure": gettext_noop("The device failed"),
    "acknowledge": gettext_noop("The device needs longer for this"),
    "device_busy": gettext_noop("The device is busy"),
    "memory_parity": gettext_noop("The device cannot read its memory"),
    "gateway_path": gettext_noop("The gateway has no way to the unit"),
    "gateway_silence": gettext_noop("The unit does not answer the gateway"),
    "other": gettext_noop("The device refuses for a reason of its own"),
}
