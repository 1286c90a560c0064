"""Who approves what: commands that whoever asked for them cannot approve, as their organisation has said.

Until it has said anything, what cuts somebody off (a relay opened, a limit: one watt is one) and lists want a second
person wherever the organisation has one, that is two operators.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_noop

from kilovatt.measure.metering.commands import CommandKind
from kilovatt.office.operations.orders.order_refusals import OrderRefusedError
from kilovatt.office.records.models import Organisation, SecondPersonRule, StaffRole, User

UNTIL_SAID = frozenset({CommandKind.OPEN_RELAY, CommandKind.SET_POWER_LIMIT})
_TWO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """Which commands want a second person. `said_at` is None until somebody has said it; `said_by` may be unknown."""

    kinds: frozenset[CommandKind]
    lists: bool
    said_by: str = ""
    said_at: datetime | None = None


def rule_of(organisation: Organisation) -> ApprovalRule:
    """Return the rule that holds."""
    newest = organisation.approval_rules.select_related("said_by").order_by("-said_at", "-pk").first()
    if newest is None:
        has_two = _operators(organisation) >= _TWO
        return ApprovalRule(kinds=UNTIL_SAID if has_two else frozenset(), lists=has_two)
    known = set(CommandKind)
    return ApprovalRule(
        kinds=frozenset(CommandKind(kind) for kind in newest.kinds if kind in known),
        lists=newest.lists,
        said_by="" if newest.said_by is None else newest.said_by.get_full_name() or newest.said_by.get_username(),
        said_at=newest.said_at,
    )


def say_rule(
    organisation: Organisation, *, kinds: Collection[CommandKind], lists: bool, by: User | None, now: datetime
) -> ApprovalRule:
    """Say which commands want a second person from now on; what was said before stays on record."""
    SecondPersonRule.objects.create(
        organisation=organisation,
        kinds=sorted(kind.value for kind in kinds),
        lists=lists,
        said_by=by,
        said_at=now,
    )
    return rule_of(organisation)


def wants_another(organisation: Organisation, kind: CommandKind, *, requested_by: int | None, by: User) -> bool:
    """Whether a command of a kind is for somebody else to approve. What the site asks for any operator approves."""
    return requested_by == by.pk and kind in rule_of(organisation).kinds


def check_person(organisation: Organisation, kind: CommandKind, *, requested_by: int | None, by: User) -> None:
    """Raise OrderRefusedError where a command is for somebody else to approve."""
    if wants_another(organisation, kind, requested_by=requested_by, by=by):
        raise OrderRefusedError(
            gettext_noop("Whoever asked for it does not approve it here: another operator of the organisation does.")
        )


def _operators(organisation: Organisation) -> int:
    roles = StaffRole.objects.filter(organisation=organisation, role=StaffRole.Role.OPERATOR, user__is_active=True)
    return roles.values("user").distinct().count()
