"""Instants on the command line: ISO 8601 with a zone."""

from datetime import UTC, datetime

from kilovatt.config.cli.voice import _, complain


def instant(text: str | None) -> datetime:
    """Return the instant of an option, or the machine's now; complain about anything else."""
    if text is None:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        complain(_("{text} is no instant. Write it as 2026-11-24T09:00+03:00.").format(text=repr(text)))
    if at.tzinfo is None:
        complain(_("{text} has no time zone. Write it as {text}+03:00 or {text}Z.").format(text=text))
    return at.astimezone(UTC)
