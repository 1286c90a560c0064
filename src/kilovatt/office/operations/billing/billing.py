"""The bill run: drafts become issued bills with their transfers; where there is none, the reason is noted.

Running twice, or at once, makes each bill and each transfer once: an account has one bill for a period, and a
transfer's name comes from its cause. What could not be billed is tried again by the next run.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max, Q

from kilovatt.measure.consumption import Gap, Leg
from kilovatt.money import billing, ledger
from kilovatt.office.operations.billing.bill_drafts import AccountDraft, drafts
from kilovatt.office.operations.billing.tariff_plans import plans_on_record
from kilovatt.office.records.models import (
    Account,
    Batch,
    Bill,
    BillLine,
    BillLineLeg,
    Organisation,
    Transfer,
    Unbilled,
)
from kilovatt.quantities.periods import last_full_month, next_month

CHUNK_ACCOUNTS = 200
"""Accounts billed in one transaction: short enough that nobody waits long for it."""


def bill_last_month(*, now: datetime) -> None:
    """Bill the last month wholly past, for every organisation by its own calendar."""
    for organisation in Organisation.objects.order_by("pk"):
        bill_month(organisation, last_full_month(now, ZoneInfo(organisation.zone_name)), now=now)


def bill_month(organisation: Organisation, month_on: date, *, now: datetime) -> None:
    """Issue the bills of a month that are not issued yet, and note of the others why not."""
    until_on = next_month(month_on)
    within = Q(opened_on__lt=until_on) & (Q(closed_on=None) | Q(closed_on__gt=month_on))
    open_accounts = organisation.accounts.filter(within).exclude(bills__period_first_on=month_on)
    ids = list(open_accounts.order_by("pk").values_list("pk", flat=True))
    plans = plans_on_record()
    run = _Run(organisation, month_on, now)
    for start in range(0, len(ids), CHUNK_ACCOUNTS):
        chunk = Account.objects.filter(pk__in=ids[start : start + CHUNK_ACCOUNTS]).order_by("pk")
        accounts = list(chunk.select_related("point").prefetch_related("plans__plan"))
        run.issue(drafts(accounts, month_on=month_on, until_on=until_on, plans=plans))


@dataclass(frozen=True, slots=True)
class _Run:
    organisation: Organisation
    month_on: date
    now: datetime

    def issue(self, made: Sequence[AccountDraft]) -> None:
        with transaction.atomic():
            ids = [draft.account.pk for draft in made]
            # In a fixed order: two runs at once wait for each other instead of locking crosswise.
            list(Account.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
            there = Bill.objects.filter(account_id__in=ids, period_first_on=self.month_on)
            billed = set(there.values_list("account_id", flat=True))
            batch = Batch.objects.exclude(settled_at=None).aggregate(last=Max("number"))["last"]
            for draft in made:
                if draft.account.pk not in billed:
                    self._issue_one(draft, batch)

    def _issue_one(self, draft: AccountDraft, batch: int | None) -> None:
        if isinstance(draft.result, billing.Unbillable):
            self._note(draft, draft.result)
            return
        result = draft.result
        number = f"{draft.account.number}-{self.month_on:%Y%m}"
        days = billing.payment_days(self.month_on, payment_day=self.organisation.payment_due_day)
        bill = Bill.objects.create(
            account=draft.account,
            number=number,
            plan_code=draft.plan_code,
            period_first_on=self.month_on,
            period_until_on=result.until_on,
            amount_kopecks=result.amount_kopecks,
            due_on=days.pay_by_on,
            as_of_batch=batch,
        )
        for position, line in enumerate(result.lines, start=1):
            row = BillLine.objects.create(bill=bill, position=position, **asdict(line))
            legs = draft.legs[line.zone, line.first_on]
            BillLineLeg.objects.bulk_create(_leg_row(row, leg) for leg in legs)
        self._book(draft.account, number, result)
        Unbilled.objects.filter(account=draft.account, period_first_on=self.month_on).delete()
        Bill.objects.filter(pk=bill.pk).update(issued_at=self.now)

    def _book(self, account: Account, number: str, result: billing.BillDraft) -> None:
        moved = ledger.transfers_of_bill(
            organisation_id=self.organisation.pk,
            account_id=account.pk,
            bill_number=number,
            lines=result.lines,
            happened_on=result.until_on,
            recorded_at=self.now,
        )
        Transfer.objects.bulk_create(transfer_row(transfer) for transfer in moved)

    def _note(self, draft: AccountDraft, result: billing.Unbillable) -> None:
        Unbilled.objects.update_or_create(
            account=draft.account,
            period_first_on=self.month_on,
            defaults={
                "reason": draft.gaps[0].reason if draft.gaps else result.reason,
                "detail": {**result.detail, "gaps": [_gap_facts(gap) for gap in draft.gaps]},
                "noticed_at": self.now,
            },
        )


def transfer_row(transfer: ledger.Transfer) -> Transfer:
    """Return the row of a transfer."""
    return Transfer(
        transfer_id=transfer.transfer_id,
        organisation_id=transfer.organisation_id,
        debit_account=str(transfer.debit_account),
        credit_account=str(transfer.credit_account),
        amount_kopecks=transfer.amount_kopecks,
        code=transfer.code,
        cause=transfer.cause,
        happened_on=transfer.happened_on,
        recorded_at=transfer.recorded_at,
        reverses_id=transfer.reverses,
    )


def _leg_row(line: BillLine, leg: Leg) -> BillLineLeg:
    return BillLineLeg(
        line=line,
        meter_id=leg.meter_id,
        tariff=leg.tariff,
        ratio=leg.ratio,
        start_value_wh=leg.start.value_wh,
        start_taken_at=leg.start.taken_at,
        start_source=leg.start.source,
        start_digest=leg.start.digest,
        start_session=leg.start.session_id,
        start_exchange=leg.start.exchange,
        end_value_wh=leg.end.value_wh,
        end_taken_at=leg.end.taken_at,
        end_source=leg.end.source,
        end_digest=leg.end.digest,
        end_session=leg.end.session_id,
        end_exchange=leg.end.exchange,
    )


def _gap_facts(gap: Gap) -> dict[str, Any]:
    facts: dict[str, Any] = {"reason": gap.reason.value}
    for name in ("meter_id", "tariff", "at", "since", "until", "zone"):
        if hasattr(gap, name):
            value = getattr(gap, name)
            facts[name] = value.isoformat() if isinstance(value, datetime) else value
    return facts
