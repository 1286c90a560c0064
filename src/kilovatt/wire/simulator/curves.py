"""Households from a Parquet file: read strictly, because a bill will be compared with them to the watt-hour."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from kilovatt.wire.explain.fields import gettext_noop
from kilovatt.wire.simulator.energy import STEP_S, WattHours

START_COLUMN = "start_at"
ENERGY_SUFFIX = "_wh"
ENERGY_WH_MAX = 1_000_000
"""Two megawatts for half an hour: more is no household, and sums of it might not fit a register."""


class HouseholdFault(StrEnum):
    """What is wrong with a file of households."""

    UNREADABLE = "unreadable"
    NOT_PARQUET = "not_parquet"
    NO_START = "no_start"
    NO_ENERGY = "no_energy"
    SAME_NAME = "same_name"
    NO_ROWS = "no_rows"
    WRONG_START_TYPE = "wrong_start_type"
    START_MISSING = "start_missing"
    DISORDER = "disorder"
    GAP = "gap"
    WRONG_STEP = "wrong_step"
    WRONG_ENERGY_TYPE = "wrong_energy_type"
    ENERGY_MISSING = "energy_missing"
    NEGATIVE = "negative"
    TOO_LARGE = "too_large"
    TOO_FEW = "too_few"
    NO_SUCH_HOUSEHOLD = "no_such_household"


SENTENCES: dict[HouseholdFault, str] = {
    HouseholdFault.UNREADABLE: gettext_noop(
        "The household file %(path)s cannot be read: %(reason)s. Check the path and its permissions."
    ),
    HouseholdFault.NOT_PARQUET: gettext_noop(
        "The household file %(path)s is not a whole Parquet file: %(reason)s. Copy it again, or write it as Parquet."
    ),
    HouseholdFault.NO_START: gettext_noop(
        "The household file %(path)s has no column start_at: its columns are %(columns)s. "
        "Name the column with the start of each half-hour start_at."
    ),
    HouseholdFault.NO_ENERGY: gettext_noop(
        "The household file %(path)s has no column whose name ends in _wh: its columns are %(columns)s. "
        "Give each household one column of whole watt-hours, such as household_001_wh."
    ),
    HouseholdFault.SAME_NAME: gettext_noop(
        "The household file %(path)s has more than one column named %(column)s. Give each household a name of its own."
    ),
    HouseholdFault.NO_ROWS: gettext_noop(
        "The household file %(path)s has no rows. Give it one row per half-hour, a whole month and more."
    ),
    HouseholdFault.WRONG_START_TYPE: gettext_noop(
        "The column start_at of the household file %(path)s is of type %(got)s, and a timestamp is wanted. "
        "Convert it to a Parquet timestamp."
    ),
    HouseholdFault.START_MISSING: gettext_noop(
        "The column start_at of the household file %(path)s is empty in row %(row)d. Give each row its start."
    ),
    HouseholdFault.DISORDER: gettext_noop(
        "The rows of the household file %(path)s are not in order: row %(row)d starts at %(got)s, "
        "not after the row before it, %(before)s. Sort the rows by start_at and remove repeated ones."
    ),
    HouseholdFault.GAP: gettext_noop(
        "The household file %(path)s has a gap: row %(row)d starts at %(got)s, and %(wanted)s is wanted, "
        "half an hour after the row before it. Fill in the missing half-hours."
    ),
    HouseholdFault.WRONG_STEP: gettext_noop(
        "The rows of the household file %(path)s are %(got)d seconds apart, and 1800 are wanted. "
        "Give it one row per half-hour."
    ),
    HouseholdFault.WRONG_ENERGY_TYPE: gettext_noop(
        "The column %(column)s of the household file %(path)s is of type %(got)s, and whole watt-hours are wanted. "
        "Round its values and store them as integers."
    ),
    HouseholdFault.ENERGY_MISSING: gettext_noop(
        "The column %(column)s of the household file %(path)s is empty in row %(row)d (%(at)s). "
        "Give each half-hour its energy in Wh, or leave the household out."
    ),
    HouseholdFault.NEGATIVE: gettext_noop(
        "The column %(column)s of the household file %(path)s holds %(got)d Wh in row %(row)d (%(at)s), "
        "and 0 or more is wanted. Put energy given to the grid elsewhere, or leave the household out."
    ),
    HouseholdFault.TOO_LARGE: gettext_noop(
        "The column %(column)s of the household file %(path)s holds %(got)d Wh in row %(row)d (%(at)s), "
        "and at most 1000000 is wanted. Check that the values are watt-hours in half an hour."
    ),
    HouseholdFault.TOO_FEW: gettext_noop(
        "%(wanted)d meters are wanted, and the household file %(path)s has %(got)d households. "
        "Ask for fewer meters, or give a file with more columns."
    ),
    HouseholdFault.NO_SUCH_HOUSEHOLD: gettext_noop(
        "The household file %(path)s has no column %(column)s: its first households are %(columns)s. "
        "Name one of its columns."
    ),
}
"""The sentence of each fault, to be translated and then filled in with the error's details."""


class HouseholdFileError(Exception):
    """A file of households that cannot be used. Its text says what is wrong with it and what to do.

    It is English; `sentence` is to be translated and then filled in with `values`.
    """

    def __init__(self, fault: HouseholdFault, **details: str | int) -> None:
        super().__init__(SENTENCES[fault] % details)
        self.fault = fault
        self.sentence = SENTENCES[fault]
        self.values = details


@dataclass(frozen=True, slots=True, kw_only=True)
class Households:
    """Homes and what they used.

    `names` are the columns in order; `energies_wh` has one row per half-hour and one column per home [Wh].
    `source` says where they come from, for messages.
    """

    source: str
    names: tuple[str, ...]
    energies_wh: npt.NDArray[np.int64]

    def energies_of(self, name: str) -> WattHours:
        """Return one home's half-hours [Wh]; the suffix _wh may be left off. Raises HouseholdFileError."""
        for candidate in (name, name + ENERGY_SUFFIX):
            if candidate in self.names:
                return np.ascontiguousarray(self.energies_wh[:, self.names.index(candidate)])
        raise HouseholdFileError(
            HouseholdFault.NO_SUCH_HOUSEHOLD, path=self.source, column=name, columns=", ".join(self.names[:5])
        )

    def require(self, meters: int) -> None:
        """Raise HouseholdFileError if there are fewer homes than meters to feed."""
        if meters > len(self.names):
            raise HouseholdFileError(HouseholdFault.TOO_FEW, path=self.source, wanted=meters, got=len(self.names))


def read_households(path: Path) -> Households:
    """Return the homes of a Parquet file: `start_at`, then one `*_wh` column each.

    Raises HouseholdFileError for anything that is not a gapless table of whole, non-negative half-hours.
    The stamps give order and spacing only.
    """
    source = str(path)
    table = _read_table(path)
    names = _energy_columns(table.column_names, source)
    if not table.num_rows:
        raise HouseholdFileError(HouseholdFault.NO_ROWS, path=source)
    starts_s = _checked_starts(table.column(START_COLUMN), source)
    columns = [_checked_energies(table.column(name), name, starts_s, source) for name in names]
    return Households(source=source, names=names, energies_wh=np.column_stack(columns))


def _read_table(path: Path) -> Any:  # noqa: ANN401 - pyarrow ships no types
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise HouseholdFileError(
            HouseholdFault.UNREADABLE, path=str(path), reason=error.strerror or "unknown"
        ) from error
    try:
        return pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise HouseholdFileError(HouseholdFault.NOT_PARQUET, path=str(path), reason=reason) from error


def _energy_columns(columns: list[str], source: str) -> tuple[str, ...]:
    listed = ", ".join(columns[:10]) + (", …" if len(columns) > 10 else "")
    if START_COLUMN not in columns:
        raise HouseholdFileError(HouseholdFault.NO_START, path=source, columns=listed)
    for before, name in pairwise(sorted(columns)):
        if before == name:
            raise HouseholdFileError(HouseholdFault.SAME_NAME, path=source, column=name)
    names = tuple(name for name in columns if name.endswith(ENERGY_SUFFIX))
    if not names:
        raise HouseholdFileError(HouseholdFault.NO_ENERGY, path=source, columns=listed)
    return names


def _checked_starts(column: Any, source: str) -> npt.NDArray[np.int64]:  # noqa: ANN401 - pyarrow ships no types
    if not pa.types.is_timestamp(column.type):
        raise HouseholdFileError(HouseholdFault.WRONG_START_TYPE, path=source, got=str(column.type))
    if column.null_count:
        raise HouseholdFileError(HouseholdFault.START_MISSING, path=source, row=_first_null(column))
    starts_us: npt.NDArray[np.int64] = (
        column.cast(pa.timestamp("us", tz=column.type.tz), safe=False).cast(pa.int64()).to_numpy()
    )
    steps_us = np.diff(starts_us)
    wrong = np.flatnonzero(steps_us != STEP_S * 1_000_000)
    if wrong.size:
        raise _step_error(starts_us, steps_us, int(wrong[0]), source)
    return starts_us // 1_000_000


def _step_error(
    starts_us: npt.NDArray[np.int64], steps_us: npt.NDArray[np.int64], before: int, source: str
) -> HouseholdFileError:
    row = before + 1
    got = _shown(int(starts_us[row]) // 1_000_000)
    if steps_us[before] <= 0:
        shown_before = _shown(int(starts_us[before]) // 1_000_000)
        return HouseholdFileError(HouseholdFault.DISORDER, path=source, row=row + 1, got=got, before=shown_before)
    if np.all(steps_us == steps_us[0]):
        return HouseholdFileError(HouseholdFault.WRONG_STEP, path=source, got=int(steps_us[0]) // 1_000_000)
    wanted = _shown(int(starts_us[before]) // 1_000_000 + STEP_S)
    return HouseholdFileError(HouseholdFault.GAP, path=source, row=row + 1, got=got, wanted=wanted)


def _checked_energies(
    column: Any,  # noqa: ANN401 - pyarrow ships no types
    name: str,
    starts_s: npt.NDArray[np.int64],
    source: str,
) -> WattHours:
    if not pa.types.is_integer(column.type):
        raise HouseholdFileError(HouseholdFault.WRONG_ENERGY_TYPE, path=source, column=name, got=str(column.type))
    if column.null_count:
        row = _first_null(column)
        at = _shown(int(starts_s[row - 1]))
        raise HouseholdFileError(HouseholdFault.ENERGY_MISSING, path=source, column=name, row=row, at=at)
    values: npt.NDArray[np.integer[Any]] = column.to_numpy()
    for fault, wrong in (
        (HouseholdFault.NEGATIVE, np.flatnonzero(values < 0)),
        (HouseholdFault.TOO_LARGE, np.flatnonzero(values > ENERGY_WH_MAX)),
    ):
        if wrong.size:
            first = int(wrong[0])
            at = _shown(int(starts_s[first]))
            got = int(values[first])
            raise HouseholdFileError(fault, path=source, column=name, row=first + 1, at=at, got=got)
    return values.astype(np.int64)


def _first_null(column: Any) -> int:  # noqa: ANN401 - pyarrow ships no types
    return int(np.flatnonzero(column.is_null().to_numpy())[0]) + 1


def _shown(stamp_s: int) -> str:
    return str(np.datetime64(stamp_s, "s")).replace("T", " ")
