"""Conversations about objects by logical names, carried to a meter that knows them by short names.

Its list of objects says which short name each has; it is read once, when the first of them is wanted.
"""

from typing import Any

from kilovatt.wire.drivers.conversation import Answer, Conversation, ResultT, ask
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.apdu.short_names import ParameterizedName, ShortName
from kilovatt.wire.protocols.dlms.association.requests import GetAttribute, ReadVariable
from kilovatt.wire.protocols.dlms.objects.short_listed import ShortListedObject, attribute_name, decode_short_list
from kilovatt.wire.protocols.dlms.values import decode
from kilovatt.wire.protocols.framing.connection import LocalProtocolError, Refusal, RefusalReason, Request

_OBJECT_LIST = 2
_NOT_LISTED = Refusal(RefusalReason.UNKNOWN_REQUEST, AccessResult.OBJECT_UNDEFINED)


class ShortNames:
    """The base names of one meter's objects, by class and logical name. `association` is that of its association."""

    def __init__(self, association: int) -> None:
        self._association = association
        self._bases: dict[tuple[int, bytes], int] | None = None
        self._list: Answer[Any]

    def carry(self, conversation: Conversation[ResultT]) -> Conversation[ResultT]:
        """Carry a conversation that reads attributes. Raises LocalProtocolError for one that asks for anything else.

        What is not listed is refused as undefined, without asking.
        """
        answer: Answer[Any] | None = None
        try:
            while True:
                request = conversation.send(answer)  # type: ignore[arg-type]  # None starts a generator
                answer = yield from self._answered(request)
        except StopIteration as stop:
            result: ResultT = stop.value
            return result
        finally:
            conversation.close()

    def _answered(self, request: Request[Any]) -> Conversation[Answer[Any]]:
        if not isinstance(request, GetAttribute):
            raise LocalProtocolError(f"{type(request).__name__} by short names is not built")
        wanted = request.attribute
        base = yield from self._base_of(wanted.class_id, bytes(wanted.obis))
        if base is None:
            return Answer(_NOT_LISTED, self._list.exchange, self._list.heard_at)
        name = attribute_name(base, wanted.number)
        part = request.selection
        variable = ShortName(name) if part is None else ParameterizedName(name, part.selector, part.parameters)
        return (yield ReadVariable(variable, request.read))

    def _base_of(self, class_id: int, obis: bytes) -> Conversation[int | None]:
        if self._bases is None:
            self._list = yield from ask(
                ReadVariable(ShortName(attribute_name(self._association, _OBJECT_LIST)), _listed)
            )
            self._bases = {(one.class_id, bytes(one.obis)): one.base_name for one in self._list.value}
        return self._bases.get((class_id, obis))


def _listed(data: bytes) -> tuple[ShortListedObject, ...]:
    return decode_short_list(decode(data))
