"""The log as JSON: one line per event, the session's number on every line of it, and nothing not meant for it."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from kilovatt.config.logs import JsonLines, OfASession, logging_settings
from kilovatt.wire.headend.correlation import in_hand, session_in_hand

SESSION = UUID("019a0000-0000-7000-8000-000000000001")
OTHER = UUID("019a0000-0000-7000-8000-000000000002")


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    logger, stream = logging.getLogger("kilovatt.tried"), io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    handler.addFilter(OfASession())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    yield logger, stream
    logger.removeHandler(handler)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_whatever_is_in_it(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.warning("line %s says\n«Ж»", 7, extra={"line": 7})
    (told,) = lines(stream)
    assert told["event"] == "line 7 says\n«Ж»"
    assert (told["level"], told["logger"], told["line"]) == ("warning", "kilovatt.tried", 7)
    assert told["at"].endswith("Z")


def test_what_is_said_while_a_session_is_in_hand_bears_its_number(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    with in_hand(SESSION):
        logger.info("first")
        with in_hand(OTHER):
            logger.info("second")
        logger.info("third")
        logger.info("of another", extra={"session": str(OTHER)})
    logger.info("of none")
    assert session_in_hand() is None
    sessions = [told.get("session") for told in lines(stream)]
    assert sessions == [str(SESSION), str(OTHER), str(SESSION), str(OTHER), None]


def test_only_facts_that_are_listed_are_written(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.info("opened", extra={"password": "111111", "key": b"secret", "meter": 31, "outcome": "ok", "detail": ""})
    assert "111111" not in stream.getvalue()
    assert "secret" not in stream.getvalue()
    (told,) = lines(stream)
    assert (told["meter"], told["outcome"]) == (31, "ok")
    assert "detail" not in told


def test_an_exception_is_told_with_its_traceback_on_the_same_line(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    try:
        raise LookupError("no such register")
    except LookupError:
        logger.exception("an answer could not be understood")
    (told,) = lines(stream)
    assert "LookupError: no such register" in told["error"]
    assert told["level"] == "error"


def test_text_stays_the_way_it_was() -> None:
    assert logging_settings(level="INFO", is_json=False)["handlers"]["stderr"]["formatter"] == "line"


@pytest.mark.parametrize(("wanted", "code"), [("json", 0), ("text", 0), ("", 0), ("xml", 1)])
def test_a_format_that_is_not_known_is_refused(wanted: str, code: int) -> None:
    asking = "import django; django.setup(); import logging; logging.getLogger('kilovatt').warning('here')"
    settings = {"KILOVATT_LOG_FORMAT": wanted, "DJANGO_SETTINGS_MODULE": "kilovatt.config.settings"}
    ran = subprocess.run(
        [sys.executable, "-c", asking], env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == code
    if wanted == "json":
        assert json.loads(ran.stderr)["event"] == "here"
    if code:
        assert "KILOVATT_LOG_FORMAT is text or json." in ran.stderr
