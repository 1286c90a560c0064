"""A bill as a PDF: one A4 page set by typst, with the code that pays it."""

import json
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path

import typst

from kilovatt.office.documents.bill_document import BillDocument
from kilovatt.office.documents.bill_sheet import sheet_of
from kilovatt.office.documents.figures import Language

_HERE = Path(__file__).parent
_TEMPLATE = _HERE / "templates" / "bill.typ"


def bill_pdf(bill: BillDocument, language: Language) -> bytes:
    """Return a bill as a PDF in a language. The same bill gives the same bytes on every machine.

    Names and addresses go to the template as data, so nothing in them is read as markup.
    """
    # The day of issue, not of printing: a bill printed again is the same document.
    issued_at = datetime.combine(bill.issued_on, time.min, tzinfo=UTC)
    return typst.compile(
        _TEMPLATE,
        root=_TEMPLATE.parent,
        font_paths=_fonts(),
        sys_inputs={"bill": json.dumps(sheet_of(bill, language), ensure_ascii=False)},
        timestamp=issued_at,
    )


@cache
def _fonts() -> typst.Fonts:
    # Fonts of the machine would make a bill look different on each; typst's own stand in for letters Golos lacks.
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[_HERE / "fonts"])
