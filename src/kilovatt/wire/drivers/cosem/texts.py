"""Texts of СПОДЭС meters, whose encoding nobody tells: UTF-8, cp1251 or ISO-8859-5."""

from datetime import date
from functools import lru_cache
from itertools import pairwise

_ENCODINGS = ("utf-8", "cp1251", "iso8859-5")
_RUSSIAN = frozenset("АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдеёжзийклмнопрстуфхцчшщъыьэюя")
_DATE_BYTES = 5


def text_of(value: object, preferred: str) -> str:
    """Return a number or bytes as text, without the zeros that pad it; bytes of no encoding as hexadecimal.

    Of the encodings in which every byte is printable, the one that reads most like Russian counts, and of equals the
    `preferred` one: the sample of the standard is ISO-8859-5, in which "РИМ" is "Аёј" of cp1251.
    """
    if isinstance(value, bytes):
        return _decoded(bytes(value).rstrip(b"\x00 "), preferred)
    return str(int(value)) if isinstance(value, int) else str(value)


def day_of(value: object, preferred: str) -> date | None:
    """Return a day told as text (2023-05-17, 17.05.2023) or as the five or twelve bytes of a date; None for another."""
    if not isinstance(value, bytes):
        return None
    text = text_of(value, preferred)
    parts = text.replace(".", "-").split("-")
    if len(parts) == 3 and all(part.isascii() and part.isdigit() for part in parts):
        year, month, day = (int(part) for part in (parts if len(parts[0]) == 4 else reversed(parts)))
        return _day(year, month, day)
    if len(value) in {_DATE_BYTES, 12}:
        return _day(int.from_bytes(value[:2], "big"), value[2], value[3])
    return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _decoded(data: bytes, preferred: str) -> str:
    if data.isascii():
        # The same in each of them, as serial numbers and versions mostly are.
        text = data.decode("ascii")
        return text if text.isprintable() else data.hex()
    readings: list[tuple[int, bool, int, str]] = []
    for place, encoding in enumerate(_ENCODINGS):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.isprintable():
            readings.append((_oddities(text), encoding != preferred, place, text))
    return min(readings)[-1] if readings else data.hex()


def _oddities(text: str) -> int:
    """Count letters that are not Russian, and capitals after small letters or before them but at a beginning."""
    letters = sum(not one.isascii() and one not in _RUSSIAN for one in text)
    pairs = [(one, following) for one, following in pairwise(text) if {one, following} & _RUSSIAN]
    rises = sum(one.islower() and following.isupper() for one, following in pairs)
    triples = zip(text, text[1:], text[2:], strict=False)
    falls = sum(a.isupper() and b.isupper() and c.islower() and c in _RUSSIAN for a, b, c in triples)
    return 2 * letters + rises + falls
