"""Orders and the frames that brought them, both ways: what an order was told with, and of which order a frame is."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from kilovatt.measure.metering.orders import OrderPart
from kilovatt.office.operations.keeping.evidence import Evidence, evidence
from kilovatt.office.operations.orders.order_file import order_of
from kilovatt.office.records.models import MeterOrder, OrderFrame, User


@dataclass(frozen=True, slots=True)
class OrderEvidence:
    """An exchange of an order: what it was for, and its frames explained."""

    part: OrderPart
    evidence: Evidence


def order_evidence(order: MeterOrder, *, at_most: int) -> Sequence[OrderEvidence]:
    """Return the first exchanges an order was brought with, in their order."""
    rows = order.frames.order_by("pk").values_list("part", "session_id", "exchange")[:at_most]
    return [OrderEvidence(OrderPart(part), evidence(session_id, exchange)) for part, session_id, exchange in rows]


def order_of_frame(user: User, session_id: UUID, exchange: int) -> tuple[MeterOrder, OrderPart] | None:
    """Return the order that an exchange brought, and what it was for; None for none the user may command."""
    found = OrderFrame.objects.filter(session=session_id, exchange=exchange).values_list("order", "part").first()
    order = None if found is None else order_of(user, found[0])
    return None if found is None or order is None else (order, OrderPart(found[1]))
