"""The command line: `kilovatt`."""

import errno
import os
import sqlite3
import sys

from kilovatt.config.cli.voice import _, complain


def main() -> None:
    """Run the command line. What is wrong with the input or the machine is one sentence and exit code 2."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kilovatt.config.settings")
    from kilovatt.config.cli.commands import app
    from kilovatt.config.cli.complaints import KNOWN, sentence

    try:
        app()
    except KNOWN as error:
        complain(sentence(error))
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            complain(_("The disk is full. What was accepted is kept; make room and start again."))
        raise
    except sqlite3.OperationalError as error:
        if "disk is full" in str(error):
            complain(_("The disk is full. What was accepted is kept; make room and start again."))
        raise
    except KeyboardInterrupt:
        sys.exit(130)
