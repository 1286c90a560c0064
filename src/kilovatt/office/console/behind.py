"""The meters behind a concentrator, in texts."""

from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kilovatt.measure.metering.concentrators import ExchangeStatus, Hearing
from kilovatt.office.documents.figures import instant_text, language_of
from kilovatt.office.operations.standing.board import BoardRow
from kilovatt.office.records.models import ListedMeter

_WEIGHTS = {Hearing.HEARD: "good", Hearing.NOT_NOW: "warn", Hearing.NEVER: "bad", Hearing.NOT_TOLD: "none"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownListed:
    """A meter of a concentrator's list as texts; `meter_id` is that of the meter on record."""

    name: str
    model: str
    address: str
    weight: str
    hearing: str
    last_heard: str
    last_task: str
    meter_id: int | None


def shown_listed(one: ListedMeter, row: BoardRow) -> ShownListed:
    """Return a meter of the list as texts."""
    hearing = Hearing(one.hearing)
    heard_at = one.last_heard_at
    return ShownListed(
        name=one.name,
        model=one.model_name,
        address="—" if one.address is None else str(one.address),
        weight=_WEIGHTS[hearing],
        hearing={
            Hearing.HEARD: _("heard"),
            Hearing.NOT_NOW: _("silent since"),
            Hearing.NEVER: _("never heard"),
            Hearing.NOT_TOLD: _("not told"),
        }[hearing],
        last_heard="—" if heard_at is None else instant_text(heard_at, row.zone, language_of(get_language())),
        last_task=_task(one.last_exchange),
        meter_id=one.known_id,
    )


def _task(status: str) -> str:
    if not status:
        return "—"
    return {
        ExchangeStatus.DONE: _("done"),
        ExchangeStatus.WAITING: _("waiting"),
        ExchangeStatus.ACCESS_DENIED: _("access denied"),
        ExchangeStatus.NOT_SUPPORTED: _("not supported"),
        ExchangeStatus.PARTIAL: _("done in part"),
        ExchangeStatus.NOT_FOUND: _("meter not found"),
        ExchangeStatus.NO_RESPONSE: _("no answer"),
        ExchangeStatus.BAD_LINK: _("bad link"),
        ExchangeStatus.OTHER: _("another result"),
    }[ExchangeStatus(status)]
