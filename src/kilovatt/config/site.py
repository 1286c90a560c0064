"""A site on this machine: opened, migrated, given its operators, and run."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import FrameType

import django
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_noop

from kilovatt.config.cli.voice import language
from kilovatt.config.data_directory import DataDirectory, prepare

DATA_VARIABLE = "KILOVATT_DATA"
DEFAULT_DATA = Path("kilovatt-data")
_POLL_S = 0.25
_FAREWELL_S = 10.0


def open_site(data: Path | None) -> DataDirectory:
    """Prepare the data directory and start Django on it. Raises DataDirectoryError."""
    path = (data or Path(os.environ.get(DATA_VARIABLE) or DEFAULT_DATA)).resolve()
    directory = prepare(path)
    os.environ[DATA_VARIABLE] = str(path)
    django.setup()
    # What Django says on the command line (a password too short) is in the command line's language.
    translation.activate(language())
    return directory


def migrate() -> None:
    """Make or upgrade the database, its guards included, and check that they stand."""
    from django.core.management import call_command

    from kilovatt.office.records.guards import check_guards

    # The check of the guards would refuse the very migration that makes them: it runs afterwards.
    call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    missing = list(check_guards(databases=["default"]))
    assert not missing, missing


def create_operator(
    *, username: str, password: str, organisation_code: str, organisation_name: str | None
) -> str | None:
    """Make an operator; return a sentence if that cannot be done, None if it was."""
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError
    from django.utils.translation import gettext as _

    from kilovatt.office.operations.registration import OrganisationFacts, register_operator, register_organisation
    from kilovatt.office.records.models import Organisation, User

    if User.objects.filter(username=username).exists():
        return _("There is a login {username} already. Choose another.").format(username=username)
    known = Organisation.objects.filter(code=organisation_code).exists()
    if not known and not organisation_name:
        return _("There is no organisation {code} yet. Add --name to make it.").format(code=organisation_code)
    try:
        validate_password(password)
    except ValidationError as error:
        return " ".join(error.messages)
    facts = OrganisationFacts(code=organisation_code, name=organisation_name or "", kind=Organisation.Kind.ASSOCIATION)
    register_operator(register_organisation(facts), username=username, password=password)
    return None


def is_organisation(code: str) -> bool:
    """Whether an organisation of this code is on record."""
    from kilovatt.office.records.models import Organisation

    return Organisation.objects.filter(code=code).exists()


def set_vat(*, organisation_code: str, rate: str, valid_from: date) -> bool:
    """Put on record which value added tax an organisation's amounts contain; return whether it is known."""
    from kilovatt.office.operations.registration import register_vat
    from kilovatt.office.records.models import Organisation, VatStatus

    organisation = Organisation.objects.filter(code=organisation_code).first()
    if organisation is None:
        return False
    register_vat(organisation, valid_from=valid_from, rate=VatStatus.Rate(rate))
    return True


class PortTakenError(Exception):
    """The pages cannot be served there; the message says why and what to do.

    It is English; `sentence` is to be translated and then filled in with `values`.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values)
        self.sentence = sentence
        self.values = values


def require_free_port(host: str, port: int) -> None:
    """Raise PortTakenError if something listens there already, or nothing can."""
    try:
        with socket.create_server((host, port)):
            return
    except OSError as error:
        raise PortTakenError(
            gettext_noop("%(host)s:%(port)s cannot be listened on: %(reason)s. Choose another --port."),
            host=host,
            port=port,
            reason=error.strerror,
        ) from error


def serve(*, host: str, port: int, every_minutes: int, figures_at: Sequence[str | None] = (None,)) -> None:
    """Run pages and reading side by side until interrupted; if one process ends, the others are ended too.

    `figures_at`: for each process that reads, where it tells its figures, HOST:PORT; None where it tells none.
    """
    pages = [
        *(sys.executable, "-m", "gunicorn", "kilovatt.config.wsgi:application", "--bind", f"{host}:{port}"),
        *(
            "--workers",
            "2",
            "--threads",
            "4",
            "--worker-class",
            "gthread",
            "--log-level",
            "warning",
            "--no-control-socket",
        ),
    ]
    os.environ["KILOVATT_READ_EVERY_MIN"] = str(every_minutes)
    reading = [
        [sys.executable, "-m", "kilovatt.config.headend", *(("--metrics", address) if address else ())]
        for address in figures_at
    ]
    sys.exit(run_together([pages, *reading]))


def run_together(commands: Sequence[Sequence[str]]) -> int:
    """Run processes until one ends or we are told to stop; return 0 after a stop, 1 if one ended by itself."""
    stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    environment = {**os.environ, DATA_VARIABLE: str(settings.DATA.path)}
    # Each in a session of its own: an interrupt from the terminal reaches us alone, and we end them in order.
    children = [subprocess.Popen(command, env=environment, start_new_session=True) for command in commands]  # noqa: S603  ours
    try:
        while not stopping and all(child.poll() is None for child in children):
            time.sleep(_POLL_S)
    finally:
        _end(children)
    return 0 if stopping else 1


def _end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(_FAREWELL_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
