"""`kilovatt explain`: frames in words, byte by byte."""

from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from kilovatt.config.cli.voice import _, complain, out, print_json
from kilovatt.measure.metering.models import Language
from kilovatt.wire.explain import ExplainedField, ExplainedFrame
from kilovatt.wire.explain import explain as explained
from kilovatt.wire.explain.words import WORDS, Words


def explain(
    frames: Annotated[
        list[str], typer.Argument(metavar="HEX", help=_("Frames as hex: a request, its answer, a request, …"))
    ],
    protocol: Annotated[Language, typer.Option(help=_("The language the frames are in."))],
    as_json: Annotated[bool, typer.Option("--json", help=_("Print JSON for a program."))] = False,
) -> None:
    """Say what each byte means: requests and answers in turn, an answer as the answer to the request before it."""
    words = WORDS[protocol.value]
    exchanges = explained(protocol.value, [_bytes_of(frame) for frame in frames])
    if as_json:
        print_json(
            [
                {
                    "request": _facts(exchange.request, words),
                    "answer": None if exchange.answer is None else _facts(exchange.answer, words),
                }
                for exchange in exchanges
            ]
        )
        return
    for exchange in exchanges:
        for frame in (exchange.request, exchange.answer):
            if frame is not None:
                _show(frame, words)


def _bytes_of(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        complain(_("A frame is written as pairs of hex digits, like 8000: got {text}").format(text=text))


def _show(frame: ExplainedFrame, words: Words) -> None:
    kind = _("Answer") if frame.is_answer else _("Request")
    problem = words.problem(frame)
    verdict = f" — [bold red]{escape(_(problem))}[/]" if problem else ""
    out.print(f"[bold]{kind}: {escape(_(words.frame(frame)))}[/]{verdict}")
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for field in frame.fields:
        octets = frame.data[field.start : field.end].hex(" ").upper()
        table.add_row(octets, escape(_name(field, words)), escape(_value(field)))
    out.print(table)


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


def _facts(frame: ExplainedFrame, words: Words) -> dict[str, Any]:
    problem = words.problem(frame)
    return {
        "code": frame.code,
        "name": _(words.frame(frame)),
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
    }
