"""What a session of DLMS brings within its messages: texts deciphered, values put together of their blocks.

It keeps what the association told (system titles) and the parts that have come, so far as to explain what follows.
"""

from dataclasses import dataclass, replace

from kilovatt.wire.explain.dlms_ciphering import OpeningKeys, opened
from kilovatt.wire.explain.dlms_messages import message_code, message_fields, value_fields
from kilovatt.wire.explain.fields import ExplainedField, ExplainedFrame
from kilovatt.wire.protocols.dlms.apdu.acse import AARE, AARQ, decode_association_request, decode_association_response
from kilovatt.wire.protocols.dlms.apdu.ciphered import SEALED_TAGS
from kilovatt.wire.protocols.dlms.apdu.general_block import GeneralBlock
from kilovatt.wire.protocols.dlms.apdu.get import GetBlock
from kilovatt.wire.protocols.dlms.apdu.messages import decode_message
from kilovatt.wire.protocols.dlms.values import MalformedError

_BLOCKS_BYTES_MAX = 1 << 22
_GET_RESPONSE, _GENERAL_BLOCK = 0xC4, 0xE0
_DEPTH_MAX = 3
"""A value within a block within a ciphered message."""


@dataclass(frozen=True, slots=True)
class Inside:
    """What a message brings: another one, or a code of why it could not be had. `is_proved`: its tag was right."""

    within: ExplainedFrame | None = None
    problem: str | None = None
    is_proved: bool = False

    def judged(self, told: ExplainedField) -> ExplainedField:
        """Return a field of the message around, and whether its tag is right."""
        return replace(told, code="right_tag") if self.is_proved and told.code == "authentication_tag" else told


class Talk:
    """What is known of a session by now."""

    def __init__(self, keys: OpeningKeys | None = None) -> None:
        self._keys = keys
        self._titles: dict[bool, bytes] = {}
        """System titles, by whether answers come under them."""
        self._blocks: dict[tuple[bool, int], bytes] = {}
        """Parts of something longer that have come, by direction and tag of the message they come in."""

    def inside(self, message: bytes, *, is_answer: bool, depth: int = 0) -> Inside:
        """Return what a message brings. It must not be empty."""
        if depth >= _DEPTH_MAX:
            return Inside()
        if message[0] in SEALED_TAGS:
            return self._opened(message, is_answer, depth)
        if message[0] in (AARQ, AARE):
            return self._offered(message, is_answer)
        if message[0] in (_GET_RESPONSE, _GENERAL_BLOCK):
            return self._put_together(message, is_answer, depth)
        return Inside()

    def _opened(self, sealed: bytes, is_answer: bool, depth: int) -> Inside:  # noqa: FBT001  # of a direction
        if self._keys is None:
            return Inside()
        came = opened(sealed, self._keys, self._titles.get(is_answer))
        if not came.text:
            return Inside(problem=came.problem, is_proved=came.is_proved)
        return Inside(self._message(came.text, is_answer, depth), came.problem, came.is_proved)

    def _offered(self, message: bytes, is_answer: bool) -> Inside:  # noqa: FBT001  # of a direction
        try:
            title, offer = _title_and_offer(message, is_answer=is_answer)
        except MalformedError:
            return Inside()
        if title is not None:
            self._titles[is_answer] = title
        return self._opened(offer, is_answer, _DEPTH_MAX - 1) if offer and offer[0] in SEALED_TAGS else Inside()

    def _put_together(self, message: bytes, is_answer: bool, depth: int) -> Inside:  # noqa: FBT001  # of a direction
        try:
            said = decode_message(message)
        except MalformedError:
            return Inside()
        key = (is_answer, message[0])
        if isinstance(said, GeneralBlock):
            whole = self._grown(key, said.number, said.part, is_last=said.is_last)
            return Inside(self._message(whole, is_answer, depth)) if whole else Inside()
        if isinstance(said, GetBlock) and isinstance(said.result, bytes):
            whole = self._grown(key, said.block, said.result, is_last=said.is_last)
            return Inside(_made("whole_value", whole, value_fields(whole), is_answer=is_answer)) if whole else Inside()
        return Inside()

    def _grown(self, key: tuple[bool, int], number: int, part: bytes, *, is_last: bool) -> bytes | None:
        """Return the whole once its last part has come; None before, and where its beginning is not known."""
        before = b"" if number == 1 else self._blocks.get(key)
        whole = None if before is None else before + part
        if whole is None or is_last or len(whole) > _BLOCKS_BYTES_MAX:
            self._blocks.pop(key, None)
        else:
            self._blocks[key] = whole
        return whole if is_last else None

    def _message(self, message: bytes, is_answer: bool, depth: int) -> ExplainedFrame:  # noqa: FBT001  # of a direction
        inside = self.inside(message, is_answer=is_answer, depth=depth + 1)
        fields, problem = message_fields(message)
        return replace(
            _made(message_code(message), message, ([*map(inside.judged, fields)], problem), is_answer=is_answer),
            within=inside.within,
            problem=problem or inside.problem,
        )


def _title_and_offer(message: bytes, *, is_answer: bool) -> tuple[bytes | None, bytes | None]:
    if is_answer:
        answered = decode_association_response(message)
        return answered.server_title, answered.initiate
    asked = decode_association_request(message)
    return asked.client_title, asked.initiate


def _made(
    code: str, data: bytes, followed: tuple[list[ExplainedField], str | None], *, is_answer: bool
) -> ExplainedFrame:
    fields, problem = followed
    return ExplainedFrame(
        code=code, data=data, is_answer=is_answer, fields=tuple(fields), crc_is_right=None, problem=problem
    )
