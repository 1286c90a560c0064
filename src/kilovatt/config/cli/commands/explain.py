"""`kilovatt explain`: frames in words, byte by byte."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from kilovatt.config.cli.keys import opening_keys
from kilovatt.config.cli.transcripts import text_of, transcript_of
from kilovatt.config.cli.voice import _, complain, err, out, print_json
from kilovatt.measure.metering.models import Language
from kilovatt.wire.explain import PROTOCOLS, ExplainedExchange, ExplainedField, ExplainedFrame, OpeningKeys, explainer
from kilovatt.wire.explain.guessing import guess_protocols
from kilovatt.wire.explain.pairing import paired
from kilovatt.wire.explain.transcript import HIDDEN, Octets, is_transcript
from kilovatt.wire.explain.words import WORDS, Words
from kilovatt.wire.protocols.framing.connection import MASK

_MASKED = f"{MASK:02X}"
_BETWEEN_PAIRS = re.compile(r"\\x|0[xX](?=[0-9a-fA-F]{2})|[\s,;:\-]")
_ONE_BYTE = re.compile(r"[0-9a-fA-F]{2}")
_MS = 1000


@dataclass(frozen=True, slots=True)
class _Said:
    """A request and its answer; when they passed (seconds since the start) and what is hidden, where that is known."""

    request: bytes
    answer: bytes | None
    sent_s: float | None = None
    came_s: float | None = None
    hidden: Octets = ()
    hidden_of_answer: Octets = ()


def explain(
    frames: Annotated[
        list[str] | None, typer.Argument(metavar="HEX", help=_("Frames as hex: a request, its answer, a request, …"))
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(metavar="LANGUAGE", help=_("The language the frames are in; guessed where it is not named.")),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help=_("A transcript of `kilovatt read --capture`, or frames as hex, one on a line."))
    ] = None,
    keys_file: Annotated[Path | None, typer.Option(help=_("A file with the keys of ciphered DLMS messages."))] = None,
    system_title: Annotated[
        list[str] | None, typer.Option(help=_("The system title of who sent ciphered messages, where none tells it."))
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_("Print JSON for a program."))] = False,
) -> None:
    """Say what each byte means: requests and answers in turn, an answer as the answer to the request before it."""
    _check(protocol)
    file, given = _given(frames or (), file)
    keys = None if keys_file is None else opening_keys(keys_file, system_title or ())
    language, said = _said_in(file, protocol) if file is not None else _said_by(_joined(given), protocol)
    if keys is not None and language != Language.SPODES:
        complain(_("Keys are for DLMS, and these frames are in {language}.").format(language=language))
    exchanges = _explained(language, said, keys)
    if as_json:
        print_json([_exchange_facts(language, *both) for both in zip(said, exchanges, strict=True)])
        return
    for one, exchange in zip(said, exchanges, strict=True):
        _show_exchange(one, exchange, WORDS[exchange.language or language])


def _check(protocol: str | None) -> None:
    if protocol is not None and protocol not in PROTOCOLS:
        known = ", ".join(PROTOCOLS)
        complain(_("Frames are explained in {known}: got {language}.").format(known=known, language=repr(protocol)))


def _given(frames: Sequence[str], file: Path | None) -> tuple[Path | None, list[str]]:
    given = [frame for frame in frames if frame.strip()]
    if file is None and len(given) == 1 and not _is_hex(given[0]) and _is_file(given[0]):
        return Path(given[0]), []
    if (file is None) == (not given):
        complain(_("Give frames as hex, or a file with --file."))
    return file, given


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        # Too long for a name, or with what no name has.
        return False


def _said_by(frames: Sequence[bytes], protocol: str | None) -> tuple[str, list[_Said]]:
    language = _guessed(frames) if protocol is None else protocol
    return language, [_Said(request, answer) for request, answer in paired(language, frames)]


def _said_in(file: Path, protocol: str | None) -> tuple[str, list[_Said]]:
    text = text_of(file)
    if not is_transcript(text):
        lines = (line.partition("#")[0].strip() for line in text.splitlines())
        return _said_by([_bytes_of(line.lstrip("<> ")) for line in lines if line], protocol)
    transcript = transcript_of(text, file)
    if not transcript.finished:
        err.print(_("The session was cut off before its end."))
    language = transcript.head.language if protocol is None else protocol
    if language not in PROTOCOLS:
        complain(_("The transcript is in {language}, which is not known here.").format(language=repr(language)))
    said = []
    for one in transcript.exchanges():
        came_s = one.came[0].at_ms / _MS if one.came else None
        came = tuple(octet for burst in one.came for octet in burst.octets)
        if one.request is None:
            said.append(_Said(one.answer or b"", None, came_s, None, came))
        else:
            asked = one.request
            said.append(_Said(asked.masked, one.answer, asked.at_ms / _MS, came_s, asked.octets, came))
    return language, said


def _explained(language: str, said: Sequence[_Said], keys: OpeningKeys | None) -> list[ExplainedExchange]:
    one = explainer(language, keys)
    return [one(exchange.request, exchange.answer) for exchange in said]


def _guessed(frames: Sequence[bytes]) -> str:
    found = guess_protocols(frames)
    if not found:
        known = ", ".join(PROTOCOLS)
        complain(_("No language makes sense of this. Name it with --protocol: {known}.").format(known=known))
    if len(found) == 1:
        err.print(_("Taken for {language}.").format(language=found[0]))
    else:
        others = ", ".join(found[1:])
        words = _("Taken for {language}; it may be {others} as well: name the right one with --protocol.")
        err.print(words.format(language=found[0], others=others), soft_wrap=True)
    return found[0]


def _joined(frames: Sequence[str]) -> list[bytes]:
    # Whoever forgets the quotes gives a frame byte by byte.
    if len(frames) > 1 and all(_ONE_BYTE.fullmatch(frame) for frame in frames):
        return [bytes.fromhex("".join(frames))]
    return [_bytes_of(frame) for frame in frames]


def _is_hex(text: str) -> bool:
    pairs = _BETWEEN_PAIRS.sub("", text).replace(HIDDEN, _MASKED)
    return re.fullmatch(r"(?:[0-9a-fA-F]{2})+", pairs) is not None


def _bytes_of(text: str) -> bytes:
    if not _is_hex(text):
        complain(_("A frame is written as pairs of hex digits, like 8000: got {text}").format(text=text))
    return bytes.fromhex(_BETWEEN_PAIRS.sub("", text).replace(HIDDEN, _MASKED))


def _show_exchange(said: _Said, exchange: ExplainedExchange, words: Words) -> None:
    _show(exchange.request, words, said.sent_s, said.hidden)
    if exchange.answer is not None:
        _show(exchange.answer, words, said.came_s, said.hidden_of_answer)
    elif said.sent_s is not None and not exchange.request.is_answer:
        silence = _("Silence: no answer came.")
        out.print(f"[bold]{silence}[/]")


def _show(
    frame: ExplainedFrame, words: Words, at_s: float | None = None, hidden: Octets = (), *, within: bool = False
) -> None:
    kind = _("Within") if within else _("Answer") if frame.is_answer else _("Request")
    problem = words.problem(frame)
    verdict = f" — [bold red]{escape(_(problem))}[/]" if problem else ""
    time = "" if at_s is None else f"[dim]{at_s:.3f} s[/]  "
    out.print(f"{time}[bold]{kind}: {escape(_(words.frame(frame)))}[/]{verdict}", soft_wrap=True)
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for field in frame.fields:
        octets = _octets(frame.data[field.start : field.end], hidden[field.start : field.end])
        table.add_row(octets, escape(_name(field, words)), escape(_value(field)))
    out.print(table)
    if frame.within is not None:
        _show(frame.within, words, within=True)


def _octets(data: bytes, hidden: Octets) -> str:
    if None not in hidden:
        return data.hex(" ").upper()
    return " ".join(HIDDEN if octet is None else f"{octet:02X}" for octet in hidden)


def _name(field: ExplainedField, words: Words) -> str:
    return _(words.field(field)).format(number=field.number)


def _value(field: ExplainedField) -> str:
    match field.value:
        case None:
            return "—"
        case bool():
            return _("yes") if field.value else _("no")
        case _:
            return f"{field.value} {field.unit}" if field.unit else str(field.value)


def _exchange_facts(language: str, said: _Said, exchange: ExplainedExchange) -> dict[str, Any]:
    own = exchange.language or language
    facts: dict[str, Any] = {"language": own, "request": _facts(exchange.request, WORDS[own])}
    facts["answer"] = None if exchange.answer is None else _facts(exchange.answer, WORDS[own])
    if said.sent_s is not None:
        facts |= {"sent_s": said.sent_s, "came_s": said.came_s}
    return facts


def _facts(frame: ExplainedFrame, words: Words) -> dict[str, Any]:
    problem = words.problem(frame)
    return {
        "code": frame.code,
        "name": _(words.frame(frame)),
        "is_answer": frame.is_answer,
        "bytes": frame.data.hex(" "),
        "crc_is_right": frame.crc_is_right,
        "problem": frame.problem,
        "problem_in_words": None if problem is None else _(problem),
        "fields": [
            {
                "start": field.start,
                "bytes": frame.data[field.start : field.end].hex(" "),
                "code": field.code,
                "name": _name(field, words),
                "number": field.number,
                "value": field.value,
                "unit": field.unit,
            }
            for field in frame.fields
        ],
        "within": None if frame.within is None else _facts(frame.within, words),
    }
