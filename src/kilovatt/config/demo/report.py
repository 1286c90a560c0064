"""What a demonstration came to, as one JSON object."""

from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

from kilovatt.config.demo.run import Told
from kilovatt.config.demo.town_records import account_number
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.office.operations.billing import balances
from kilovatt.office.operations.keeping import history
from kilovatt.office.records.models import Bill, Finding, Installation, Organisation, Unbilled
from kilovatt.quantities.periods import last_full_month, local_date


def report(told: Told, association: Organisation) -> dict[str, Any]:
    """Return the contract's object: what was read, doubted, billed, and that the ledger adds up."""
    zone = ZoneInfo(told.plan.zone)
    month_on = last_full_month(told.now, zone)
    meter_ids = list(Installation.objects.filter(point__organisation=association).values_list("meter_id", flat=True))
    standings = history.day_standings(meter_ids, month_on, local_date(told.now, zone))
    findings = Counter(Finding.objects.filter(meter_id__in=meter_ids).values_list("rule", flat=True))
    unbilled = Unbilled.objects.filter(account__organisation=association, period_first_on=month_on)
    return {
        "now": told.now.astimezone(zone).isoformat(),
        "meters": len(told.plan.meters),
        "lines": len(told.plan.lines),
        "sessions": {"ok": 0, **dict(sorted(told.tally.sessions.items()))},
        "intervals": sum(day.known_slots for days in standings.values() for day in days.values()),
        "findings": dict(sorted(findings.items())),
        "bills": _bills(told, association),
        "unbilled": [
            {
                "account": missing.account.number,
                "period": missing.period_first_on.strftime("%Y-%m"),
                "reason": missing.reason,
            }
            for missing in unbilled.select_related("account").order_by("account__number")
        ],
        "ledger_balance_kopecks": sum(balances.balances_kopecks(association).values()),
        "seconds": round(told.seconds, 2),
    }


def _bills(told: Told, association: Organisation) -> list[dict[str, Any]]:
    meters = {account_number(number): meter for number, meter in enumerate(told.plan.meters, start=1)}
    month_on = last_full_month(told.now, ZoneInfo(told.plan.zone))
    bills = Bill.objects.filter(account__organisation=association, period_first_on=month_on)
    shown = []
    for bill in bills.select_related("account").prefetch_related("lines").order_by("account__number"):
        meter = meters[bill.account.number]
        zones: Counter[str] = Counter()
        for line in bill.lines.all():
            zones[line.zone] += line.energy_wh
        shown.append(
            {
                "account": bill.account.number,
                "household": meter.household,
                "meter_model": meter.model,
                "register_step_wh": model_by_key(meter.model).reading_lacks_wh * meter.ratio,
                "plan": bill.plan_code,
                "period": bill.period_first_on.strftime("%Y-%m"),
                "zones": {name: {"energy_wh": energy_wh} for name, energy_wh in zones.items()},
                "amount_kopecks": bill.amount_kopecks,
                "lines": [
                    {
                        "zone": line.zone,
                        "energy_wh": line.energy_wh,
                        "price_microrub_per_kwh": line.price_microrub_per_kwh,
                        "amount_kopecks": line.amount_kopecks,
                    }
                    for line in bill.lines.all()
                ],
            }
        )
    return shown
