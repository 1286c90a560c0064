"""What can be asked of a DLMS meter."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.apdu.acse import Context, Mechanism
from kilovatt.wire.protocols.dlms.apdu.initiate import Conformance
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.values import DlmsValue, decode
from kilovatt.wire.protocols.framing.connection import Request

ValueT = TypeVar("ValueT")
READER_CONFORMANCE = (
    Conformance.BLOCK_GET | Conformance.GET | Conformance.SELECTIVE_ACCESS | Conformance.SET | Conformance.ACTION
)


class DlmsRequest(Request[ValueT], Generic[ValueT]):
    """A request of this language."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class OpenLink(DlmsRequest[None]):
    """Open the link afresh (SNRM). Links that need no opening need not be asked."""


@dataclass(frozen=True, slots=True)
class CloseLink(DlmsRequest[None]):
    """Close the link (DISC)."""


@dataclass(frozen=True, slots=True)
class Associated:
    """What a meter agreed to."""

    conformance: Conformance
    message_bytes_max: int
    vaa_name: int
    server_title: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Associate(DlmsRequest[Associated]):
    """Be associated; with HLS, both ends prove who they are before this is answered.

    `secret` is the password of LLS, or the key of mechanism 2; `challenge` is ours in HLS: eight bytes at least,
    new each time, from whoever has chance at hand.
    """

    mechanism: Mechanism = Mechanism.NONE
    context: Context = Context.LOGICAL_NAMES
    secret: bytes | None = field(default=None, repr=False)
    challenge: bytes | None = None
    conformance: Conformance = READER_CONFORMANCE
    message_bytes_max: int = 0xFFFF


@dataclass(frozen=True, slots=True)
class GetAttribute(DlmsRequest[Any]):
    """The value of an attribute. `read` makes it from the bytes of the value: by default any value, generically.

    Raises nothing itself; `read` raises MalformedError for bytes that are no such value.
    """

    attribute: Descriptor
    selection: Selection | None = None
    read: Callable[[bytes], Any] = decode


@dataclass(frozen=True, slots=True)
class GetAttributes(DlmsRequest[tuple[DlmsValue | AccessResult, ...]]):
    """The values of several attributes, or why each is not to be had."""

    attributes: tuple[Descriptor, ...]


@dataclass(frozen=True, slots=True)
class SetAttribute(DlmsRequest[None]):
    """An attribute shall have a value."""

    attribute: Descriptor
    value: DlmsValue


@dataclass(frozen=True, slots=True)
class RunMethod(DlmsRequest[DlmsValue]):
    """A method shall run; what it returns is the answer."""

    method: Descriptor
    parameter: DlmsValue = None
