"""The words of searches: a sentence for whatever a search can say, and one for pages where an option is named."""

from kilovatt.office.pages import scan_words
from kilovatt.wire.drivers.finding.order import Verdict
from kilovatt.wire.drivers.finding.probes import PasswordState, Told, Way


def test_every_way_verdict_and_told_fact_has_its_words() -> None:
    assert set(scan_words.WAYS) == set(Way)
    assert set(scan_words.ADVICE) == set(Verdict) - {Verdict.FOUND}
    assert set(scan_words.TOLD) == set(Told) - {Told.SERIAL, Told.SPEED_LETTER}
    assert set(scan_words.PASSWORDS) < set(PasswordState)


def test_pages_name_no_option_of_the_command_line() -> None:
    on_pages = {**scan_words.ADVICE, **scan_words.ON_PAGES}
    assert not [words for words in (*on_pages.values(), scan_words.NUMBERS_HELP_ON_PAGES) if "--" in words]


def test_a_time_is_said_in_minutes_and_seconds() -> None:
    assert scan_words.AT_MOST.format(**scan_words.time_values(125.4)) == "at most 2 min 05 s"
    assert scan_words.speed_label(9600, 8, "N", 1) == "9600 8N1"
