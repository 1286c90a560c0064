"""What can be asked of a DLMS meter."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.apdu.access_service import AccessAsked, AccessResponse
from kilovatt.wire.protocols.dlms.apdu.acse import Context, Mechanism
from kilovatt.wire.protocols.dlms.apdu.initiate import Conformance
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.apdu.short_names import ParameterizedName, ShortName
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import DlmsValue, decode
from kilovatt.wire.protocols.framing.connection import Request

ValueT = TypeVar("ValueT")
READER_CONFORMANCE = (
    Conformance.BLOCK_GET | Conformance.GET | Conformance.SELECTIVE_ACCESS | Conformance.SET | Conformance.ACTION
)


COUNTER_OF_KEYS = Descriptor(1, Obis.parse("0.0.43.1.0.255"), 2)
"""The invocation counter that belongs to the unicast key (class 1)."""


class DlmsRequest(Request[ValueT], Generic[ValueT]):
    """A request of this language."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class OpenLink(DlmsRequest[None]):
    """Open the link afresh (SNRM). Links that need no opening need not be asked: nothing is written, nothing comes."""


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

    `secret` is the password of LLS, or the secret of mechanisms 2, 3, 4 and 6; `challenge` is ours in HLS: eight
    bytes at least, new each time, from whoever has chance at hand. So is `dedicated_key`, for this association only.
    `title` is ours where no keys bring it (mechanism 6). Refused with the diagnostic as code (see `acse.Diagnostic`).
    """

    mechanism: Mechanism = Mechanism.NONE
    context: Context = Context.LOGICAL_NAMES
    secret: bytes | None = field(default=None, repr=False)
    challenge: bytes | None = None
    dedicated_key: bytes | None = field(default=None, repr=False)
    title: bytes | None = None
    conformance: Conformance = READER_CONFORMANCE
    message_bytes_max: int = 0xFFFF


@dataclass(frozen=True, slots=True)
class Release(DlmsRequest[None]):
    """End the association (RLRQ). Meters often know only the end of the link."""


@dataclass(frozen=True, slots=True)
class ReadInvocationCounter(DlmsRequest[int]):
    """Ask as the public client which counter the meter has had from us last; ours then goes on above it.

    Before the association that needs it, over the connection's `public_link`.
    """

    counter: Descriptor = COUNTER_OF_KEYS


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
    """An attribute shall have a value. `is_secret`: nothing of what is written may be kept (a new password)."""

    attribute: Descriptor
    value: DlmsValue
    selection: Selection | None = None
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class SetAttributes(DlmsRequest[tuple[AccessResult, ...]]):
    """Several attributes shall have these values; how each ended."""

    attributes: tuple[Descriptor, ...]
    values: tuple[DlmsValue, ...]


@dataclass(frozen=True, slots=True)
class RunMethod(DlmsRequest[DlmsValue]):
    """A method shall run; what it returns is the answer. A parameter of None goes as null, or not at all."""

    method: Descriptor
    parameter: DlmsValue = None
    has_parameter: bool = True
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class RunMethods(DlmsRequest[tuple[Any, ...]]):
    """Several methods shall run, each with its parameter; what each returns, or its Refusal."""

    methods: tuple[Descriptor, ...]
    parameters: tuple[DlmsValue, ...]


@dataclass(frozen=True, slots=True)
class AccessAll(DlmsRequest[AccessResponse]):
    """Several things in one message (ACCESS), where the meter takes it; values and results as they came."""

    asked: tuple[AccessAsked, ...]
    values: tuple[DlmsValue, ...]


@dataclass(frozen=True, slots=True)
class ReadVariable(DlmsRequest[Any]):
    """The value of a short name. `read` makes it from the bytes of the value; it raises MalformedError for others."""

    variable: ShortName | ParameterizedName
    read: Callable[[bytes], Any] = decode


@dataclass(frozen=True, slots=True)
class ReadVariables(DlmsRequest[tuple[DlmsValue | AccessResult, ...]]):
    """The values of short names, or why each is not to be had."""

    variables: tuple[ShortName | ParameterizedName, ...]


@dataclass(frozen=True, slots=True)
class WriteVariables(DlmsRequest[tuple[AccessResult, ...]]):
    """Short names shall have these values; how each ended."""

    variables: tuple[ShortName | ParameterizedName, ...]
    values: tuple[DlmsValue, ...]
