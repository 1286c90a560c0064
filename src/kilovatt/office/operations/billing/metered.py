"""What stood at metering points in a period, with the registers where it meets the period's ends."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Q

from kilovatt.measure.consumption import InstallationSpan, RegisterAt
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.meter_days import Source
from kilovatt.measure.metering.registers import Quantity
from kilovatt.measure.zones import Zone
from kilovatt.office.operations.keeping import history
from kilovatt.office.records.models import Installation
from kilovatt.quantities.periods import Period, local_date

_ByInstant = Mapping[tuple[int, datetime], Mapping[int, RegisterAt]]


def spans_of_points(point_ids: Sequence[int], period: Period) -> dict[int, tuple[InstallationSpan, ...]]:
    """Return the installations of each point that meet the period, with active energy registers at their ends."""
    installations = list(
        Installation.objects.filter(Q(removed_at=None) | Q(removed_at__gt=period.start), point_id__in=point_ids)
        .filter(installed_at__lt=period.end)
        .select_related("meter", "point")
        .prefetch_related("tariff_maps")
        .order_by("installed_at")
    )
    known = _registers_at_ends(installations, period)
    spans: dict[int, list[InstallationSpan]] = defaultdict(list)
    for installation in installations:
        spans[installation.point_id].append(_span(installation, period, known))
    return {point_id: tuple(spans.get(point_id, ())) for point_id in point_ids}


def _span(installation: Installation, period: Period, known: _ByInstant) -> InstallationSpan:
    model = model_by_key(installation.meter.model_key)
    starts_at, ends_at = _ends(installation, period)
    return InstallationSpan(
        meter_id=installation.meter_id,
        since=installation.installed_at,
        until=installation.removed_at,
        ratio=installation.ratio,
        zone_of_tariff=_zone_of_tariff(installation, starts_at),
        register_step_wh=model.register_step_wh,
        register_limit_wh=model.register_limit_wh,
        starts=known.get((installation.meter_id, starts_at), {}),
        ends=known.get((installation.meter_id, ends_at), {}),
    )


def _ends(installation: Installation, period: Period) -> tuple[datetime, datetime]:
    removed_at = installation.removed_at or period.end
    return max(installation.installed_at, period.start), min(removed_at, period.end)


def _zone_of_tariff(installation: Installation, at: datetime) -> dict[int, Zone]:
    on = local_date(at, ZoneInfo(installation.point.zone_name))
    in_force = [row for row in installation.tariff_maps.all() if row.valid_from <= on]
    latest = max((row.valid_from for row in in_force), default=None)
    return {row.tariff: Zone(row.zone) for row in in_force if row.valid_from == latest}


def _registers_at_ends(installations: Iterable[Installation], period: Period) -> _ByInstant:
    wanted = {(one.meter_id, at) for one in installations for at in _ends(one, period)}
    meter_ids = sorted({meter_id for meter_id, _ in wanted})
    known: dict[tuple[int, datetime], dict[int, RegisterAt]] = defaultdict(dict)
    read = history.registers(meter_ids, since=period.start, until=period.end)
    # Of two contents for one instant the one heard later is believed: it overwrites the earlier.
    for stored in sorted(read, key=lambda register: (register.heard_at, register.digest)):
        at = (stored.meter_id, stored.taken_at)
        if stored.quantity is Quantity.A_PLUS and at in wanted:
            known[at][stored.tariff] = _register_at(stored)
    return known


def _register_at(stored: history.StoredRegister) -> RegisterAt:
    return RegisterAt(
        value_wh=stored.value,
        taken_at=stored.taken_at,
        source=Source(stored.source),
        digest=stored.digest,
        session_id=stored.session_id,
        exchange=stored.exchange,
    )
