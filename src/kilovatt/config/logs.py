"""How the log is written: a line of text, or a line of JSON per event that programs can follow a session by.

    {"at": "2026-11-24T09:00:01.250Z", "level": "info", "logger": "…", "event": "session … ended ok", "session": "…"}

Only facts whose names are listed here are written: what some module hands along besides stays out of the log.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from kilovatt.wire.headend.correlation import session_in_hand

FACTS = ("meter", "line", "outcome", "failed_part", "detail", "exchanges", "retries", "took_ms", "order", "is_new")
"""What an event may say besides its sentence, by name."""


class OfASession(logging.Filter):
    """Marks each event with the session in hand where it happened; one that names its session keeps it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mark an event; none is held back."""
        if getattr(record, "session", None) is None:
            session_id = session_in_hand()
            record.session = None if session_id is None else str(session_id)
        return True


class JsonLines(logging.Formatter):
    """An event as one line of JSON, in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        session = getattr(record, "session", None)
        if session is not None:
            told["session"] = session
        for name in FACTS:
            fact = getattr(record, name, None)
            if fact is not None and fact != "":
                told[name] = fact if isinstance(fact, str | int | float | bool) else str(fact)
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


def logging_settings(*, level: str, is_json: bool) -> dict[str, Any]:
    """Return how the log of a process is set up: everything to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"session": {"()": f"{__name__}.{OfASession.__name__}"}},
        "formatters": {
            "line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
            "json": {"()": f"{__name__}.{JsonLines.__name__}"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json" if is_json else "line",
                "filters": ["session"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
    }
