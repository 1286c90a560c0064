"""What a session of DLMS brings within its messages: texts deciphered, values put together of their blocks.

It keeps what the association told (system titles) and the parts that have come, so far as to explain what follows.
"""

from dataclasses import replace

from kilovatt.wire.explain.dlms_ciphering import Opened, OpeningKeys, opened
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


class Talk:
    """What is known of a session by now."""

    def __init__(self, keys: OpeningKeys | None = None) -> None:
        self._keys = keys
        self._titles: dict[bool, bytes] = {}
        """System titles, by whether answers come under them."""
        self._blocks: dict[tuple[bool, int], bytes] = {}
        """Parts of something longer that have come, by direction and tag of the message they come in."""

    def with_what_is_within(self, explained: ExplainedFrame, message: bytes, depth: int = 0) -> ExplainedFrame:
        """Return an explanation with what its message brings."""
        if depth >= _DEPTH_MAX or not message:
            return explained
        tag = message[0]
        if tag in SEALED_TAGS:
            return self._with_opened(explained, message, depth)
        if tag in (AARQ, AARE):
            return self._with_offer(explained, message)
        if tag in (_GET_RESPONSE, _GENERAL_BLOCK):
            return self._with_whole(explained, message, depth)
        return explained

    def _with_opened(self, explained: ExplainedFrame, message: bytes, depth: int) -> ExplainedFrame:
        if self._keys is None:
            return explained
        came = opened(message, self._keys, self._titles.get(explained.is_answer))
        explained = _judged(explained, came)
        return explained if came.text is None else replace(explained, within=self._inner(explained, came.text, depth))

    def _with_offer(self, explained: ExplainedFrame, message: bytes) -> ExplainedFrame:
        try:
            if explained.is_answer:
                answered = decode_association_response(message)
                title, offer = answered.server_title, answered.initiate
            else:
                asked = decode_association_request(message)
                title, offer = asked.client_title, asked.initiate
        except MalformedError:
            return explained
        if title is not None:
            self._titles[explained.is_answer] = title
        if self._keys is None or not offer or offer[0] not in SEALED_TAGS:
            return explained
        came = opened(offer, self._keys, self._titles.get(explained.is_answer))
        explained = _judged(explained, came)
        return explained if came.text is None else replace(explained, within=_bare(explained, came.text))

    def _with_whole(self, explained: ExplainedFrame, message: bytes, depth: int) -> ExplainedFrame:
        try:
            said = decode_message(message)
        except MalformedError:
            return explained
        if isinstance(said, GetBlock) and isinstance(said.result, bytes):
            whole = self._grown(explained, message[0], said.block, said.result, is_last=said.is_last)
            return explained if whole is None else replace(explained, within=_value(explained, whole))
        if isinstance(said, GeneralBlock):
            whole = self._grown(explained, message[0], said.number, said.part, is_last=said.is_last)
            return explained if whole is None else replace(explained, within=self._inner(explained, whole, depth))
        return explained

    def _grown(self, explained: ExplainedFrame, tag: int, number: int, part: bytes, *, is_last: bool) -> bytes | None:
        """Return the whole once its last part has come; None before, and where its beginning is not known."""
        key = (explained.is_answer, tag)
        before = b"" if number == 1 else self._blocks.get(key)
        whole = None if before is None else before + part
        if whole is None or is_last or len(whole) > _BLOCKS_BYTES_MAX:
            self._blocks.pop(key, None)
        else:
            self._blocks[key] = whole
        return whole if is_last and whole else None

    def _inner(self, explained: ExplainedFrame, message: bytes, depth: int) -> ExplainedFrame | None:
        return self.with_what_is_within(_bare(explained, message), message, depth + 1) if message else None


def _judged(explained: ExplainedFrame, came: Opened) -> ExplainedFrame:
    fields = explained.fields
    if came.is_proved:
        fields = tuple(
            replace(one, code="right_tag") if one.code == "authentication_tag" else one for one in explained.fields
        )
    return replace(explained, fields=fields, problem=explained.problem or came.problem)


def _bare(around: ExplainedFrame, message: bytes) -> ExplainedFrame:
    fields, problem = message_fields(message)
    return _made(around, message_code(message), message, fields, problem)


def _value(around: ExplainedFrame, data: bytes) -> ExplainedFrame:
    fields, problem = value_fields(data)
    return _made(around, "whole_value", data, fields, problem)


def _made(
    around: ExplainedFrame, code: str, data: bytes, fields: list[ExplainedField], problem: str | None
) -> ExplainedFrame:
    return ExplainedFrame(
        code=code, data=data, is_answer=around.is_answer, fields=tuple(fields), crc_is_right=None, problem=problem
    )
