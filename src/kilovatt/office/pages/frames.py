"""A frame as the page shows it: every byte, what it is called, and what it says."""

from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kilovatt.measure.metering.models import Language
from kilovatt.office.documents.figures import NO_BREAK_SPACE, grouped_text, instant_text, language_of
from kilovatt.office.operations.keeping.evidence import Evidence
from kilovatt.office.pages.value_words import value_words
from kilovatt.wire.explain import ExplainedField, ExplainedFrame
from kilovatt.wire.explain.words import WORDS, Words

_FLOW_UNITS = frozenset({"W", "var", "VA", "mV", "mA", "mHz", "V", "A"})
_ENERGY_UNITS = frozenset({"Wh", "varh", "kWh"})
_TIME_CODES = frozenset({"time", "at", "day_on", "clock", "taken_at", "record_at"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownField:
    """Some bytes: in hex, what they are, what they say; `look` is a class, `is_proof` marks the value asked for."""

    octets: str
    name: str
    says: str
    look: str
    is_proof: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFrame:
    """One frame."""

    title: str
    is_answer: bool
    verdict: str
    is_right: bool
    fields: tuple[ShownField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEvidence:
    """One exchange: who was asked, when, how long it took, and both frames. No frames when they were not kept."""

    session_id: UUID
    exchange: int
    meter: str
    place: str
    sent_at: str
    took_ms: int
    tries: int
    frames: tuple[ShownFrame, ...]
    raw: tuple[str, ...]
    is_kept: bool
    is_push: bool = False
    """Whether the meter said it by itself."""
    is_answered: bool = True
    """Whether anything came back: what changes a meter is kept though nothing did."""
    row: str = ""
    """Of what came in a file: the row, as it stood there."""
    file_name: str = ""


def shown_evidence(evidence: Evidence, *, proves_wh: int | None = None) -> ShownEvidence:
    """Return an exchange as texts; the field that says `proves_wh` is marked."""
    frame, explained = evidence.frame, evidence.explained
    is_of_a_file = frame is not None and frame.language == Language.FILE
    shown: tuple[ShownFrame, ...] = ()
    if frame is not None and explained is not None:
        words = WORDS[frame.language]
        both = (explained.request, explained.answer)
        shown = tuple(_frame(one, words, proves_wh) for one in both if one is not None)
    return ShownEvidence(
        session_id=evidence.session_id,
        exchange=evidence.exchange,
        meter=f"{evidence.model.title} № {evidence.serial}",
        place=evidence.place,
        sent_at="" if frame is None else _to_the_second(evidence),
        took_ms=0 if frame is None else frame.took_ms,
        tries=0 if frame is None else frame.tries,
        frames=shown,
        raw=() if frame is None else tuple(one.hex(" ").upper() for one in (frame.request, frame.answer) if one),
        is_kept=frame is not None,
        is_push=evidence.is_push and not is_of_a_file,
        is_answered=frame is None or bool(frame.answer),
        row=frame.answer.decode() if frame is not None and is_of_a_file else "",
        file_name=frame.request.decode() if frame is not None and is_of_a_file else "",
    )


def _to_the_second(evidence: Evidence) -> str:
    assert evidence.frame is not None
    at = evidence.frame.sent_at
    minute = instant_text(at, evidence.zone, language_of(get_language()))
    return f"{minute}:{at.astimezone(evidence.zone):%S}"


def _frame(frame: ExplainedFrame, words: Words, proves_wh: int | None) -> ShownFrame:
    problem = words.problem(frame)
    if problem is not None:
        verdict = _(problem)
    elif frame.crc_is_right:
        verdict = _("The checksum fits.")
    elif not any(field.code == "crc" for field in frame.fields):
        # A wrapper leaves that to TCP.
        verdict = ""
    else:
        verdict = _("The checksum is masked along with the password.")
    return ShownFrame(
        title=_(words.frame(frame)),
        is_answer=frame.is_answer,
        verdict=verdict,
        is_right=problem is None,
        fields=tuple(_field(field, frame, words, proves_wh) for field in frame.fields),
    )


def _field(field: ExplainedField, frame: ExplainedFrame, words: Words, proves_wh: int | None) -> ShownField:
    is_proof = proves_wh is not None and frame.is_answer and field.unit == "Wh" and field.value == proves_wh
    return ShownField(
        octets=frame.data[field.start : field.end].hex(" ").upper(),
        name=_("Checksum") if field.code == "crc" else _(words.field(field)).format(number=field.number),
        says=_checksum(field) if field.code == "crc" else _says(field),
        look=_look(field),
        is_proof=is_proof,
    )


def _says(field: ExplainedField) -> str:
    if field.value is None:
        return _("not measured or empty")
    if isinstance(field.value, bool):
        return _("yes") if field.value else _("no")
    if field.unit is None:
        return value_words(str(field.value))
    value = grouped_text(field.value, language_of(get_language())) if isinstance(field.value, int) else field.value
    return f"{value}{NO_BREAK_SPACE}{_unit(field.unit)}"


def _checksum(field: ExplainedField) -> str:
    if not isinstance(field.value, bool):
        return _("masked along with the password")
    return _("fits") if field.value else _("does not fit")


def _unit(unit: str | None) -> str:
    known = {
        "Wh": _("Wh"),
        "varh": _("varh"),
        "W": _("W"),
        "var": _("var"),
        "VA": _("VA"),
        "mV": _("mV"),
        "mA": _("mA"),
        "mHz": _("mHz"),
        "min": _("min"),
        "h": _("h"),
        "s": _("s"),
        "ms": _("ms"),
    }
    return known.get(unit or "", unit or "")


def _look(field: ExplainedField) -> str:
    if field.code == "crc":
        return "wrong" if field.value is False else "right"
    if field.unit in _ENERGY_UNITS:
        return "energy"
    if field.unit in _FLOW_UNITS:
        return "flow"
    return "time" if field.code in _TIME_CODES else ""
