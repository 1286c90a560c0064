"""Frames in words: each byte with what it means."""

from collections.abc import Sequence

from kilovatt.wire.explain.fields import ExplainedExchange, ExplainedField, ExplainedFrame

__all__ = [
    "PROTOCOLS",
    "ExplainedExchange",
    "ExplainedField",
    "ExplainedFrame",
    "UnknownProtocolError",
    "explain",
    "explain_exchange",
]

PROTOCOLS = ("mercury-v1", "mercury-v2", "nzif", "energomera", "iec62056-21", "modbus", "dlms")
"""The languages of meters that can be explained, named as on the command line."""


class UnknownProtocolError(LookupError):
    """No such language of meters."""


def explain(protocol: str, frames: Sequence[bytes]) -> list[ExplainedExchange]:
    """Return what frames say: requests and answers in turn, each answer as the answer to the request before it.

    No bytes in the place of an answer stand for silence. Raises UnknownProtocolError.
    """
    answers: list[bytes | None] = [answer or None for answer in frames[1::2]]
    requests = frames[0::2]
    if len(answers) < len(requests):
        answers.append(None)
    return [explain_exchange(protocol, request, answer) for request, answer in zip(requests, answers, strict=True)]


def explain_exchange(protocol: str, request: bytes, answer: bytes | None) -> ExplainedExchange:
    """Return what a request and its answer (None: silence) say. Raises UnknownProtocolError."""
    # A language is loaded when it is first wanted: most callers want one.
    match protocol:
        case "mercury-v1":
            from kilovatt.wire.explain import mercury_v1  # noqa: PLC0415

            return mercury_v1.explain_exchange(request, answer)
        case "mercury-v2":
            from kilovatt.wire.explain import mercury_v2  # noqa: PLC0415

            return mercury_v2.explain_exchange(request, answer)
        case "nzif":
            from kilovatt.wire.explain import nzif  # noqa: PLC0415

            return nzif.explain_exchange(request, answer)
        case "energomera":
            from kilovatt.wire.explain import energomera  # noqa: PLC0415

            return energomera.explain_exchange(request, answer)
        case "iec62056-21":
            from kilovatt.wire.explain import iec62056_21  # noqa: PLC0415

            return iec62056_21.explain_exchange(request, answer)
        case "modbus":
            from kilovatt.wire.explain import modbus  # noqa: PLC0415

            return modbus.explain_exchange(request, answer)
        case "dlms":
            from kilovatt.wire.explain import dlms  # noqa: PLC0415

            return dlms.explain_exchange(request, answer)
        case _:
            raise UnknownProtocolError(f"frames are explained in {', '.join(PROTOCOLS)}: got {protocol!r}")
