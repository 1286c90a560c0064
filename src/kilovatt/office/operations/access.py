"""Who may see what: an owner his accounts, an operator those of the organisations he works for."""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from kilovatt.office.records.models import Account, Bill, BillLineLeg, Installation, Session, User
from kilovatt.quantities.periods import local_date

_KEY_SEPARATOR = "~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An account among those a user sees. `key` stands in addresses of pages: its number, where that is enough."""

    key: str
    account_number: str
    name: str
    owner: str
    organisation: str
    organisation_id: int
    account_id: int


def works_for_someone(user: User) -> bool:
    """Whether the user operates an organisation."""
    return user.staff_roles.exists()


def seen_accounts(user: User) -> QuerySet[Account]:
    """Return the accounts a user may see."""
    mine = Q(access__user=user) | Q(organisation__staff__user=user)
    return Account.objects.filter(pk__in=Account.objects.filter(mine).values("pk")).order_by("number", "pk")


def places(user: User) -> tuple[Place, ...]:
    """Return the accounts a user may see with what they are called, by number."""
    rows = list(seen_accounts(user).select_related("organisation", "point", "person"))
    numbers = [row.number for row in rows]
    twice = {number for number in numbers if numbers.count(number) > 1} if len(set(numbers)) < len(numbers) else set()
    return tuple(
        Place(
            key=f"{row.organisation.code}{_KEY_SEPARATOR}{row.number}" if row.number in twice else row.number,
            account_number=row.number,
            name=row.point.name,
            owner=row.person.full_name,
            organisation=row.organisation.name,
            organisation_id=row.organisation_id,
            account_id=row.pk,
        )
        for row in rows
    )


def seen_account(user: User, key: str) -> Account | None:
    """Return the account of a key if the user may see it. Of several of one number the oldest."""
    code, _, number = key.rpartition(_KEY_SEPARATOR)
    wanted = seen_accounts(user).filter(number=number, **({"organisation__code": code} if code else {}))
    return wanted.select_related("organisation", "point", "person").first()


def seen_bill(user: User, number: str) -> Bill | None:
    """Return the issued bill of this number if the user may see its account."""
    issued = Bill.objects.exclude(issued_at=None).filter(number=number, account__in=seen_accounts(user).values("pk"))
    return issued.select_related("account__organisation", "account__point", "account__person").first()


def may_see_frame(user: User, session_id: UUID, exchange: int) -> bool:
    """Whether a frame is evidence for something the user may see.

    An operator sees the frames of his meters. An owner sees those of sessions with the meter of his place while the
    account was his, and those his bills stand on.
    """
    session = Session.objects.filter(pk=session_id).first()
    if session is None:
        return False
    if Installation.objects.filter(meter_id=session.meter_id, point__organisation__staff__user=user).exists():
        return True
    return _proves_a_bill(user, session_id, exchange) or _is_of_his_time(user, session)


def _proves_a_bill(user: User, session_id: UUID, exchange: int) -> bool:
    start = Q(start_session=session_id, start_exchange=exchange)
    end = Q(end_session=session_id, end_exchange=exchange)
    return BillLineLeg.objects.filter(start | end, line__bill__account__in=seen_accounts(user).values("pk")).exists()


def _is_of_his_time(user: User, session: Session) -> bool:
    stood = Installation.objects.filter(
        Q(removed_at=None) | Q(removed_at__gt=session.started_at),
        meter_id=session.meter_id,
        installed_at__lte=session.started_at,
    )
    accounts = seen_accounts(user).filter(point__in=stood.values("point")).select_related("point")
    for account in accounts:
        on = local_date(session.started_at, ZoneInfo(account.point.zone_name))
        if account.opened_on <= on and (account.closed_on is None or on < account.closed_on):
            return True
    return False
