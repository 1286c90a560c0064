"""The frames that prove a value: what was asked and answered on the wire, and by which meter."""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import MeterModel
from kilovatt.office.operations.keeping import history
from kilovatt.office.operations.keeping.history import StoredFrame
from kilovatt.office.records.models import Installation, Session
from kilovatt.wire.explain import ExplainedExchange, UnknownProtocolError, explain_exchange


@dataclass(frozen=True, slots=True)
class FrameKey:
    """Where to find a frame: the session and the exchange in it."""

    session_id: UUID
    exchange: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One exchange with a meter, or what it said by itself. `frame` is None where it was not kept or has aged out.

    `explained` is None where there is no frame, or nobody knows its language.
    """

    session_id: UUID
    exchange: int
    model: MeterModel
    serial: str
    place: str
    zone: ZoneInfo
    frame: StoredFrame | None
    explained: ExplainedExchange | None

    @property
    def is_push(self) -> bool:
        """Whether nobody had asked."""
        return self.frame is not None and not self.frame.request


def evidence(session_id: UUID, exchange: int) -> Evidence:
    """Return what is kept of an exchange. Raises Session.DoesNotExist."""
    session = Session.objects.select_related("meter").get(pk=session_id)
    installation = Installation.objects.filter(meter=session.meter).select_related("point").order_by("-pk").first()
    frame = history.frame(session_id, exchange)
    return Evidence(
        session_id=session_id,
        exchange=exchange,
        model=model_by_key(session.meter.model_key),
        serial=session.meter.serial,
        place="" if installation is None else installation.point.name,
        zone=ZoneInfo("UTC" if installation is None else installation.point.zone_name),
        frame=frame,
        explained=None if frame is None else _explained(frame),
    )


def _explained(frame: StoredFrame) -> ExplainedExchange | None:
    try:
        if not frame.request:
            # A push: what is explained by itself stands in the place of a request.
            return explain_exchange(frame.language, frame.answer, None)
        # What was sent in vain is kept where it was to change the meter.
        return explain_exchange(frame.language, frame.request, frame.answer or None)
    except UnknownProtocolError:
        return None
