"""Digests: the same content gets the same name, however often and by whichever session it is read.

What says when and how something was heard (instant, session, exchange) is not content: a meter-day that is read
again after a crash has the digest it had before, and is dropped.
"""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from struct import pack

from kilovatt.measure.metering.events import MeterEvent
from kilovatt.measure.metering.meter_days import MeterDay
from kilovatt.measure.metering.registers import RegisterReading
from kilovatt.measure.metering.sessions import InstantValues

DIGEST_BYTES = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def meter_day_digest(meter_id: int, day: MeterDay) -> bytes:
    """Return the name of a meter-day's content (BLAKE2b, 32 bytes): all but when and by which exchange it was heard."""
    digest = blake2b(b"kilovatt meter-day 1", digest_size=DIGEST_BYTES)
    head = (meter_id, day.day_on.toordinal(), _instant(day.starts_at), day.step_s, day.uwh_per_count)
    digest.update(pack("<5q", *head))
    digest.update(_text(day.source))
    for counts in (day.a_plus, day.a_minus, day.r_plus, day.r_minus, day.qualities):
        digest.update(_list(counts))
    return digest.digest()


def register_digest(meter_id: int, reading: RegisterReading) -> bytes:
    """Return the name of a register's content (BLAKE2b, 32 bytes): which, how much, of what instant and moment."""
    digest = blake2b(b"kilovatt register 1", digest_size=DIGEST_BYTES)
    digest.update(pack("<4q", meter_id, reading.tariff, reading.value, _instant(reading.taken_at)))
    digest.update(_text(reading.quantity))
    digest.update(_text(reading.moment))
    return digest.digest()


def sample_digest(meter_id: int, sample: InstantValues) -> bytes:
    """Return the name of a sample's content (BLAKE2b, 32 bytes): what flowed, and when by the meter's clock."""
    digest = blake2b(b"kilovatt sample 1", digest_size=DIGEST_BYTES)
    digest.update(pack("<2q", meter_id, _instant(sample.taken_at)))
    for values in (sample.voltages_mv, sample.currents_ma):
        digest.update(_list(values))
    for value in (sample.power_w, sample.frequency_mhz, sample.tariff, sample.relay_closed):
        digest.update(_list(None if value is None else (int(value),)))
    return digest.digest()


def event_digest(meter_id: int, event: MeterEvent) -> bytes:
    """Return the name of an event's content (BLAKE2b, 32 bytes): what, and when it began and ended."""
    digest = blake2b(b"kilovatt event 1", digest_size=DIGEST_BYTES)
    digest.update(pack("<2q", meter_id, _instant(event.began_at)))
    digest.update(_list(None if event.ended_at is None else (_instant(event.ended_at),)))
    for text in (event.kind, event.code, event.detail):
        digest.update(_text(text))
    return digest.digest()


def _instant(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _text(text: str) -> bytes:
    # Each part says its length: no two contents run into the same bytes.
    data = text.encode()
    return pack("<q", len(data)) + data


def _list(counts: tuple[int, ...] | None) -> bytes:
    if counts is None:
        return pack("<q", -1)
    return pack(f"<q{len(counts)}q", len(counts), *counts)
