"""What the bar on every page shows: the way around for whoever is logged in."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from kilovatt.office.operations.access import seen_accounts, works_for_someone
from kilovatt.office.records.models import User


@dataclass(frozen=True, slots=True)
class BarLink:
    """A link of the bar."""

    title: str
    url: str
    is_here: bool


class Bar:
    """The bar; it asks the database only when a page shows it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def is_known(self) -> bool:
        """Whether someone is logged in."""
        return isinstance(getattr(self._request, "user", None), User)

    @property
    def here(self) -> str:
        """The address to come back to."""
        return self._request.get_full_path() if self._request.method == "GET" else reverse("home")

    @property
    def links(self) -> tuple[BarLink, ...]:
        """Where this user can go."""
        assert isinstance(self._request.user, User)
        if works_for_someone(self._request.user):
            return (
                self._link(_("Meters"), "board", "meter", "new-order"),
                self._link(_("Lines"), "lines", *_LINE_PAGES),
                self._link(_("Commands"), "orders", "order"),
                self._link(_("Events"), "events"),
                self._link(_("Accounts"), "accounts", *_ACCOUNT_PAGES),
            )
        several = seen_accounts(self._request.user)[:2].count() > 1
        title, page = (_("My places"), "accounts") if several else (_("My account"), "home")
        return (self._link(title, page, *_ACCOUNT_PAGES),)

    def _link(self, title: str, page: str, *also: str) -> BarLink:
        match = self._request.resolver_match
        return BarLink(title, reverse(page), match is not None and match.url_name in {page, *also})


_LINE_PAGES = ("line", "new-line", "change-line", "new-scan", "scan", "new-meter", "plans", "plan", "new-plan")
_ACCOUNT_PAGES = ("account", "profile_table", "bill", "bill_line", "frame")


def bar(request: HttpRequest) -> dict[str, Bar]:
    """Return the bar for templates."""
    return {"bar": Bar(request)}
