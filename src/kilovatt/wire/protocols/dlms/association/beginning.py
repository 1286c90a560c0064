"""How each request of a client begins as an exchange."""

from collections.abc import Callable
from typing import Any

from kilovatt.wire.protocols.dlms.association.associating import associating, reading_counter, releasing
from kilovatt.wire.protocols.dlms.association.exchanges import (
    acting,
    acting_several,
    getting,
    getting_several,
    setting_one,
    setting_several,
)
from kilovatt.wire.protocols.dlms.association.other_exchanges import accessing, reading, reading_one, writing
from kilovatt.wire.protocols.dlms.association.requests import (
    AccessAll,
    Associate,
    CloseLink,
    DlmsRequest,
    GetAttribute,
    GetAttributes,
    OpenLink,
    ReadInvocationCounter,
    ReadVariable,
    ReadVariables,
    Release,
    RunMethod,
    RunMethods,
    SetAttribute,
    SetAttributes,
    WriteVariables,
)
from kilovatt.wire.protocols.dlms.association.session import Session
from kilovatt.wire.protocols.dlms.association.steps import Close, Exchange, Open
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason

AT_ANY_TIME = (OpenLink, CloseLink, ReadInvocationCounter)
"""What begins or ends a link, wherever it stands."""


def is_asked(request: object) -> bool:
    """Whether it is a request that begins an exchange."""
    return type(request) in _EXCHANGES


def started(request: DlmsRequest[Any], session: Session, *, is_in_doubt: bool) -> Exchange[Any]:
    """Return the exchange of a request. Where nobody knows how the link stands, it is closed and that refused."""
    if is_in_doubt and not isinstance(request, AT_ANY_TIME):
        return _losing(session)
    return _EXCHANGES[type(request)](request, session)


def _opening(_asked: OpenLink, session: Session) -> Exchange[None]:
    session.begin()
    yield Open()


def _closing(_asked: CloseLink, session: Session) -> Exchange[None]:
    yield Close()
    session.begin()


def _losing(session: Session) -> Exchange[Refusal]:
    session.begin()
    yield Close()
    return Refusal(RefusalReason.CHANNEL_CLOSED, 0)


_EXCHANGES: dict[type, Callable[[Any, Session], Exchange[Any]]] = {
    OpenLink: _opening,
    CloseLink: _closing,
    Associate: associating,
    Release: releasing,
    ReadInvocationCounter: reading_counter,
    GetAttribute: getting,
    GetAttributes: getting_several,
    SetAttribute: setting_one,
    SetAttributes: setting_several,
    RunMethod: acting,
    RunMethods: acting_several,
    AccessAll: accessing,
    ReadVariable: reading_one,
    ReadVariables: reading,
    WriteVariables: writing,
}
