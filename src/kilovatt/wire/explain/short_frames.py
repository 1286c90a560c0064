"""Frames of an address, a body and a CRC-16, byte by byte: one way for the languages that have such frames."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from kilovatt.wire.explain.fields import ExplainedExchange, ExplainedField, ExplainedFrame, FieldValue, frame_code
from kilovatt.wire.explain.layouts import explain_layout
from kilovatt.wire.protocols.framing.connection import MASK, Refusal
from kilovatt.wire.protocols.framing.crc16 import CRC_SIZE, crc_is_right
from kilovatt.wire.protocols.framing.layout import Field, Layout

_STATUS_SIZE = 1
_PREFIX_CODES = ("request_code", "parameter", "extension")


class AskedRequest(Protocol):
    """What a request of such a language tells of itself."""

    @property
    def prefix(self) -> bytes:
        """The bytes that say which request it is."""

    @property
    def asks(self) -> Mapping[str, Field]:
        """The fields behind them."""

    @property
    def says(self) -> tuple[Layout[Any], ...]:
        """The forms its answer may have."""

    @property
    def secret_fields(self) -> frozenset[str]:
        """Names of the fields that are never shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortFrames:
    """What such a language has of its own.

    `head_size` and `address_of` look at a frame of any length, `request_of` at the body of a request (None for one
    that is unknown), `answers` whether a frame comes from who was asked by another; `refusal_of` returns what a status
    refuses and the reason's code, None where it is none. `is_echoed` tells a request whose answer is its own bytes.
    """

    head_size: Callable[[bytes], int]
    address_of: Callable[[bytes], int]
    request_of: Callable[[bytes], AskedRequest | None]
    answers: Callable[[AskedRequest, bytes, bytes], bool]
    refusal_of: Callable[[int], tuple[Refusal, str] | None]
    is_echoed: Callable[[AskedRequest], bool]
    show: Callable[[object], FieldValue]
    fields_of: Callable[[Mapping[str, Field]], Mapping[str, Field]] = lambda fields: fields  # as they are

    def explain_exchange(self, request: bytes, answer: bytes | None) -> ExplainedExchange:
        """Return what a request and the answer to it say, every byte named.

        An answer is explained as the answer to its request, whether or not it is one: `problem` says why it is not.
        Passwords are never shown, masked or not.
        """
        asked = self.request_of(self._body(request)) if self._has_body(request) else None
        return ExplainedExchange(
            request=self._explained_request(request, asked),
            answer=None if answer is None else self._explained_answer(answer, request, asked),
        )

    def _has_body(self, data: bytes) -> bool:
        return len(data) > self.head_size(data) + CRC_SIZE

    def _body(self, data: bytes) -> bytes:
        return data[self.head_size(data) : -CRC_SIZE]

    def _explained_request(self, data: bytes, asked: AskedRequest | None) -> ExplainedFrame:
        if not self._has_body(data):
            return _too_short(data, is_answer=False)
        if asked is None:
            return self._unexplained(data, "unknown_request", "unknown_request", is_answer=False)
        return self._asking(data, asked, None, is_answer=False)

    def _explained_answer(self, data: bytes, request: bytes, asked: AskedRequest | None) -> ExplainedFrame:
        if not self._has_body(data):
            return _too_short(data, is_answer=True)
        if asked is None:
            return self._unexplained(data, "unknown_request", "unknown_request", is_answer=True)
        if data == request and not self.is_echoed(asked):
            return self._asking(data, asked, "echo", is_answer=True)
        code, said = frame_code(type(asked)), self._body(data)
        problem = None if self.answers(asked, request, data) else "another_meter"
        refused = self.refusal_of(said[0]) if len(said) == _STATUS_SIZE else None
        if refused is not None:
            return self._refused(data, *refused, problem)
        layout = next((layout for layout in asked.says if layout.size == len(said)), None)
        if layout is None:
            return self._unexplained(data, code, problem or "wrong_size", is_answer=True)
        return self._laid_out(data, code, (), self.fields_of(layout.fields), problem, is_answer=True)

    def _asking(self, data: bytes, asked: AskedRequest, problem: str | None, *, is_answer: bool) -> ExplainedFrame:
        prefix = tuple(self._prefix(data, asked))
        hidden = {name: _hidden(field) if name in asked.secret_fields else field for name, field in asked.asks.items()}
        return self._laid_out(data, frame_code(type(asked)), prefix, hidden, problem, is_answer=is_answer)

    def _prefix(self, data: bytes, asked: AskedRequest) -> Iterator[ExplainedField]:
        for place, (code, byte) in enumerate(zip(_PREFIX_CODES, asked.prefix, strict=False), self.head_size(data)):
            yield ExplainedField(start=place, end=place + 1, code=code, value=f"{byte:02X}h")

    def _laid_out(
        self,
        data: bytes,
        code: str,
        prefix: tuple[ExplainedField, ...],
        layout: Mapping[str, Field],
        problem: str | None,
        *,
        is_answer: bool,
    ) -> ExplainedFrame:
        start = self.head_size(data) + len(prefix)
        part = explain_layout(layout, data[start:-CRC_SIZE], start=start, show=self.show)
        if problem is None and not part.is_possible:
            problem = "impossible_value"
        return self._assembled(data, code, (*prefix, *part.fields), problem, is_answer=is_answer)

    def _refused(self, data: bytes, refusal: Refusal, reason: str, problem: str | None) -> ExplainedFrame:
        start = self.head_size(data)
        status = ExplainedField(start=start, end=start + _STATUS_SIZE, code="status", value=refusal.code)
        return self._assembled(data, "refusal", (status,), problem or reason, is_answer=True)

    def _unexplained(self, data: bytes, code: str, problem: str, *, is_answer: bool) -> ExplainedFrame:
        start, end = self.head_size(data), len(data) - CRC_SIZE
        shown = ExplainedField(start=start, end=end, code="data", value=data[start:end].hex(" "))
        return self._assembled(data, code, (shown,), problem, is_answer=is_answer)

    def _assembled(
        self, data: bytes, code: str, fields: tuple[ExplainedField, ...], problem: str | None, *, is_answer: bool
    ) -> ExplainedFrame:
        end = len(data) - CRC_SIZE
        # The checksum of a password is masked along with it.
        right = None if data[end:] == bytes([MASK] * CRC_SIZE) else crc_is_right(data)
        return ExplainedFrame(
            code=code,
            data=data,
            is_answer=is_answer,
            fields=(
                ExplainedField(start=0, end=self.head_size(data), code="address", value=self.address_of(data)),
                *fields,
                ExplainedField(start=end, end=len(data), code="crc", value=right),
            ),
            crc_is_right=right,
            problem="wrong_crc" if right is False else problem,
        )


def _hidden(field: Field) -> Field:
    return Field(size=field.size, read=lambda _: None, write=field.write)


def _too_short(data: bytes, *, is_answer: bool) -> ExplainedFrame:
    fields = (ExplainedField(start=0, end=len(data), code="data", value=data.hex(" ")),) if data else ()
    return ExplainedFrame(
        code="noise", data=data, is_answer=is_answer, fields=fields, crc_is_right=None, problem="too_short"
    )
