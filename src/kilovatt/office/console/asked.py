"""A reading that somebody waits for, as a meter's page shows it."""

from dataclasses import dataclass
from typing import assert_never

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.office.console.shown import outcome_name
from kilovatt.office.documents.figures import instant_text, language_of
from kilovatt.office.operations.reading.asked_readings import AskedReading, AskedState
from kilovatt.office.operations.standing.board import BoardRow


@dataclass(frozen=True, slots=True)
class ShownAsked:
    """A reading that was asked for: one sentence, and whether the answer is still to come."""

    key: str
    is_waiting: bool
    is_whole: bool
    sentence: str


def shown_asked(asked: AskedReading, row: BoardRow) -> ShownAsked:
    """Return a reading that was asked for in a sentence."""
    return ShownAsked(
        key=asked.key,
        is_waiting=asked.state is AskedState.WAITING,
        is_whole=asked.outcome is Outcome.OK,
        sentence=_sentence(asked, row),
    )


def _sentence(asked: AskedReading, row: BoardRow) -> str:
    language = language_of(get_language())
    asked_at = instant_text(asked.asked_at, row.zone, language)
    match asked.state:
        case AskedState.WAITING if not asked.is_line_held:
            words = _("Asked for {asked_at}. No process holds its line now; the first that does will read it.")
            return words.format(asked_at=asked_at)
        case AskedState.WAITING:
            return _("Asked for {asked_at}. It is its turn next on its line …").format(asked_at=asked_at)
        case AskedState.FORGOTTEN:
            words = _("Asked for {asked_at}, and nobody could read it within ten minutes. See which lines are held.")
            return words.format(asked_at=asked_at)
        case AskedState.DONE:
            assert asked.done_at is not None
            done_at = instant_text(asked.done_at, row.zone, language)
            if asked.outcome is None:
                return _("Visited {done_at}.").format(done_at=done_at)
            words = _("Visited {done_at}: {outcome}.")
            return words.format(done_at=done_at, outcome=outcome_name(asked.outcome))
        case _:
            assert_never(asked.state)
