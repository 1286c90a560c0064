"""What fields say in words where frames say it in codes: which register was asked for, which journal."""

import re

from django.utils.translation import gettext as _

_WORD_AND_NUMBER = re.compile(r"(?P<word>[a-z][a-z_]*)(?: (?P<number>\d+))?")


def value_words(value: str) -> str:
    """Return a value in the language of the page where it is a code that people should not have to read."""
    parts = _WORD_AND_NUMBER.fullmatch(value)
    if parts is None:
        return value
    known = _known()
    word, number = parts["word"], parts["number"]
    if word not in known:
        return value.replace("_", " ")
    return known[word].format(n=number or "").strip()


def _known() -> dict[str, str]:
    return {
        "since_reset": _("since it was made"),
        "this_year": _("this year"),
        "last_year": _("last year"),
        "month": _("month {n}"),
        "today": _("today"),
        "yesterday": _("yesterday"),
        "at_start_of_year": _("as it stood at the start of the year"),
        "at_start_of_last_year": _("as it stood at the start of the last year"),
        "at_start_of_month": _("as it stood at the start of month {n}"),
        "at_start_of_day": _("as it stood at the start of the day"),
        "at_start_of_yesterday": _("as it stood at the start of yesterday"),
        "clock_corrections": _("corrections of the clock"),
        "power_limit": _("power limit"),
        "tariff_schedule": _("tariff schedule"),
        "energy_resets": _("resets of the energy"),
        "profile_starts": _("starts of the profile"),
        "case": _("case"),
        "reprogramming": _("reprogramming"),
        "magnetic_field": _("magnetic field"),
        "errors": _("errors"),
    }
