"""Changing the master key, and what is known of the secrets of a site: which meters still have their factory's.

A change may be broken off at any moment: each data key says under which master key it is, the old one stays beside the
new one until the last is sealed anew, and doing it again goes on where it stopped.
"""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.office.operations import vault
from kilovatt.office.operations.registration import vault_name
from kilovatt.office.operations.secrets.meter_keys import COMMANDING_SLOT, READING_LEVEL
from kilovatt.office.records.models import DataKey, Meter

_MASTER_BYTES = 32
_COMMANDING_LEVEL = 2


def change_master_key(file: Path, *, next_file: Path, before_file: Path) -> int:
    """Make a new master key in place of the one in a file, and seal every data key under it; return how many.

    The old one is kept in `before_file`: backups of the database still need it.
    """
    if not next_file.exists():
        _write(next_file, secrets.token_bytes(_MASTER_BYTES))
    changed = seal_data_keys_under(next_file.read_bytes())
    if file.exists():
        file.replace(before_file)
    next_file.replace(file)
    return changed


def seal_data_keys_under(master: bytes) -> int:
    """Seal every data key that is under another master key under this one; return how many. May be done again."""
    wanted = vault.master_id(master)
    changed = 0
    for row in DataKey.objects.select_related("organisation").order_by("pk"):
        if bytes(row.master) != wanted:
            with transaction.atomic():
                vault.seal_anew(row, master=master)
            changed += 1
    return changed


def _write(file: Path, key: bytes) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    with draft.open("r+b") as opened:
        opened.write(key)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakSecret:
    """A meter that anybody who knows its manual can open, and for what."""

    meter_id: int
    model_key: str
    serial: str
    reading: bool
    commanding: bool


def on_factory_passwords() -> Iterator[WeakSecret]:
    """Give the meters that still have a password of their factory, for reading or for commanding.

    A meter whose password is not on record is read with the factory's, so it has it.
    """
    for meter in Meter.objects.prefetch_related("secrets").order_by("model_key", "serial").iterator(chunk_size=1000):
        factory = model_by_key(meter.model_key).factory_passwords
        name = vault_name(meter.model_key, meter.serial)
        reading = READING_LEVEL in factory and _password(meter, name) in {None, factory[READING_LEVEL]}
        commanding = _COMMANDING_LEVEL in factory and _commanding(meter, name) in {None, factory[_COMMANDING_LEVEL]}
        if reading or commanding:
            yield WeakSecret(
                meter_id=meter.pk,
                model_key=meter.model_key,
                serial=meter.serial,
                reading=reading,
                commanding=commanding,
            )


def _password(meter: Meter, name: str) -> str | None:
    return None if meter.password_sealed is None else vault.unseal(bytes(meter.password_sealed), meter_name=name)


def _commanding(meter: Meter, name: str) -> str | None:
    rows = [secret for secret in meter.secrets.all() if secret.slot == COMMANDING_SLOT]
    if not rows:
        return None
    newest = max(rows, key=lambda secret: secret.generation)
    opened = vault.unseal_key(bytes(newest.sealed), meter_name=name, slot=newest.slot, generation=newest.generation)
    return opened.decode()


def masters() -> list[str]:
    """Return the names of the master keys at hand, the present one first."""
    return [vault.master_id(master).hex() for master in settings.DATA.master_keys()]
