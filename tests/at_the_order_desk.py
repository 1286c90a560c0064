"""Commands given and approved on the pages, for tests of the desk of commands."""

from datetime import timedelta
from uuid import uuid4

from django.test import Client

from kilovatt.measure.metering.orders import OrderReport, OrderState, VisitResult
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import Learnt, SessionReport
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.orders import orders
from kilovatt.office.records.models import (
    Meter,
    MeterOrder,
)
from looked_at import Town
from on_record import NOW, report_of

RELAY = "mercury-234-artm-01-pob-r"
SPODES = "spodes-1ph"
LATER = NOW + timedelta(minutes=1)
"""The clock of the site goes on while a test runs."""
WHY = "не платит с июля"


def page(meter: Meter, kind: str) -> str:
    return f"/console/meters/{meter.pk}/orders/new/{kind}/"


def give(client: Client, meter: Meter, kind: str = "open_relay", *, number: str = "", **fields: object) -> MeterOrder:
    """Fill in the form of a command and return the order it made."""
    sent = {"order_id": number or str(uuid4()), "because": WHY, **fields}
    response = client.post(page(meter, kind), sent)
    assert response.status_code == 302, response.content.decode()
    return MeterOrder.objects.get(pk=response.headers["Location"].split("/")[-2])


def refused(client: Client, meter: Meter, kind: str, **fields: object) -> str:
    response = client.post(page(meter, kind), {"order_id": str(uuid4()), "because": WHY, **fields})
    assert response.status_code == 200
    return response.content.decode()


def approve(client: Client, order: MeterOrder, ends: str = "0001") -> OrderState:
    client.post(f"/console/orders/{order.pk}/approval/", {"ends": ends})
    return state_of(order)


def state_of(order: MeterOrder) -> OrderState:
    order.refresh_from_db()
    return OrderState(order.state)


def bring(order: MeterOrder, result: VisitResult, *, shown: str = "", detail: str = "") -> None:
    """Let a head-end claim, send and report an approved order."""
    (held,) = line_leases.take_lines(now=LATER, at_most=1)
    orders.claim_due({held.line_id: held.lease.fence}, now=LATER)
    if result is not VisitResult.NOT_SENT:
        assert orders.note_sent(order.pk, lease=held.lease, now=LATER)
    told = report_of(order.meter, Learnt(), name="visit", outcome=Outcome.OK)
    values = {field: getattr(told, field) for field in SessionReport.__slots__}
    brought = OrderReport(order_id=order.pk, result=result, shown=shown, detail=detail)
    accept(SessionReport(**(values | {"order": brought})), now=LATER)


def of_model(town: Town, key: str) -> Meter:
    Meter.objects.filter(pk=town.meter.pk).update(model_key=key)
    town.meter.refresh_from_db()
    return town.meter
