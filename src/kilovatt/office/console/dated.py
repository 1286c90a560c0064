"""Days as the operator's pages tell them: those in a row as one span."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.utils.translation import get_language

from kilovatt.office.documents.figures import language_of, short_date_text

_ONE_DAY = timedelta(days=1)


def day_spans(days: Sequence[date]) -> str:
    """Return days in order in words: `01.11.2026 – 03.11.2026, 05.11.2026`."""
    language = language_of(get_language())
    spans: list[tuple[date, date]] = []
    for on in days:
        if spans and on - spans[-1][1] == _ONE_DAY:
            spans[-1] = (spans[-1][0], on)
        else:
            spans.append((on, on))
    return ", ".join(
        short_date_text(first, language)
        if first == last
        else f"{short_date_text(first, language)} – {short_date_text(last, language)}"
        for first, last in spans
    )
