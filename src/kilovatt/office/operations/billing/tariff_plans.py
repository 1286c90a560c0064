"""Tariff plans on record, and back as values that money can be counted with."""

from django.db import transaction

from kilovatt.measure.zones import Zone, ZoneScheme
from kilovatt.money import tariffs
from kilovatt.office.records import models as records


def publish_plan(plan: tariffs.TariffPlan, *, title_en: str, title_ru: str) -> records.TariffPlan:
    """Put a plan on record, all of it or nothing; a version that is there already stays as it is."""
    with transaction.atomic():
        titles = {"title_en": title_en, "title_ru": title_ru, "scheme": plan.scheme}
        row, _new = records.TariffPlan.objects.get_or_create(code=plan.code, defaults=titles)
        known = set(row.versions.values_list("valid_from", flat=True))
        for version in plan.versions:
            if version.valid_from not in known:
                _publish_version(row, version)
    return row


def _publish_version(row: records.TariffPlan, version: tariffs.PriceVersion) -> None:
    made = records.PriceVersion.objects.create(
        plan=row, valid_from=version.valid_from, valid_until=version.valid_until, source=version.source
    )
    records.ZonePrice.objects.bulk_create(
        records.ZonePrice(version=made, zone=price.zone, price_microrub_per_kwh=price.price_microrub_per_kwh)
        for price in version.prices
    )


def plans_on_record() -> dict[str, tariffs.TariffPlan]:
    """Return every plan by its code. Raises tariffs.PlanError for one that does not hold together."""
    plans = {}
    for row in records.TariffPlan.objects.prefetch_related("versions__prices"):
        versions = tuple(
            tariffs.PriceVersion(
                valid_from=version.valid_from,
                valid_until=version.valid_until,
                prices=tuple(
                    tariffs.ZonePrice(Zone(price.zone), price.price_microrub_per_kwh) for price in version.prices.all()
                ),
                source=version.source,
            )
            for version in row.versions.all()
        )
        if versions:
            plans[row.code] = tariffs.TariffPlan(code=row.code, scheme=ZoneScheme(row.scheme), versions=versions)
    return plans
