"""Why there is no data, on the command line: what it means, what to do first, and which option helps."""

from kilovatt.config.cli.voice import _
from kilovatt.measure.metering.outcomes import Condition, Outcome
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.office.pages.outcomes import ADVICE

_OPTIONS = {
    Outcome.WRONG_PASSWORD: _("Give the right one with --password-file or --keys-file."),
    Outcome.CHANNEL_CLOSED: _("Give its password with --password-file."),
    Outcome.ANOTHER_METER: _("See --serial and --address."),
    Outcome.METER_UNREACHED: _("Read the concentrator itself: kilovatt read LINE --model spodus-uspd."),
}


def name_of(reason: Outcome | Condition) -> str:
    """Return why there is no data in a word or two."""
    return _(ADVICE[reason].name)


def advice_on(reason: Outcome | Condition) -> str:
    """Return what it means and what to do first."""
    advice = ADVICE[reason]
    return f"{_(advice.means)} {_(advice.first)}"


def why_not(report: SessionReport) -> str:
    """Return why a session is not whole, with the technical detail behind."""
    words = " ".join(filter(None, (advice_on(report.outcome), _OPTIONS.get(report.outcome))))
    return f"{words} ({report.detail})" if report.detail else words
