"""The command line: `kilovatt`."""

import errno
import os
import sys
from collections.abc import Iterator

from kilovatt.config.cli.voice import _, complain

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_WORDS_OF_FULL = ("database or disk is full", "No space left on device")
"""What SQLite and the writer of the lake's log say of a full disk; neither gives a number."""


def main() -> None:
    """Run the command line. What is wrong with the input or the machine is one sentence and exit code 2."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kilovatt.config.settings")
    from kilovatt.config.cli.commands import app

    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        # Here, since whoever does nothing wrong need not wait for everything that can go wrong.
        from kilovatt.config.cli.complaints import KNOWN, sentence

        if isinstance(error, KNOWN):
            complain(sentence(error))
        if not _disk_is_full(error):
            raise
        complain(_("The disk is full. What was accepted is kept; make room and start again."))


def _disk_is_full(error: BaseException) -> bool:
    return any(
        (isinstance(one, OSError) and one.errno in _FULL) or any(words in str(one) for words in _WORDS_OF_FULL)
        for one in _with_causes(error)
    )


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for member in error.exceptions:
                yield from _with_causes(member)
        error = error.__cause__
