"""Readings that come in files: each row is a register reading with the row itself as its evidence.

The same file again changes nothing; of a run that was killed in the middle what was accepted stays, and the next run
takes the rest.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

from django.utils.translation import gettext_noop

from kilovatt.measure.metering.meter_days import Source
from kilovatt.measure.metering.models import Language
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import Exchange, Learnt, SessionReport
from kilovatt.office.exchange.mapping import ReadingsMapping
from kilovatt.office.exchange.readings import Complaint, FiledReading, Parsed, parse_readings
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.records.models import Meter

ROWS_AT_ONCE = 5_000


@dataclass(slots=True, kw_only=True)
class Imported:
    """What a file came to. `known` counts meters whose rows of this file had been taken before."""

    rows: int = 0
    registers: int = 0
    meters: set[int] = field(default_factory=set)
    known: int = 0
    complaints: list[Complaint] = field(default_factory=list)


def import_readings(
    file: Path,
    mapping: ReadingsMapping,
    *,
    organisation_code: str,
    now: datetime,
    dry: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Imported:
    """Take every row of a file that makes sense, and return what was taken and why the others were not.

    `dry`: look at everything and take nothing. Raises FileFaultError if it is no such table at all; then nothing of
    it has been taken, unless it is broken off in the middle.
    """
    meters = _meters(organisation_code, mapping.model_key)
    name = _name_of(file)
    imported = Imported()
    for parsed in _batched(parse_readings(file, mapping, now=now)):
        by_meter = _sorted_out(parsed, meters, imported)
        for meter_id, readings in by_meter.items():
            report = _report(meter_id, readings, file=file, name=name, now=now)
            imported.meters.add(meter_id)
            if dry or accept(report, now=now):
                imported.registers += len(report.learnt.registers)
            else:
                imported.known += 1
        if progress is not None:
            progress(imported.rows)
    return imported


def _batched(rows: Iterable[Parsed]) -> Iterator[tuple[Parsed, ...]]:
    left = iter(rows)
    while some := tuple(islice(left, ROWS_AT_ONCE)):
        yield some


def _sorted_out(parsed: Sequence[Parsed], meters: dict[str, int], imported: Imported) -> dict[int, list[FiledReading]]:
    by_meter: dict[int, list[FiledReading]] = defaultdict(list)
    for one in parsed:
        imported.rows += 1
        if isinstance(one, Complaint):
            imported.complaints.append(one)
        elif (meter_id := meters.get(one.serial.lstrip("0"))) is None:
            imported.complaints.append(
                Complaint(
                    row=one.row,
                    sentence=gettext_noop("No meter № %(serial)s of this model is on record."),
                    values={"serial": one.serial},
                )
            )
        else:
            by_meter[meter_id].append(one)
    return by_meter


def _meters(organisation_code: str, model_key: str) -> dict[str, int]:
    """Return the meters of a model that stand at an organisation's points, by their serial numbers without zeros."""
    known = Meter.objects.filter(
        model_key=model_key, installations__removed_at=None, installations__point__organisation__code=organisation_code
    )
    return {serial.lstrip("0"): pk for serial, pk in known.values_list("serial", "pk")}


def _name_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _report(meter_id: int, readings: Sequence[FiledReading], *, file: Path, name: str, now: datetime) -> SessionReport:
    """Return a session that brought these rows, named by the file's content, the meter and the first row."""
    return SessionReport(
        session_id=uuid5(NAMESPACE_OID, f"kilovatt:file:{name}:{meter_id}:{readings[0].row}"),
        meter_id=meter_id,
        language=Language.FILE,
        started_at=now,
        ended_at=now,
        outcome=Outcome.OK,
        failed_part=None,
        detail=f"{file.name}, SHA-256 {name}",
        learnt=Learnt(registers=tuple(register for reading in readings for register in reading.registers)),
        exchanges=tuple(
            Exchange(
                number=reading.row,
                request=file.name.encode(),
                answer=reading.text.encode(),
                sent_at=now,
                took_ms=0,
                tries=1,
            )
            for reading in readings
        ),
        exchanges_made=len(readings),
        retries=0,
        source=Source.FILE,
    )
