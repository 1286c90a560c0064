"""The data directory of a site: database, lake, keys, and the mark of the version that wrote them."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext_noop

FORMAT = 1
"""Raised when an older Kilovatt could not read what a newer one wrote."""

KEY_BYTES = 32
MASTER_KEY, NEXT, BEFORE = "passwords.key", ".next", ".before"
MASTER_KEY_VARIABLE = "KILOVATT_MASTER_KEY"
MASTER_CREDENTIAL = "kilovatt-master-key"
"""The name under which systemd hands it in: LoadCredential=kilovatt-master-key:FILE."""


class DataDirectoryError(Exception):
    """The directory cannot be used; the message says why and what to do.

    It is English; `sentence` is to be translated and then filled in with `values`.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values)
        self.sentence = sentence
        self.values = values


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """Where everything of a site lies."""

    path: Path

    @property
    def database(self) -> Path:
        """The SQLite file, when no other database is set."""
        return self.path / "kilovatt.sqlite3"

    @property
    def lake(self) -> Path:
        """The lake's tables."""
        return self.path / "lake"

    @property
    def keys(self) -> Path:
        """Keys, readable by the owner only."""
        return self.path / "keys"

    def key(self, name: str) -> bytes:
        """Return a key of 32 bytes, made at the first call. Two processes that make it at once get the same."""
        self.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self.keys / name
        if not target.exists():
            draft = self.keys / f".{name}.{os.getpid()}"
            draft.touch(mode=0o600)
            with draft.open("r+b") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, target)
            except FileExistsError:
                draft.unlink()
                return self.key(name)
            draft.unlink()
        return _key_in(target)

    def master_keys(self) -> list[bytes]:
        """Return the key that seals the secrets of meters, the present one first, then those that may still be needed.

        The present one is the file that KILOVATT_MASTER_KEY names, else the credential that systemd hands in, else a
        file of this directory, made at the first call. Older ones are beside it. Raises DataDirectoryError.
        """
        given = master_key_given()
        present = self.key(MASTER_KEY) if given is None else _key_in(given)
        beside = [self.keys / f"{MASTER_KEY}{ending}" for ending in (NEXT, BEFORE)]
        if given is not None:
            beside.insert(0, self.keys / MASTER_KEY)
        return [present, *(_key_in(file) for file in beside if file.exists())]


def master_key_given() -> Path | None:
    """Return the file of a master key that is kept outside the data directory, if one is."""
    named = os.environ.get(MASTER_KEY_VARIABLE)
    if named:
        return Path(named)
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    credential = None if credentials is None else Path(credentials) / MASTER_CREDENTIAL
    return credential if credential is not None and credential.exists() else None


def _key_in(file: Path) -> bytes:
    try:
        key = file.read_bytes()
    except OSError as error:
        raise DataDirectoryError(
            gettext_noop("The key %(key)s cannot be read: %(reason)s."), key=file, reason=error.strerror
        ) from error
    if len(key) != KEY_BYTES:
        raise DataDirectoryError(
            gettext_noop("The key %(key)s has %(got)s bytes instead of %(wanted)s. Restore it from a backup."),
            key=file,
            got=len(key),
            wanted=KEY_BYTES,
        )
    return key


def prepare(path: Path) -> DataDirectory:
    """Make the directory if it is not there and check that this Kilovatt may use it. Raises DataDirectoryError."""
    mark = path / "FORMAT"
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not mark.exists():
            if any(
                entry.name not in {"keys", "lost+found"} and not entry.name.startswith(".") for entry in path.iterdir()
            ):
                raise DataDirectoryError(
                    gettext_noop(
                        "%(path)s holds files that are not Kilovatt's. "
                        "Choose an empty directory or one that Kilovatt made."
                    ),
                    path=path,
                )
            draft = path / f".FORMAT.{os.getpid()}"
            draft.write_text(f"{FORMAT}\n", encoding="ascii")
            draft.replace(mark)
        written = mark.read_text(encoding="ascii").strip()
    except OSError as error:
        raise DataDirectoryError(
            gettext_noop("The data directory %(path)s cannot be used: %(reason)s."), path=path, reason=error.strerror
        ) from error
    if not written.isdigit():
        raise DataDirectoryError(
            gettext_noop("%(mark)s should hold a number and holds %(written)r. Restore it from a backup."),
            mark=mark,
            written=written[:20],
        )
    if int(written) > FORMAT:
        raise DataDirectoryError(
            gettext_noop(
                "The data directory %(path)s was written by a newer Kilovatt (format %(written)s; this one reads up "
                "to %(known)s). Upgrade Kilovatt or choose another directory."
            ),
            path=path,
            written=written,
            known=FORMAT,
        )
    return DataDirectory(path)
