from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.zones import Zone
from kilovatt.office.documents import figures
from kilovatt.office.documents.figures import Language

MOSCOW = ZoneInfo("Europe/Moscow")
LANGUAGES: tuple[Language, ...] = ("ru", "en")


def spaced(text: str) -> str:
    """A text with its no-break spaces shown as ~."""
    return text.replace("\u00a0", "~")


@pytest.mark.parametrize(
    ("energy_wh", "decimals", "russian", "english"),
    [
        (0, 2, "0,00", "0.00"),
        (9, 2, "0,00", "0.00"),
        (9, 3, "0,009", "0.009"),
        (4_127_386, 2, "4~127,38", "4,127.38"),  # cut off, as the meter's display does
        (4_127_386, 3, "4~127,386", "4,127.386"),
        (4_127_386, 0, "4~127", "4,127"),
        (1_234_567_890, 2, "1~234~567,89", "1,234,567.89"),
        (-9, 2, "0,00", "0.00"),
        (-1_500, 2, "−1,50", "−1.50"),
    ],
)
def test_energy_is_written_in_kilowatt_hours(energy_wh: int, decimals: int, russian: str, english: str) -> None:
    assert spaced(figures.kwh_text(energy_wh, "ru", decimals=decimals)) == russian
    assert figures.kwh_text(energy_wh, "en", decimals=decimals) == english


@pytest.mark.parametrize(
    ("kopecks", "russian", "english"),
    [
        (0, "0,00~₽", "₽0.00"),
        (5, "0,05~₽", "₽0.05"),
        (128_456, "1~284,56~₽", "₽1,284.56"),
        (-128_456, "−1~284,56~₽", "−₽1,284.56"),
        (100_000_000_00, "100~000~000,00~₽", "₽100,000,000.00"),
    ],
)
def test_money_is_written_in_roubles_and_kopecks(kopecks: int, russian: str, english: str) -> None:
    assert spaced(figures.roubles_text(kopecks, "ru")) == russian
    assert figures.roubles_text(kopecks, "en") == english


@pytest.mark.parametrize(
    ("microrub", "russian"),
    [
        (3_710_000, "3,71"),
        (7_000_000, "7,00"),
        (7_500_000, "7,50"),
        (3_705_000, "3,705"),
        (3_710_001, "3,710001"),
        (0, "0,00"),
        (12_345_678_900, "12~345,6789"),
    ],
)
def test_a_price_has_two_decimals_and_as_many_more_as_it_needs(microrub: int, russian: str) -> None:
    assert spaced(figures.price_text(microrub, "ru")) == russian
    assert figures.price_text(microrub, "en") == russian.replace(",", ".").replace("~", ",")


@given(st.integers(0, 10**13))
def test_a_price_is_written_exactly(microrub: int) -> None:
    whole, _, decimals = figures.price_text(microrub, "en").replace(",", "").partition(".")
    assert int(whole + decimals.ljust(6, "0")) == microrub


@given(st.integers(-(10**13), 10**13), st.sampled_from(LANGUAGES))
def test_an_amount_is_written_exactly(kopecks: int, language: Language) -> None:
    text = figures.amount_text(kopecks, language)
    assert int(text.replace("−", "-").translate({ord(mark): None for mark in "\u00a0,."})) == kopecks


@given(st.integers(-(10**13), 10**13), st.sampled_from(LANGUAGES))
def test_no_figure_is_broken_over_two_lines(figure: int, language: Language) -> None:
    assert " " not in figures.roubles_text(figure, language) + figures.kwh_text(figure, language)


def test_days_are_written_in_words_and_for_tables() -> None:
    on = date(2026, 11, 5)
    assert spaced(figures.date_text(on, "ru")) == "5~ноября~2026"
    assert spaced(figures.date_text(on, "en")) == "5~November~2026"
    assert figures.short_date_text(on, "ru") == "05.11.2026"
    assert spaced(figures.short_date_text(on, "en")) == "05~Nov~2026"


def test_an_instant_is_written_in_the_local_time_of_the_meter() -> None:
    at = datetime(2026, 10, 31, 21, 0, tzinfo=UTC)
    assert spaced(figures.instant_text(at, MOSCOW, "ru")) == "01.11.2026,~00:00"
    assert spaced(figures.instant_text(at, ZoneInfo("Asia/Vladivostok"), "en")) == "01~Nov~2026,~07:00"
    assert figures.time_text(at, MOSCOW) == "00:00"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs an instant with a time zone"):
        figures.instant_text(datetime(2026, 10, 31, 21, 0), MOSCOW, "ru")


@pytest.mark.parametrize(
    ("first_on", "until_on", "russian", "english"),
    [
        (date(2026, 10, 1), date(2026, 11, 1), "октябрь~2026", "October~2026"),
        (date(2026, 12, 1), date(2027, 1, 1), "декабрь~2026", "December~2026"),
        (date(2026, 10, 15), date(2026, 11, 1), "15.10.2026 – 31.10.2026", "15~Oct~2026 – 31~Oct~2026"),
        (date(2026, 10, 1), date(2026, 12, 1), "01.10.2026 – 30.11.2026", "01~Oct~2026 – 30~Nov~2026"),
        (date(2026, 10, 1), date(2026, 10, 15), "01.10.2026 – 14.10.2026", "01~Oct~2026 – 14~Oct~2026"),
    ],
)
def test_a_whole_month_has_a_name_and_other_days_a_first_and_a_last(
    first_on: date, until_on: date, russian: str, english: str
) -> None:
    assert spaced(figures.period_text(first_on, until_on, "ru")) == russian
    assert spaced(figures.period_text(first_on, until_on, "en")) == english


def test_every_month_has_its_own_name_in_both_forms() -> None:
    days = [date(2026, month, 1) for month in range(1, 13)]
    for language in LANGUAGES:
        assert len({figures.month_text(on, language) for on in days}) == 12
        assert len({figures.date_text(on, language) for on in days}) == 12


def test_every_zone_is_named_by_its_meaning() -> None:
    for language in LANGUAGES:
        assert len({figures.zone_text(zone, language) for zone in Zone}) == len(Zone)
    assert figures.zone_text(Zone.HALF_PEAK, "ru") == "полупик"


@pytest.mark.parametrize(
    ("code", "language"), [("ru", "ru"), ("en", "en"), ("en-gb", "en"), ("EN", "en"), ("de", "ru"), (None, "ru")]
)
def test_a_reader_of_neither_language_gets_russian(code: str | None, language: Language) -> None:
    assert figures.language_of(code) == language


@pytest.mark.parametrize(
    ("voltage_mv", "russian", "english"),
    [(230_000, "230", "230"), (206_949, "206,9", "206.9"), (206_950, "207", "207"), (0, "0", "0")],
)
def test_a_voltage_has_a_tenth_where_it_has_one(voltage_mv: int, russian: str, english: str) -> None:
    assert (figures.volts_text(voltage_mv, "ru"), figures.volts_text(voltage_mv, "en")) == (russian, english)
