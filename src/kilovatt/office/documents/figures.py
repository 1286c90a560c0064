"""Numbers, days and instants as people write them, in Russian and in English: one place for documents and pages.

Russian groups thousands with a no-break space and has a decimal comma; English groups with a comma and has a point.
Everything is made from whole numbers by whole-number arithmetic.
"""

from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from kilovatt.measure.zones import Zone

Language = Literal["ru", "en"]

NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"
DASH = "–"

_MONTHS: dict[Language, tuple[str, ...]] = {
    "ru": (
        "январь", "февраль", "март", "апрель", "май", "июнь",
        "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip
_MONTHS_OF_A_DAY: dict[Language, tuple[str, ...]] = {
    "ru": (
        "января", "февраля", "марта", "апреля", "мая", "июня",
        "июля", "августа", "сентября", "октября", "ноября", "декабря",
    ),
    "en": _MONTHS["en"],
}  # fmt: skip
_ZONES: dict[Language, dict[Zone, str]] = {
    "ru": {
        Zone.TOTAL: "круглые сутки",
        Zone.DAY: "день",
        Zone.NIGHT: "ночь",
        Zone.PEAK: "пик",
        Zone.HALF_PEAK: "полупик",
    },
    "en": {
        Zone.TOTAL: "all day",
        Zone.DAY: "day",
        Zone.NIGHT: "night",
        Zone.PEAK: "peak",
        Zone.HALF_PEAK: "half-peak",
    },
}


def language_of(code: str | None) -> Language:
    """Return the language of a code such as `ru`, `en-gb`: Russian where it is neither."""
    return "en" if code is not None and code.lower().split("-")[0] == "en" else "ru"


def kwh_text(energy_wh: int, language: Language, *, decimals: int = 2) -> str:
    """Return energy or a register in kWh, without the unit.

    What is finer than the last decimal is cut off, as a meter's own display does; three decimals are exact.
    """
    step = 10 ** (3 - decimals)
    return _decimal_text(abs(energy_wh) // step, decimals, language, negative=energy_wh < 0)


def amount_text(amount_kopecks: int, language: Language) -> str:
    """Return money in roubles with kopecks, without the sign of the currency: for a column that names it."""
    return _decimal_text(abs(amount_kopecks), 2, language, negative=amount_kopecks < 0)


def roubles_text(amount_kopecks: int, language: Language) -> str:
    """Return money in roubles with kopecks and the currency's sign."""
    if language == "ru":
        return f"{amount_text(amount_kopecks, language)}{NO_BREAK_SPACE}₽"
    sign = MINUS if amount_kopecks < 0 else ""
    return f"{sign}₽{amount_text(abs(amount_kopecks), language)}"


def price_text(price_microrub_per_kwh: int, language: Language) -> str:
    """Return a price in roubles per kWh, without the unit: two decimals, and as many more as it has."""
    decimals = 6
    while decimals > 2 and price_microrub_per_kwh % 10 ** (7 - decimals) == 0:
        decimals -= 1
    return _decimal_text(price_microrub_per_kwh // 10 ** (6 - decimals), decimals, language, negative=False)


def volts_text(voltage_mv: int, language: Language) -> str:
    """Return a voltage in volts, without the unit: rounded to a tenth, which is left out where it is none."""
    tenths = (voltage_mv + 50) // 100
    return _decimal_text(tenths, 1, language, negative=False).removesuffix(".0").removesuffix(",0")


def grouped_text(number: int, language: Language) -> str:
    """Return a whole number with its thousands apart."""
    return _decimal_text(abs(number), 0, language, negative=number < 0)


def date_text(on: date, language: Language) -> str:
    """Return a day in words: `15 ноября 2026`, `15 November 2026`."""
    return NO_BREAK_SPACE.join([str(on.day), _MONTHS_OF_A_DAY[language][on.month - 1], str(on.year)])


def short_date_text(on: date, language: Language) -> str:
    """Return a day for a table: `15.11.2026`, `15 Nov 2026`."""
    if language == "ru":
        return f"{on:%d.%m.%Y}"
    return NO_BREAK_SPACE.join([f"{on.day:02}", _MONTHS["en"][on.month - 1][:3], str(on.year)])


def time_text(at: datetime, zone: ZoneInfo) -> str:
    """Return the local time of an aware instant: `00:30`. Raises ValueError for a naive one."""
    return f"{_local(at, zone):%H:%M}"


def instant_text(at: datetime, zone: ZoneInfo, language: Language) -> str:
    """Return the local day and time of an aware instant for a table. Raises ValueError for a naive one."""
    local = _local(at, zone)
    return f"{short_date_text(local.date(), language)},{NO_BREAK_SPACE}{local:%H:%M}"


def month_text(first_on: date, language: Language) -> str:
    """Return a month: `октябрь 2026`, `October 2026`."""
    return f"{_MONTHS[language][first_on.month - 1]}{NO_BREAK_SPACE}{first_on.year}"


def period_text(first_on: date, until_on: date, language: Language) -> str:
    """Return the days from `first_on` until `until_on` (excluded): a month by its name, others by first and last."""
    last_on = until_on - timedelta(days=1)
    whole_month = first_on.day == 1 and until_on.day == 1 and (last_on.year, last_on.month) == _month(first_on)
    if whole_month:
        return month_text(first_on, language)
    return f"{short_date_text(first_on, language)} {DASH} {short_date_text(last_on, language)}"


def zone_text(zone: Zone, language: Language) -> str:
    """Return a zone by its meaning."""
    return _ZONES[language][zone]


def _decimal_text(units: int, decimals: int, language: Language, *, negative: bool) -> str:
    whole, fraction = divmod(units, 10**decimals)
    grouped = f"{whole:,}" if language == "en" else f"{whole:,}".replace(",", NO_BREAK_SPACE)
    point = "." if language == "en" else ","
    return f"{MINUS if negative and units else ''}{grouped}" + (f"{point}{fraction:0{decimals}}" if decimals else "")


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"a local time needs an instant with a time zone: got {at.isoformat()}")
    return at.astimezone(zone)


def _month(on: date) -> tuple[int, int]:
    return on.year, on.month
