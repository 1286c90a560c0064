"""Passwords come from files, so that no list of processes shows them."""

from pathlib import Path

from kilovatt.config.cli.voice import _, complain


def password_in(file: Path) -> str:
    """Return what a file holds, without white space around it, or say why it cannot be read and leave."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else _("it is not text")
        complain(_("The password file {file} cannot be read: {reason}.").format(file=file, reason=reason))
