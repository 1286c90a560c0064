"""A DLMS meter's answering end, asked by hand message by message, for tests of the server."""

from typing import Any

from kilovatt.wire.protocols.dlms.apdu import acse
from kilovatt.wire.protocols.dlms.apdu.acse import AssociationRequest, Context
from kilovatt.wire.protocols.dlms.apdu.initiate import Conformance, InitiateRequest
from kilovatt.wire.protocols.dlms.apdu.messages import decode_message
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult, ExceptionResponse
from kilovatt.wire.protocols.dlms.association.server import AssociationServer, ClientProfile
from kilovatt.wire.protocols.dlms.values import OctetString
from told_dlms import CLIENT, EVERYTHING, METER_CHALLENGE, METER_TITLE, Objects

ANYTHING = ClientProfile(conformance=EVERYTHING)
NOT_ALLOWED, NOT_SUPPORTED = ExceptionResponse(1, 1), ExceptionResponse(2, 2)
SUCCESS, DENIED = AccessResult.SUCCESS, AccessResult.ACCESS_DENIED
TEXT = OctetString(b"x" * 60)


def offered(conformance: Conformance = EVERYTHING, size: int = 0xFFFF, **more: Any) -> bytes:  # noqa: ANN401  # fields
    """A request for an association."""
    offer = InitiateRequest(conformance, size).encode()
    named: dict[str, Any] = {"context": Context.LOGICAL_NAMES, "initiate": offer}
    return AssociationRequest(**(named | more)).encode()


class Meter:
    """A meter that is asked message by message."""

    def __init__(self, profile: ClientProfile = ANYTHING, *, size: int | None = None, short_names: Any = None) -> None:  # noqa: ANN401  # a mapping
        self.objects = Objects()
        self.server = AssociationServer(
            self.objects,
            {CLIENT: profile},
            title=METER_TITLE,
            challenge=lambda: METER_CHALLENGE,
            message_bytes_max=777,
            short_names=short_names,
        )
        if size is not None:
            self.say(offered(size=size, context=profile.context))

    def say(self, message: bytes) -> bytes | None:
        """Return the meter's answer."""
        return self.server.answer(CLIENT, message)

    def ask(self, request: Any) -> Any:  # noqa: ANN401  # any message
        """Return the meter's answer, decoded."""
        answer = self.say(request.encode())
        assert answer is not None
        return decode_message(answer)

    def associate(self, **more: Any) -> acse.AssociationResponse:  # noqa: ANN401  # fields
        """Return the answer to a request for an association."""
        answer = self.say(offered(**more))
        assert answer is not None
        return acse.decode_association_response(answer)
