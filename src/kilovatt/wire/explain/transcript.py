"""Transcripts: a whole session with a meter as text, to be read by people, explained, and served as a meter.

    kilovatt transcript 1
    # What stands behind a hash is a remark.
    language: iec62056-21
    model: energomera-ce102m
    zone: Europe/Moscow
    began: 2026-11-24T06:00:00Z
    by: kilovatt 0.1.0

    > 0.000 2F 3F 21 0D 0A
    < 0.041 2F 45 4B 54 35 43 45 31 30 32 4D 76 30 31 0D 0A
    > 0.043 01 50 31 02 28 ** ** ** ** ** ** ** **
    end

What was sent (>) and what came (<), in bursts, with the seconds since the start; a line that begins with a space goes
on with the burst before it. Two asterisks are a byte of a secret, or of a checksum that would betray one. A request
that nothing follows was met with silence. `end` is written when the session is over: a session that was cut off lacks
it, and is a transcript all the same.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn, TypeAlias

from kilovatt.wire.explain.fields import gettext_noop
from kilovatt.wire.protocols.framing.connection import MASK

VERSION = 1
END = "end\n"
HIDDEN = "**"
TEXT_CHARACTERS_MAX = 32 << 20
"""A longer text is no transcript of a session."""
_FIRST_LINE = re.compile(r"kilovatt transcript (\d{1,9})")
_HEAD_NAMES = ("language", "model", "zone", "began", "by")
_BURST = re.compile(r"([<>]) +(\d{1,7})(?:\.(\d{1,3}))?(?:[ \t]+(.*))?")
_BEGAN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_OCTETS_A_LINE = 32
_MS = 1000

Octets: TypeAlias = tuple[int | None, ...]
"""Bytes; None for one that is hidden."""


class TranscriptError(ValueError):
    """A text that is no transcript. `line` is where, from 1.

    The message is English; `sentence` is to be translated and then filled in with `values`.
    """

    def __init__(self, sentence: str, *, line: int, **values: object) -> None:
        super().__init__(sentence % {"line": line, **values})
        self.sentence = sentence
        self.line = line
        self.values: dict[str, object] = {"line": line, **values}


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptHead:
    """Of what the session was: the language and model of the meter, its zone, when it began [UTC], and by what.

    Raises ValueError for what could not be read again: an instant with parts of a second, text of several lines.
    """

    language: str
    model: str
    zone: str
    began_at: datetime
    by: str

    def __post_init__(self) -> None:
        if self.began_at.utcoffset() is None or self.began_at.microsecond:
            raise ValueError(f"a transcript begins at a whole second of a known zone: got {self.began_at}")
        for text in (self.language, self.model, self.zone, self.by):
            if not text or text != text.strip() or not text.isprintable():
                raise ValueError(f"a head is of printable text on one line: got {text!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Bytes in one piece, sent or come (`came`), so many milliseconds after the start."""

    at_ms: int
    came: bool
    octets: Octets

    def __post_init__(self) -> None:
        if not self.octets or not 0 <= self.at_ms < 10**7 * _MS:
            raise ValueError("a burst has bytes, and an instant within the session")

    @property
    def masked(self) -> bytes:
        """The bytes, with an asterisk for each that is hidden."""
        return bytes(MASK if octet is None else octet for octet in self.octets)


@dataclass(frozen=True, slots=True)
class TranscribedExchange:
    """A request, and what came after it and before the next. None: before any request."""

    request: Burst | None
    came: tuple[Burst, ...]

    @property
    def answer(self) -> bytes | None:
        """All that came, hidden bytes as asterisks; None for silence."""
        return b"".join(burst.masked for burst in self.came) or None


@dataclass(frozen=True, slots=True)
class Transcript:
    """A session. `finished`: it came to its end, and was not cut off."""

    head: TranscriptHead
    bursts: tuple[Burst, ...]
    finished: bool = True

    def exchanges(self) -> list[TranscribedExchange]:
        """Return the session by its requests; what came before any stands first."""
        exchanges: list[tuple[Burst | None, list[Burst]]] = []
        for burst in self.bursts:
            if not burst.came:
                exchanges.append((burst, []))
            elif exchanges:
                exchanges[-1][1].append(burst)
            else:
                exchanges.append((None, [burst]))
        return [TranscribedExchange(request, tuple(came)) for request, came in exchanges]


# ── Writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def octets_of(data: bytes, hidden: Iterable[tuple[int, int]] = ()) -> Octets:
    """Return bytes with some spans of them hidden (half-open, by offset)."""
    octets: list[int | None] = list(data)
    for start, end in hidden:
        octets[start:end] = [None] * (min(end, len(data)) - start)
    return tuple(octets)


def head_text(head: TranscriptHead, remarks: Sequence[str] = ()) -> str:
    """Return what a transcript begins with."""
    began = head.began_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    values = (head.language, head.model, head.zone, began, head.by)
    lines = (f"{name}: {value}\n" for name, value in zip(_HEAD_NAMES, values, strict=True))
    return f"kilovatt transcript {VERSION}\n{''.join(map(remark_text, remarks))}{''.join(lines)}\n"


def remark_text(remark: str) -> str:
    """Return a remark, which says nothing to programs."""
    return "".join(f"# {line}\n" for line in remark.splitlines())


def burst_text(burst: Burst) -> str:
    """Return a burst as it stands in a transcript."""
    seconds, ms = divmod(burst.at_ms, _MS)
    start = f"{'<' if burst.came else '>'} {seconds}.{ms:03}"
    written = [HIDDEN if octet is None else f"{octet:02X}" for octet in burst.octets]
    rows = (written[at : at + _OCTETS_A_LINE] for at in range(0, len(written), _OCTETS_A_LINE))
    return start + f"\n{' ' * len(start)}".join(f" {' '.join(row)}" for row in rows) + "\n"


def transcript_text(transcript: Transcript) -> str:
    """Return a whole transcript as text."""
    end = END if transcript.finished else ""
    return head_text(transcript.head) + "".join(map(burst_text, transcript.bursts)) + end


# ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def is_transcript(text: str) -> bool:
    """Whether a text says of itself that it is a transcript, of whatever version."""
    return text.startswith("kilovatt transcript ")


def parse_transcript(text: str) -> Transcript:
    """Return what a text says. Raises TranscriptError with the line in which it is none."""
    if len(text) > TEXT_CHARACTERS_MAX:
        raise TranscriptError(gettext_noop("Line %(line)s: the file is too long for a transcript."), line=1)
    numbered = list(enumerate(text.splitlines(keepends=True), start=1))
    _check_version(numbered)
    lines = iter([(number, line) for number, line in numbered[1:] if line.strip() and not line.startswith("#")])
    head = _head(lines, last=len(numbered))
    reading = _Reading()
    for number, line in lines:
        reading.take(number, line)
    return Transcript(head, reading.whole(), reading.finished)


def _check_version(numbered: Sequence[tuple[int, str]]) -> None:
    first = numbered[0][1].strip() if numbered else ""
    version = _FIRST_LINE.fullmatch(first)
    if version is None:
        sentence = gettext_noop("Line %(line)s: a transcript begins with the line “kilovatt transcript 1”.")
        raise TranscriptError(sentence, line=1)
    if int(version[1]) != VERSION:
        sentence = gettext_noop(
            "Line %(line)s: a transcript of version %(version)s, and this Kilovatt reads version 1. Use a newer one."
        )
        raise TranscriptError(sentence, line=1, version=int(version[1]))


def _head(lines: Iterator[tuple[int, str]], *, last: int) -> TranscriptHead:
    values: list[str] = []
    number = last
    for name in _HEAD_NAMES:
        number, line = next(lines, (last, ""))
        said, colon, value = line.partition(":")
        if said != name or not colon or not value.strip() or not line.endswith(("\n", "\r")):
            sentence = gettext_noop("Line %(line)s: “%(name)s: …” is wanted here, as the head of a transcript has it.")
            raise TranscriptError(sentence, line=number, name=name)
        values.append(value.strip())
    language, model, zone, began, by = values
    try:
        if not _BEGAN.fullmatch(began):
            raise ValueError(began)
        began_at = datetime.fromisoformat(began).astimezone(UTC)
        return TranscriptHead(language=language, model=model, zone=zone, began_at=began_at, by=by)
    except ValueError as error:
        sentence = gettext_noop("Line %(line)s: the head of the transcript says what cannot be (%(reason)s).")
        raise TranscriptError(sentence, line=number, reason=str(error)) from error


class _Reading:
    """Bursts, line by line."""

    def __init__(self) -> None:
        self.finished = False
        self._bursts: list[Burst] = []
        self._started: tuple[int, bool, list[int | None]] | None = None
        """The burst that the next line may go on with."""

    def take(self, number: int, line: str) -> None:
        if self.finished:
            raise TranscriptError(gettext_noop("Line %(line)s: something stands after the end."), line=number)
        if line.rstrip() == END.rstrip():
            self._close()
            self.finished = True
            return
        if not line.endswith(("\n", "\r")):
            sentence = gettext_noop("Line %(line)s: the file was cut off within this line. Take the line out.")
            raise TranscriptError(sentence, line=number)
        if line[0] in " \t" and self._started is not None:
            self._started[2].extend(_octets(number, line))
            return
        self._begin(number, line)

    def whole(self) -> tuple[Burst, ...]:
        self._close()
        return tuple(self._bursts)

    def _begin(self, number: int, line: str) -> None:
        said = _BURST.fullmatch(line.rstrip())
        if said is None or not said[4]:
            sentence = gettext_noop(
                "Line %(line)s: a line is “> seconds bytes”, “< seconds bytes”, “# remark” or “end”: got %(text)s."
            )
            raise TranscriptError(sentence, line=number, text=repr(line.strip()[:40]))
        self._close()
        at_ms = int(said[2]) * _MS + int((said[3] or "").ljust(3, "0"))
        if self._bursts and at_ms < self._bursts[-1].at_ms:
            sentence = gettext_noop("Line %(line)s: the time goes back, from %(before)s s to %(after)s s.")
            before, after = self._bursts[-1].at_ms / _MS, at_ms / _MS
            raise TranscriptError(sentence, line=number, before=before, after=after)
        self._started = (at_ms, said[1] == "<", _octets(number, said[4]))

    def _close(self) -> None:
        if self._started is not None:
            at_ms, came, octets = self._started
            self._bursts.append(Burst(at_ms=at_ms, came=came, octets=tuple(octets)))
            self._started = None


def _octets(number: int, text: str) -> list[int | None]:
    octets: list[int | None] = []
    for word in text.split():
        if len(word) % 2:
            _no_octet(number, word)
        pairs = (word[at : at + 2] for at in range(0, len(word), 2))
        octets.extend(None if pair == HIDDEN else _octet(number, pair) for pair in pairs)
    return octets


def _octet(number: int, pair: str) -> int:
    if not re.fullmatch(r"[0-9A-Fa-f]{2}", pair):
        _no_octet(number, pair)
    return int(pair, 16)


def _no_octet(number: int, word: str) -> NoReturn:
    sentence = gettext_noop("Line %(line)s: a byte is two hex digits, or ** where it is hidden: got %(text)s.")
    raise TranscriptError(sentence, line=number, text=repr(word[:40]))
