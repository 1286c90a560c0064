"""Keys of meters on record, and the invocation counters that no two sessions under one key may share."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from kilovatt.measure.metering.invocation_counters import counter_by_clock
from kilovatt.office.operations import vault
from kilovatt.office.operations.registration import vault_name
from kilovatt.office.records.models import Meter, MeterSecret

READING_LEVEL = 1
COMMANDING_SLOT = MeterSecret.Slot.COMMANDING.value
MASTER_SLOT = MeterSecret.Slot.MASTER.value
COUNTERS_AT_ONCE = 4096
"""So many are taken for a session; none has been seen to need a tenth of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedKey:
    """A key that holds, sealed."""

    slot: str
    generation: int
    sealed: bytes = field(repr=False)


def put_keys(meter: Meter, by_slot: Mapping[str, bytes]) -> None:
    """Seal keys of a meter as the ones that hold from now on; those before stay on record."""
    meter_name, organisation = vault_name(meter.model_key, meter.serial), vault.organisation_of(meter)
    with transaction.atomic():
        Meter.objects.select_for_update().get(pk=meter.pk)
        latest = dict(meter.secrets.values_list("slot").annotate(latest=Max("generation")))
        for slot, key in by_slot.items():
            generation = latest.get(slot, 0) + 1
            sealed = vault.seal_key(
                key, organisation=organisation, meter_name=meter_name, slot=slot, generation=generation
            )
            MeterSecret.objects.create(meter=meter, slot=MeterSecret.Slot(slot), generation=generation, sealed=sealed)


def put_password(meter: Meter, password: str, *, level: int) -> None:
    """Seal a password of a meter as the one that holds from now on; level 1 is for reading."""
    if level == READING_LEVEL:
        meter_name = vault_name(meter.model_key, meter.serial)
        sealed = vault.seal(password, organisation=vault.organisation_of(meter), meter_name=meter_name)
        Meter.objects.filter(pk=meter.pk).update(password_sealed=sealed)
    else:
        put_keys(meter, {MeterSecret.Slot.COMMANDING: password.encode()})


def sealed_keys(meter_ids: Sequence[int]) -> dict[int, tuple[SealedKey, ...]]:
    """Return the keys that hold, of meters that have any: the highest generation of each slot."""
    holding: dict[int, dict[str, SealedKey]] = defaultdict(dict)
    for secret in MeterSecret.objects.filter(meter_id__in=meter_ids).order_by("generation"):
        holding[secret.meter_id][secret.slot] = SealedKey(
            slot=secret.slot, generation=secret.generation, sealed=bytes(secret.sealed)
        )
    return {meter_id: tuple(keys.values()) for meter_id, keys in holding.items()}


def take_counters(meter_ids: Sequence[int], *, now: datetime) -> dict[int, int]:
    """Take invocation counters for a session with each of these meters, and return the first of them.

    No two callers are given the same, and none is given one below what the clock says: a database that was restored
    from an older copy does not go back.
    """
    if not meter_ids:
        return {}
    first: dict[int, int] = {}
    by_clock = counter_by_clock(now)
    with transaction.atomic():
        for meter in Meter.objects.select_for_update().filter(pk__in=meter_ids).order_by("pk"):
            first[meter.pk] = max(meter.invocation_counter, by_clock)
            Meter.objects.filter(pk=meter.pk).update(invocation_counter=first[meter.pk] + COUNTERS_AT_ONCE)
    return first
