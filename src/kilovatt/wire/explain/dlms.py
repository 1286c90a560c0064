"""DLMS in words: frames of HDLC, the wrapper or bare messages, byte by byte.

What comes in several frames is put together, explained, and cut again where the frames were.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from kilovatt.wire.explain.dlms_ciphering import OpeningKeys
from kilovatt.wire.explain.dlms_framing import cut_of
from kilovatt.wire.explain.dlms_messages import message_code, message_fields
from kilovatt.wire.explain.dlms_talk import Inside, Talk
from kilovatt.wire.explain.fields import ExplainedExchange, ExplainedField, ExplainedFrame
from kilovatt.wire.explain.pairing import is_dlms_answer


class Explainer:
    """Explains a session frame by frame: what comes in parts is put together, and titles are kept.

    With keys, ciphered messages are opened.
    """

    def __init__(self, keys: OpeningKeys | None = None) -> None:
        self._talk = Talk(keys)
        self._parts: dict[bool, bytes] = {}
        """What came before of a message that goes on, by whether it is an answer."""

    def exchange(self, request: bytes, answer: bytes | None) -> ExplainedExchange:
        """Return what a request and the answer to it say, every byte named."""
        by_itself = answer is None and bool(is_dlms_answer(request))
        return ExplainedExchange(
            request=self.frame(request, is_answer=by_itself),
            answer=None if answer is None else self.frame(answer, is_answer=True),
        )

    def frame(self, data: bytes, *, is_answer: bool) -> ExplainedFrame:
        """Return what bytes say: one frame or several, or a message without any.

        Of several messages the last gives the frame its code, and the last that brings one what is within.
        """
        cut = cut_of(data)
        messages = [spans for spans in cut.messages if spans]
        fields = list(cut.fields)
        code, problem, within = cut.code or "noise", cut.problem, None
        for spans in messages:
            before = b"" if cut.begins or spans is not messages[0] else self._parts.get(is_answer, b"")
            message = before + b"".join(data[start:end] for start, end in spans)
            is_cut = cut.goes_on and spans is messages[-1]
            self._parts[is_answer] = message if is_cut else b""
            said, trouble = message_fields(message)
            inside = Inside() if is_cut else self._talk.inside(message, is_answer=is_answer)
            fields += _placed(map(inside.judged, said), spans, len(before))
            code = "continued_message" if before else message_code(message)
            problem = problem or (None if is_cut else trouble) or inside.problem
            within = inside.within or within
        return ExplainedFrame(
            code=code,
            data=data,
            is_answer=is_answer,
            fields=tuple(sorted(fields, key=lambda told: told.start)),
            crc_is_right=cut.crc_is_right,
            problem=problem,
            within=within,
        )


def explain_frame(data: bytes, *, is_answer: bool) -> ExplainedFrame:
    """Return what bytes say: one frame or several, or a message without any."""
    return Explainer().frame(data, is_answer=is_answer)


def _placed(fields: Iterable[ExplainedField], spans: list[tuple[int, int]], before: int) -> Iterator[ExplainedField]:
    """Put fields of a message where its bytes stand; one that is cut by a border of frames is told in parts.

    So many bytes of the message stand `before` these.
    """
    fields = tuple(fields)
    for start, end in spans:
        length = end - start
        for told in fields:
            first, last = max(told.start, before), min(told.end, before + length)
            if first >= last:
                continue
            shift = start - before
            piece = replace(told, start=first + shift, end=last + shift)
            yield piece if first == told.start else replace(piece, code="continued", value=None, number=None)
        before += length
