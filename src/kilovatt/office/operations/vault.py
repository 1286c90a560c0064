"""Meter passwords and keys at rest: AES-256-GCM in two layers, bound to whom they belong to.

Each organisation has data keys; a secret is sealed under the newest of its organisation, with the organisation, the
meter, the slot and the format as associated data: moved to another meter, slot or organisation it does not open. Data
keys are sealed under the master key, which is in a file of the site or handed in by systemd: changing it means sealing
a few data keys anew, and no secret.

What is sealed is one byte of format, four of the data key's number, 12 of nonce, and the ciphertext with its tag.
Format 1, which had the master key alone, is still opened.
"""

import os
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop

from kilovatt.office.operations.clock import now
from kilovatt.office.records.models import DataKey, Meter, Organisation

FORMAT = 2
READING_SLOT = "reading"
MASTER_ID_BYTES = 8
_FORMAT_OF_MASTER = 1
_NONCE_BYTES, _NUMBER_BYTES, _KEY_BYTES, _TAG_BYTES = 12, 4, 32, 16
_HEAD = {_FORMAT_OF_MASTER: 1, FORMAT: 1 + _NUMBER_BYTES}


class SealBrokenError(Exception):
    """A sealed secret does not open: another key, another meter, or damage.

    The text is English; `sentence` is to be translated and then filled in with `values`.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values)
        self.sentence = sentence
        self.values = values


def seal(password: str, *, organisation: Organisation, meter_name: str, slot: str = READING_SLOT) -> bytes:
    """Return the password sealed for one meter (`meter_name`: its model and serial, which never change)."""
    return _sealed(password.encode(), organisation, meter_name, slot)


def unseal(sealed: bytes, *, meter_name: str, slot: str = READING_SLOT) -> str:
    """Return a sealed password. Raises SealBrokenError, which says nothing of the password."""
    opened = _opened(sealed, meter_name, slot)
    if opened is None:
        raise SealBrokenError(
            gettext_noop(
                "The password of %(meter)s does not open with this site's key. "
                "Restore keys/passwords.key or set the password anew."
            ),
            meter=meter_name,
        )
    return opened.decode()


def seal_key(key: bytes, *, organisation: Organisation, meter_name: str, slot: str, generation: int) -> bytes:
    """Return a key sealed for one meter, slot and generation: an old one put in place of a new one does not open."""
    return _sealed(key, organisation, meter_name, f"{slot}:{generation}")


def unseal_key(sealed: bytes, *, meter_name: str, slot: str, generation: int) -> bytes:
    """Return a sealed key. Raises SealBrokenError, which says nothing of the key."""
    opened = _opened(sealed, meter_name, f"{slot}:{generation}")
    if opened is None:
        raise SealBrokenError(
            gettext_noop(
                "The keys of %(meter)s do not open with this site's key. "
                "Restore keys/passwords.key or set the keys anew."
            ),
            meter=meter_name,
        )
    return opened


def length_sealed(sealed: bytes) -> int:
    """Return how many bytes a sealed secret has, without opening it."""
    return len(sealed) - _HEAD[sealed[0]] - _NONCE_BYTES - _TAG_BYTES


def organisation_of(meter: Meter) -> Organisation:
    """Return whose meter it is: of the organisation at whose point it stands, else of that of its line."""
    standing = meter.installations.filter(removed_at=None).select_related("point__organisation").first()
    if standing is not None:
        return standing.point.organisation
    assert meter.line is not None, "a meter without a point or a line belongs to nobody"
    return meter.line.organisation


def _sealed(secret: bytes, organisation: Organisation, meter_name: str, slot: str) -> bytes:
    row = _newest(organisation)
    head = bytes([FORMAT]) + row.pk.to_bytes(_NUMBER_BYTES, "big")
    nonce = os.urandom(_NONCE_BYTES)
    body = AESGCM(data_key(row)).encrypt(nonce, secret, _bound_to(organisation.code, meter_name, slot, FORMAT))
    return head + nonce + body


def _opened(sealed: bytes, meter_name: str, slot: str) -> bytes | None:
    head = _HEAD.get(sealed[0])
    if head is None:
        return None
    nonce, body = sealed[head : head + _NONCE_BYTES], sealed[head + _NONCE_BYTES :]
    if sealed[0] == _FORMAT_OF_MASTER:
        # As associated data had it before organisations had keys.
        bound_to = f"kilovatt:{meter_name}:{slot}:{_FORMAT_OF_MASTER}".encode()
        return _first_that_opens(settings.DATA.master_keys(), nonce, body, bound_to)
    number = int.from_bytes(sealed[1:head], "big")
    row = DataKey.objects.select_related("organisation").filter(pk=number).first()
    if row is None:
        return None
    bound_to = _bound_to(row.organisation.code, meter_name, slot, FORMAT)
    try:
        return _first_that_opens([data_key(row)], nonce, body, bound_to)
    except SealBrokenError:
        return None


def _first_that_opens(keys: list[bytes], nonce: bytes, body: bytes, bound_to: bytes) -> bytes | None:
    for key in keys:
        try:
            return AESGCM(key).decrypt(nonce, body, bound_to)
        except InvalidTag:
            continue
    return None


def _bound_to(organisation_code: str, meter_name: str, slot: str, version: int) -> bytes:
    return f"kilovatt:{organisation_code}:{meter_name}:{slot}:{version}".encode()


# ── Data keys ───────────────────────────────────────────────────────────────────────────────────────────────────────


def master_id(master: bytes) -> bytes:
    """Return the name of a master key, which tells nothing of it."""
    return sha256(b"kilovatt master key" + master).digest()[:MASTER_ID_BYTES]


def _newest(organisation: Organisation) -> DataKey:
    row = organisation.data_keys.order_by("-generation").first()
    return row if row is not None else add_data_key(organisation)


def add_data_key(organisation: Organisation) -> DataKey:
    """Make the next data key of an organisation, under the present master key."""
    with transaction.atomic():
        Organisation.objects.select_for_update().get(pk=organisation.pk)
        last = organisation.data_keys.order_by("-generation").first()
        generation = 1 if last is None else last.generation + 1
        master = settings.DATA.master_keys()[0]
        return DataKey.objects.create(
            organisation=organisation,
            generation=generation,
            master=master_id(master),
            sealed=_under(master, os.urandom(_KEY_BYTES), organisation.code, generation),
            made_at=now(),
        )


def data_key(row: DataKey) -> bytes:
    """Return a data key. Raises SealBrokenError where no master key at hand opens it."""
    masters = {master_id(master): master for master in settings.DATA.master_keys()}
    master = masters.get(bytes(row.master))
    key = None
    if master is not None:
        key = _opened_under(master, bytes(row.sealed), _data_key_bound_to(row.organisation.code, row.generation))
    if key is None:
        raise SealBrokenError(
            gettext_noop(
                "The secrets of %(organisation)s do not open with this site's key. "
                "Restore keys/passwords.key, or hand in the master key they were sealed under."
            ),
            organisation=row.organisation.code,
        )
    return key


def seal_anew(row: DataKey, *, master: bytes) -> None:
    """Seal a data key under another master key; what it seals stays as it is."""
    key = data_key(row)
    row.sealed = _under(master, key, row.organisation.code, row.generation)
    row.master = master_id(master)
    row.save(update_fields=["sealed", "master"])


def _under(master: bytes, key: bytes, organisation_code: str, generation: int) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(master).encrypt(nonce, key, _data_key_bound_to(organisation_code, generation))


@lru_cache(maxsize=1024)
def _opened_under(master: bytes, sealed: bytes, bound_to: bytes) -> bytes | None:
    return _first_that_opens([master], sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)


def _data_key_bound_to(organisation_code: str, generation: int) -> bytes:
    return f"kilovatt data key:{organisation_code}:{generation}".encode()
