"""Rows put into a table by the hundred: `bulk_create` spends ten times as long on them as the database does."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from django.db import connection, models

_Fit: TypeAlias = Callable[[Any], Any]


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]], then: str = "") -> None:
    """Insert rows of values, in the order of `columns` (attribute names of the model's fields).

    `then` ends the statement: what becomes of rows that are there already. Fields with defaults must be among the
    columns; enumerations are given as their values. Constraints hold as ever.
    """
    fits = _fits(model, tuple(columns), connection.vendor)
    fitted = [_fitted(row, fits) for row in rows]
    if fitted:
        with connection.cursor() as cursor:
            cursor.executemany(_statement(model, tuple(columns), then), fitted)


def columns_of(model: type[models.Model], names: Sequence[str]) -> str:
    """Return the columns of some fields as a statement lists them."""
    return ", ".join(_column(model, name) for name in names)


def _fitted(row: Sequence[Any], fits: Sequence[tuple[int, _Fit]]) -> list[Any]:
    fitted = list(row)
    for place, fit in fits:
        fitted[place] = fit(fitted[place])
    return fitted


@lru_cache(maxsize=64)
def _statement(model: type[models.Model], columns: tuple[str, ...], then: str) -> str:
    values = ", ".join(["%s"] * len(columns))
    table = model._meta.db_table  # noqa: SLF001  Django documents _meta
    return f"INSERT INTO {table} ({columns_of(model, columns)}) VALUES ({values}) {then}"  # noqa: S608  names of our own


@lru_cache(maxsize=64)
def _fits(model: type[models.Model], columns: tuple[str, ...], vendor: str) -> tuple[tuple[int, _Fit], ...]:
    """Return which values of a row the database takes in a form of its own."""
    del vendor  # Only that the answer is for one.
    found = ((place, _fit_of(_field(model, name))) for place, name in enumerate(columns))
    return tuple((place, fit) for place, fit in found if fit is not None)


def _fit_of(field: "models.Field[Any, Any]") -> _Fit | None:
    match field:
        case models.DateTimeField():
            return connection.ops.adapt_datetimefield_value
        case models.DateField():
            return connection.ops.adapt_datefield_value
        case models.UUIDField() | models.JSONField():
            return lambda value: field.get_db_prep_value(value, connection)
        case models.ForeignKey():
            return _fit_of(field.target_field)
        case _:
            return None


def _column(model: type[models.Model], name: str) -> str:
    column = _field(model, name).column
    assert column is not None
    return column


def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    return next(field for field in model._meta.concrete_fields if field.attname == name)  # noqa: SLF001  as above
