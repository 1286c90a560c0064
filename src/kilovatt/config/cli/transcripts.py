"""Transcripts as files: written as a session goes on, and read to be served or explained."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from kilovatt import __version__
from kilovatt.config.cli.voice import _, complain, err
from kilovatt.measure.metering.models import MeterModel
from kilovatt.wire.explain.transcript import (
    TEXT_CHARACTERS_MAX,
    Transcript,
    TranscriptError,
    TranscriptHead,
    parse_transcript,
)
from kilovatt.wire.headend.captured import Capture

_REMARKS = (
    _("A session with a meter: what was sent (>) and what came (<), with the seconds since the start."),
    _("Two asterisks hide a byte of a password, or of a checksum that would betray it. Keys are never in it."),
    _("Serial numbers, registers and events stand in it as they were said: give it to whom you would tell them."),
)


@contextmanager
def captured_to(file: Path | None, model: MeterModel, *, zone: str, now: datetime) -> Iterator[Capture | None]:
    """Yield a capture that writes to a new file, or None where none is wanted; complain where it cannot be made."""
    if file is None:
        yield None
        return
    head = TranscriptHead(
        language=model.language.value,
        model=model.key,
        zone=zone,
        began_at=now.replace(microsecond=0),
        by=f"kilovatt {__version__}",
    )
    try:
        opened = file.open("x", encoding="utf-8", newline="\n")
    except FileExistsError:
        complain(_("The file {file} is there already. Name another for the capture.").format(file=file))
    except OSError as error:
        complain(_("The file {file} cannot be made: {reason}.").format(file=file, reason=error.strerror))
    with opened:
        capture = Capture(opened, head, _REMARKS)
        yield capture
    if capture.failed is not None:
        complain(_("The capture {file} is not whole: {reason}.").format(file=file, reason=capture.failed.strerror))
    err.print(_("The session is written to {file}.").format(file=file), markup=False, soft_wrap=True)


def transcript_in(file: Path) -> Transcript:
    """Return the transcript that a file holds; complain about a file that cannot be read or holds none."""
    return transcript_of(text_of(file), file)


def transcript_of(text: str, file: Path) -> Transcript:
    """Return the transcript that the text of a file is; complain about one that is none."""
    try:
        return parse_transcript(text)
    except TranscriptError as error:
        reason = _(error.sentence) % error.values
        complain(_("{file} is no transcript. {reason}").format(file=file, reason=reason))


def text_of(file: Path) -> str:
    """Return the text of a file; complain about one that cannot be read."""
    try:
        with file.open(encoding="utf-8-sig") as opened:
            return opened.read(TEXT_CHARACTERS_MAX + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else _("it is not text")
        complain(_("The file {file} cannot be read: {reason}.").format(file=file, reason=reason))
