"""What a visit brought of an order: where it stands now, the frames that tell of it, and secrets that are proved."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from kilovatt.measure.metering.commands import ChangeKeys, ChangePassword, CommandKind
from kilovatt.measure.metering.orders import (
    READ_BACK_LAST,
    OrderReport,
    OrderState,
    VisitResult,
    standing_after,
    standing_held_back,
)
from kilovatt.measure.metering.sessions import InstantValues
from kilovatt.office.operations.orders.order_payloads import order_of_row
from kilovatt.office.operations.orders.orders import SECRET_KINDS
from kilovatt.office.operations.secrets.meter_keys import put_keys, put_password
from kilovatt.office.operations.vault import SealBrokenError
from kilovatt.office.records.models import MeterOrder, MeterSecret, OrderFrame, Session

LOAD_MIN_W = 10
"""Less than this is the meter's own noise."""
_COMMANDING_LEVEL = 2


def settle(
    report: OrderReport,
    *,
    session: Session,
    now: datetime,
    kept: Collection[int] = (),
    instant: InstantValues | None = None,
) -> None:
    """Within the transaction that accepts a session: note what its visit brought of an order.

    `kept`: the exchanges whose frames are kept. `instant`: what flowed when the order had been brought.
    """
    row = MeterOrder.objects.select_for_update().get(pk=report.order_id)
    _keep_frames(row, report, session, kept)
    state = OrderState(row.state)
    if state.is_over:
        return
    if report.result is VisitResult.HELD_BACK:
        _hold_back(row, report, session, now)
        return
    report = _contradicted(row, report, instant)
    row.visits += 1
    row.not_so += report.result is VisitResult.NOT_SO
    standing = standing_after(
        state, report.result, visits=row.visits, not_so=row.not_so, opens_the_meter=row.kind in SECRET_KINDS
    )
    row.state = standing.state
    row.result, row.session = report.result, session
    row.shown = report.shown[:200] or row.shown
    row.detail = _detail(report)
    row.due_at = None if standing.read_back_in is None else now + standing.read_back_in
    if standing.state is OrderState.CONFIRMED:
        try:
            _take_over_secrets(row)
        except SealBrokenError as error:
            # Everything else of the session is kept. The next master key may open it: then it is proved once more.
            row.state, row.detail, row.due_at = OrderState.UNKNOWN, str(error)[:300], now + READ_BACK_LAST
    if OrderState(row.state).is_over:
        row.over_at = now
        row.secret_sealed = None
    row.claimed_fence = None
    row.save()


def _keep_frames(row: MeterOrder, report: OrderReport, session: Session, kept: Collection[int]) -> None:
    OrderFrame.objects.bulk_create(
        OrderFrame(order=row, session=session, exchange=one.number, part=one.part)
        for one in report.carried
        if one.number in kept
    )


def _hold_back(row: MeterOrder, report: OrderReport, session: Session, now: datetime) -> None:
    standing = standing_held_back(OrderState(row.state))
    if standing is None or standing.read_back_in is None:
        return
    row.state, row.due_at = standing.state, now + standing.read_back_in
    row.result, row.session, row.detail = report.result, session, _detail(report)
    row.claimed_fence = None
    row.save()


def _contradicted(row: MeterOrder, report: OrderReport, instant: InstantValues | None) -> OrderReport:
    """Return the report; where power flows behind a relay that says it is open, as one of a meter that is not so."""
    claims_to_be_off = row.kind == CommandKind.OPEN_RELAY and report.result is VisitResult.CONFIRMED
    if not claims_to_be_off or instant is None or instant.power_w is None or abs(instant.power_w) <= LOAD_MIN_W:
        return report
    shown = ",".join(word for word in (report.shown, f"load_w={instant.power_w}") if word)
    return replace(report, result=VisitResult.NOT_SO, shown=shown)


def _detail(report: OrderReport) -> str:
    return report.detail.replace("\0", "")[:300]


def _take_over_secrets(row: MeterOrder) -> None:
    """What a meter was proved to have taken is what it is opened with from now on."""
    command = order_of_row(row, to_send=False).command
    if isinstance(command, ChangePassword):
        put_password(row.meter, command.new, level=command.level)
        if command.level == _COMMANDING_LEVEL and row.meter.secrets.filter(slot=MeterSecret.Slot.SECRET).exists():
            # Where a configurator proves himself with a secret, that is it.
            put_keys(row.meter, {MeterSecret.Slot.SECRET: command.new.encode("latin-1")})
    elif isinstance(command, ChangeKeys):
        new = {
            MeterSecret.Slot.ENCRYPTION: command.encryption,
            MeterSecret.Slot.AUTHENTICATION: command.authentication,
        }
        put_keys(row.meter, {slot: key for slot, key in new.items() if key is not None})
