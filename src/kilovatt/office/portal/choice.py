"""Which stretch of time a chart shows: asked for in the address, held within the life of the account."""

from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from django.http import QueryDict

from kilovatt.office.operations.standing.account_page import AccountPage
from kilovatt.quantities.periods import first_of_month, next_month

VIEWS = ("day", "days", "months")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A view and the day that lies in it, with the way to what is before and after. The first day is included."""

    view: str
    on: date
    first_on: date
    last_on: date
    last_whole_on: date

    @property
    def query(self) -> str:
        """The choice as an address says it."""
        return urlencode({"view": self.view, "on": self.on.isoformat()})

    def to(self, view: str) -> str:
        """Return the same day in another view, as an address says it."""
        return urlencode({"view": view, "on": self.on.isoformat()})

    @property
    def earlier(self) -> str:
        """What is before, as an address says it; empty where nothing is."""
        match self.view:
            case "day":
                on = self.on - timedelta(days=1)
            case "days":
                on = first_of_month(self.on) - timedelta(days=1)
            case _:
                return ""
        return self._at(on) if on >= self.first_on else ""

    @property
    def later(self) -> str:
        """What is after, as an address says it; empty where nothing is yet."""
        match self.view:
            case "day":
                on = self.on + timedelta(days=1)
            case "days":
                on = next_month(first_of_month(self.on))
            case _:
                return ""
        last_on = self.last_on if self.view == "day" else self.last_whole_on
        return self._at(on) if on <= last_on else ""

    @property
    def month(self) -> tuple[date, date]:
        """The whole days of the month within the life of the account: the first, and the one after the last."""
        first_on = first_of_month(self.on)
        return max(first_on, self.first_on), min(next_month(first_on), self.last_whole_on + timedelta(days=1))

    def _at(self, on: date) -> str:
        return urlencode({"view": self.view, "on": on.isoformat()})


def choice_of(asked: QueryDict, page: AccountPage, *, today_on: date) -> Choice:
    """Return what is asked for; without a word of it the last whole day, or the months of a meter without a profile."""
    has_profile = page.meter is None or page.meter.model.has_profile
    last_on = today_on if page.closed_on is None else page.closed_on - timedelta(days=1)
    view = asked.get("view", "")
    if view not in VIEWS or not has_profile:
        view = "day" if has_profile else "months"
    try:
        on = date.fromisoformat(asked.get("on", ""))
    except ValueError:
        on = min(today_on - timedelta(days=1), last_on)
    return Choice(
        view=view,
        on=max(page.opened_on, min(on, last_on)),
        first_on=page.opened_on,
        last_on=last_on,
        last_whole_on=min(last_on, today_on - timedelta(days=1)),
    )
