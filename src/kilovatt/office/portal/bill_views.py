"""A bill, its paper, the code that pays it, and the way from each of its kopecks to the frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kilovatt.measure.metering.commands import CommandKind
from kilovatt.office.documents import BillDocument, NoPaymentCode, PaymentCode, bill_pdf, payment_code
from kilovatt.office.documents.figures import date_text, period_text, roubles_text
from kilovatt.office.operations.access import may_see_frame, places, seen_bill
from kilovatt.office.operations.billing.bill_file import BilledReading, billed_lines
from kilovatt.office.operations.billing.bill_paper import bill_document
from kilovatt.office.operations.keeping.evidence import evidence
from kilovatt.office.operations.orders.order_evidence import order_of_frame
from kilovatt.office.pages.frames import ShownEvidence, shown_evidence
from kilovatt.office.pages.order_words import KINDS, PARTS
from kilovatt.office.portal.bill_shown import ShownLeg, shown_line
from kilovatt.office.portal.shown import speech
from kilovatt.office.records.models import Bill, User


@dataclass(frozen=True, slots=True)
class _Proof:
    """A reading of a line with its exchange; None for a reading that came from no meter."""

    title: str
    value: str
    taken_at: str
    source: str
    evidence: ShownEvidence | None


@login_required
@require_safe
def bill(request: HttpRequest, number: str) -> HttpResponse:
    """The bill: its lines, what each stands on, and how to pay."""
    found = _bill(request, number)
    language = speech()
    code = payment_code(_paper(request, found))
    context = {
        **_head(request, found),
        "lines": [shown_line(line, found) for line in billed_lines(found)],
        "issued_on": date_text(found.issued_at.date(), language) if found.issued_at else "",
        "has_code": isinstance(code, PaymentCode),
        "no_code": _no_code(code),
    }
    return render(request, "portal/bill.html", context)


@login_required
@require_safe
def bill_paper(request: HttpRequest, number: str) -> HttpResponse:
    """The bill as a PDF."""
    found = _bill(request, number)
    response = HttpResponse(bill_pdf(_paper(request, found), speech()), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{found.number}.pdf"'
    response["Cache-Control"] = "private, no-store"
    return response


@login_required
@require_safe
def bill_code(request: HttpRequest, number: str) -> HttpResponse:
    """The code that a bank's app scans, as a picture."""
    code = payment_code(_paper(request, _bill(request, number)))
    if not isinstance(code, PaymentCode):
        raise Http404(_no_code(code))
    response = HttpResponse(code.svg(), content_type="image/svg+xml")
    response["Cache-Control"] = "private, no-store"
    return response


@login_required
@require_safe
def bill_line(request: HttpRequest, number: str, position: int) -> HttpResponse:
    """Where the amount of a line comes from: energy, readings, frames."""
    found = _bill(request, number)
    lines = billed_lines(found)
    line = next((one for one in lines if one.position == position), None)
    if line is None:
        raise Http404(_("The bill has no such line."))
    shown = shown_line(line, found)
    proofs = []
    for leg, figures in zip(line.legs, shown.legs, strict=True):
        first = _Proof(_("First reading"), figures.start, figures.start_at, figures.start_source, _evidence(leg.start))
        last = _Proof(_("Last reading"), figures.end, figures.end_at, figures.end_source, _evidence(leg.end))
        proofs.append((figures, (first, last)))
    context = {**_head(request, found), "line": shown, "proofs": proofs, "frame_time": _frame_time(proofs)}
    return render(request, "portal/bill_line.html", context)


@login_required
@require_safe
def frame(request: HttpRequest, session_id: UUID, exchange: int) -> HttpResponse:
    """One exchange with a meter, every byte of it explained."""
    user = request.user
    assert isinstance(user, User)
    if not may_see_frame(user, session_id, exchange):
        raise Http404(_("There is no such frame among those you see."))
    asked = request.GET.get("wh", "")
    proves_wh = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 16 else None
    context: dict[str, object] = {"evidence": shown_evidence(evidence(session_id, exchange), proves_wh=proves_wh)}
    found = order_of_frame(user, session_id, exchange)
    if found is not None:
        order, part = found
        context |= {
            "order": order,
            "order_part": gettext(PARTS[part]),
            "order_title": gettext(KINDS[CommandKind(order.kind)].name),
        }
    return render(request, "portal/frame.html", context)


def _bill(request: HttpRequest, number: str) -> Bill:
    assert isinstance(request.user, User)
    found = seen_bill(request.user, number)
    if found is None:
        raise Http404(_("There is no such bill among those you see."))
    return found


def _paper(request: HttpRequest, found: Bill) -> BillDocument:
    return bill_document(found, check_url=request.build_absolute_uri(reverse("bill", args=[found.number])))


def _head(request: HttpRequest, found: Bill) -> dict[str, object]:
    assert isinstance(request.user, User)
    language = speech()
    key = next(place.key for place in places(request.user) if place.account_id == found.account_id)
    return {
        "bill": found,
        "key": key,
        "period": period_text(found.period_first_on, found.period_until_on, language),
        "amount": roubles_text(found.amount_kopecks, language),
        "due_on": date_text(found.due_on, language),
    }


def _evidence(reading: BilledReading) -> ShownEvidence | None:
    if reading.session_id is None or reading.exchange is None:
        return None
    return shown_evidence(evidence(reading.session_id, reading.exchange), proves_wh=reading.value_wh)


def _frame_time(proofs: Sequence[tuple[ShownLeg, Sequence[_Proof]]]) -> str:
    times = [proof.evidence.sent_at for _leg, both in proofs for proof in both if proof.evidence is not None]
    return times[-1] if times else ""


def _no_code(code: PaymentCode | NoPaymentCode) -> str:
    match code:
        case NoPaymentCode.NOTHING_TO_PAY:
            return _("There is nothing to pay on this bill.")
        case NoPaymentCode.PAYEE_INCOMPLETE:
            return _("There is no code to pay by: the organisation has not entered its bank details in full.")
        case _:
            return ""
