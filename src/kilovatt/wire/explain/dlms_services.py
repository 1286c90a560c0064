"""The services of DLMS, byte by byte: each follows the bytes behind the tag of its message."""

from collections.abc import Callable, Mapping

from kilovatt.wire.explain.dlms_values import (
    Fields,
    count,
    field,
    hexed,
    named,
    part,
    result,
    selected,
    stamped,
    values,
)
from kilovatt.wire.explain.fields import ExplainedField
from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.apdu.results import INVOCATION_COUNTER_ERROR

_NORMAL, _NEXT, _LIST = 1, 2, 3
_FIRST_BLOCK, _LATER_BLOCK, _SET_LIST, _LIST_FIRST_BLOCK = 2, 3, 4, 5
_SET_BLOCK_TAKEN, _SET_LAST_TAKEN, _SET_LIST_TAKEN, _SET_LIST_DONE = 2, 3, 4, 5
_ACTION_FIRST, _ACTION_LIST_FIRST, _ACTION_BLOCK, _ACTION_TAKEN = 4, 5, 6, 4
_ACCESS_SELECTED = (4, 5)
_SHORT, _PARAMETERIZED, _SHORT_NEXT = 2, 4, 5
_SHORT_ERROR, _SHORT_PART = 1, 2


def _begun(cursor: Cursor) -> tuple[int, tuple[ExplainedField, ExplainedField]]:
    kind = field(cursor, "kind", 1)
    return int(kind.value or 0), (kind, field(cursor, "invoke", 1, hexed))


def _several(cursor: Cursor, each: Callable[[Cursor], Fields]) -> Fields:
    many = count(cursor)
    yield many
    for _ in range(int(many.value or 0)):
        yield from each(cursor)


def _many_values(cursor: Cursor) -> Fields:
    many = count(cursor)
    yield many
    yield from values(cursor, int(many.value or 0))


def _attribute(cursor: Cursor) -> Fields:
    yield from named(cursor, "attribute")
    yield from selected(cursor)


def _method(cursor: Cursor) -> Fields:
    yield from named(cursor, "method")


def _block(cursor: Cursor) -> Fields:
    yield field(cursor, "is_last", 1)
    yield field(cursor, "block", 4)
    yield from part(cursor)


def _one_result(cursor: Cursor) -> Fields:
    yield field(cursor, "result", 1)


def _get_request(cursor: Cursor) -> Fields:
    kind, fields = _begun(cursor)
    yield from fields
    if kind == _NORMAL:
        yield from _attribute(cursor)
    elif kind == _NEXT:
        yield field(cursor, "block", 4)
    elif kind == _LIST:
        yield from _several(cursor, _attribute)


def _get_response(cursor: Cursor) -> Fields:
    kind, fields = _begun(cursor)
    yield from fields
    if kind == _NORMAL:
        yield from result(cursor)
    elif kind == _NEXT:
        yield field(cursor, "is_last", 1)
        yield field(cursor, "block", 4)
        mark = field(cursor, "result_mark", 1)
        yield mark
        yield from _one_result(cursor) if mark.value else part(cursor)
    elif kind == _LIST:
        yield from _several(cursor, result)


def _set_request(cursor: Cursor) -> Fields:
    kind, fields = _begun(cursor)
    yield from fields
    if kind == _NORMAL:
        yield from _attribute(cursor)
        yield from values(cursor)
    elif kind == _FIRST_BLOCK:
        yield from _attribute(cursor)
        yield from _block(cursor)
    elif kind == _LATER_BLOCK:
        yield from _block(cursor)
    elif kind == _SET_LIST:
        yield from _several(cursor, _attribute)
        yield from _many_values(cursor)
    elif kind == _LIST_FIRST_BLOCK:
        yield from _several(cursor, _attribute)
        yield from _block(cursor)


def _set_response(cursor: Cursor) -> Fields:
    kind, fields = _begun(cursor)
    yield from fields
    if kind in (_NORMAL, _SET_LAST_TAKEN):
        yield from _one_result(cursor)
    elif kind in (_SET_LIST_TAKEN, _SET_LIST_DONE):
        yield from _several(cursor, _one_result)
    if kind in (_SET_BLOCK_TAKEN, _SET_LAST_TAKEN, _SET_LIST_TAKEN):
        yield field(cursor, "block", 4)


def _action_request(cursor: Cursor) -> Fields:
    kind, fields = _begun(cursor)
    yield from fields
    if kind == _NORMAL:
        yield from _method(cursor)
        mark = field(cursor, "parameter_mark", 1)
        yield mark
        if mark.value:
            yield from values(cursor)
    elif kind == _NEXT:
        yield field(cursor, "block", 4)
    elif kind == _LIST:
        yield from _several(cursor, _method)
        yield from _many_values(cursor)
    elif kind == _ACTION_FIRST:
        yield from _method(cursor)
        yield from _block(cursor)
    elif kind == _ACTION_LIST_FIRST:
        yield from _several(cursor, _method)
        yield from _block(cursor)
    elif kind == _ACTION_BLOCK:
        yield from _block(cursor)


def _ended(cursor: Cursor) -> Fields:
    yield from _one_result(cursor)
    mark = field(cursor, "parameter_mark", 1)
    yield mark
    if mark.value:
        yield from result(cursor)


def _action_response(cursor: Cursor) -> Fields:
    kind, fields = _begun(cursor)
    yield from fields
    if kind == _NORMAL:
        yield from _ended(cursor)
    elif kind == _NEXT:
        yield from _block(cursor)
    elif kind == _LIST:
        yield from _several(cursor, _ended)
    elif kind == _ACTION_TAKEN:
        yield field(cursor, "block", 4)


def _push(cursor: Cursor) -> Fields:
    yield field(cursor, "long_invoke", 4)
    yield stamped(cursor)
    yield from values(cursor)


def _event(cursor: Cursor) -> Fields:
    mark = field(cursor, "stamp_mark", 1)
    yield mark
    if mark.value:
        yield stamped(cursor)
    yield from named(cursor, "attribute")
    yield from values(cursor)


def _variable(cursor: Cursor) -> Fields:
    choice = field(cursor, "variable_kind", 1)
    yield choice
    if choice.value == _SHORT_NEXT:
        yield field(cursor, "block", 2)
    elif choice.value in (_SHORT, _PARAMETERIZED):
        yield field(cursor, "short_name", 2, hexed)
    if choice.value == _PARAMETERIZED:
        yield field(cursor, "selection", 1)
        yield from values(cursor)


def _read(cursor: Cursor) -> Fields:
    yield from _several(cursor, _variable)


def _read_result(cursor: Cursor) -> Fields:
    choice = field(cursor, "result_mark", 1)
    yield choice
    if choice.value == _SHORT_ERROR:
        yield from _one_result(cursor)
    elif choice.value == _SHORT_PART:
        yield field(cursor, "is_last", 1)
        yield field(cursor, "block", 2)
        yield from part(cursor)
    else:
        yield from values(cursor)


def _read_done(cursor: Cursor) -> Fields:
    yield from _several(cursor, _read_result)


def _write(cursor: Cursor) -> Fields:
    yield from _several(cursor, _variable)
    yield from _many_values(cursor)


def _written(cursor: Cursor) -> Fields:
    mark = field(cursor, "result_mark", 1)
    yield mark
    if mark.value:
        yield from _one_result(cursor)


def _write_done(cursor: Cursor) -> Fields:
    yield from _several(cursor, _written)


def _accessed(cursor: Cursor) -> Fields:
    kind = field(cursor, "access_kind", 1)
    yield kind
    yield from named(cursor, "attribute")
    if kind.value in _ACCESS_SELECTED:
        yield field(cursor, "selection", 1)
        yield from values(cursor)


def _outcome(cursor: Cursor) -> Fields:
    yield field(cursor, "access_kind", 1)
    yield from _one_result(cursor)


def _access_request(cursor: Cursor) -> Fields:
    yield field(cursor, "long_invoke", 4)
    yield stamped(cursor)
    yield from _several(cursor, _accessed)
    yield from _many_values(cursor)


def _access_response(cursor: Cursor) -> Fields:
    yield field(cursor, "long_invoke", 4)
    yield stamped(cursor)
    mark = field(cursor, "parameter_mark", 1)
    yield mark
    if mark.value:
        yield from _several(cursor, _accessed)
    yield from _many_values(cursor)
    yield from _several(cursor, _outcome)


def _general_block(cursor: Cursor) -> Fields:
    yield field(cursor, "block_control", 1, hexed)
    yield field(cursor, "block", 2)
    yield field(cursor, "block_acknowledged", 2)
    yield from part(cursor)


def _exception(cursor: Cursor) -> Fields:
    yield field(cursor, "state_error", 1)
    error = field(cursor, "service_error", 1)
    yield error
    if error.value == INVOCATION_COUNTER_ERROR and cursor.at < len(cursor.data):
        yield field(cursor, "invocation_counter", 4)


def _service_error(cursor: Cursor) -> Fields:
    yield field(cursor, "failed_service", 1)
    yield field(cursor, "error_kind", 1)
    yield field(cursor, "error_code", 1)


SERVICES: Mapping[int, tuple[str, Callable[[Cursor], Fields]]] = {
    0x05: ("read_request", _read),
    0x06: ("write_request", _write),
    0x0C: ("read_response", _read_done),
    0x0D: ("write_response", _write_done),
    0x0E: ("service_error", _service_error),
    0x0F: ("data_notification", _push),
    0xC0: ("get_request", _get_request),
    0xC1: ("set_request", _set_request),
    0xC2: ("event_notification", _event),
    0xC3: ("action_request", _action_request),
    0xC4: ("get_response", _get_response),
    0xC5: ("set_response", _set_response),
    0xC7: ("action_response", _action_response),
    0xD8: ("exception", _exception),
    0xD9: ("access_request", _access_request),
    0xDA: ("access_response", _access_response),
    0xE0: ("general_block", _general_block),
}
"""By the tag: the code of the message, and what follows it."""
