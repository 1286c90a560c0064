"""Frames in words: each byte with what it means."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from kilovatt.wire.explain.dlms_ciphering import OpeningKeys
from kilovatt.wire.explain.fields import ExplainedExchange, ExplainedField, ExplainedFrame
from kilovatt.wire.explain.pairing import is_sign_on, paired

__all__ = [
    "PROTOCOLS",
    "ExplainedExchange",
    "ExplainedField",
    "ExplainedFrame",
    "OpeningKeys",
    "UnknownProtocolError",
    "explain",
    "explain_exchange",
    "explainer",
]

PROTOCOLS = ("mercury-v1", "mercury-v2", "nzif", "energomera", "iec62056-21", "modbus", "dlms")
"""The languages of meters that can be explained, named as on the command line."""
_SIGN_ON = "iec62056-21"

ExplainOne: TypeAlias = Callable[[bytes, bytes | None], ExplainedExchange]
"""Explains a request and the answer to it (None: silence)."""


class UnknownProtocolError(LookupError):
    """No such language of meters."""


def explain(protocol: str, frames: Sequence[bytes], keys: OpeningKeys | None = None) -> list[ExplainedExchange]:
    """Return what frames say: requests and answers in turn, each answer as the answer to the request before it.

    No bytes in the place of an answer stand for silence. Where it shows in a frame that it is an answer (DLMS,
    IEC 62056-21), one that no request stands before is explained by itself, in the place of a request. Raises
    UnknownProtocolError.
    """
    one = explainer(protocol, keys)
    return [one(request, answer) for request, answer in paired(protocol, frames)]


def explain_exchange(protocol: str, request: bytes, answer: bytes | None) -> ExplainedExchange:
    """Return what a request and its answer (None: silence) say. Raises UnknownProtocolError."""
    return explainer(protocol)(request, answer)


def explainer(protocol: str, keys: OpeningKeys | None = None) -> ExplainOne:
    """Return what explains a session, exchange by exchange in order. Raises UnknownProtocolError.

    Keys are for DLMS. A meter of DLMS may be signed on to in another language: such exchanges name it.
    """
    # A language is loaded when it is first wanted: most callers want one.
    match protocol:
        case "mercury-v1":
            from kilovatt.wire.explain import mercury_v1  # noqa: PLC0415

            return mercury_v1.explain_exchange
        case "mercury-v2":
            from kilovatt.wire.explain import mercury_v2  # noqa: PLC0415

            return mercury_v2.explain_exchange
        case "nzif":
            from kilovatt.wire.explain import nzif  # noqa: PLC0415

            return nzif.explain_exchange
        case "energomera":
            from kilovatt.wire.explain import energomera  # noqa: PLC0415

            return energomera.explain_exchange
        case "iec62056-21":
            from kilovatt.wire.explain import iec62056_21  # noqa: PLC0415

            return iec62056_21.explain_exchange
        case "modbus":
            from kilovatt.wire.explain import modbus  # noqa: PLC0415

            return modbus.explain_exchange
        case "dlms":
            return _dlms(keys)
        case _:
            raise UnknownProtocolError(f"frames are explained in {', '.join(PROTOCOLS)}: got {protocol!r}")


def _dlms(keys: OpeningKeys | None) -> ExplainOne:
    from kilovatt.wire.explain import dlms  # noqa: PLC0415

    session = dlms.Explainer(keys)

    def one(request: bytes, answer: bytes | None) -> ExplainedExchange:
        if is_sign_on(request):
            return replace(explainer(_SIGN_ON)(request, answer), language=_SIGN_ON)
        return session.exchange(request, answer)

    return one
