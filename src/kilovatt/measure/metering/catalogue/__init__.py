"""The catalogue of meter models, a file for each maker.

Adding a model is one row in its maker's file; a new maker is one file and one line here; a new family needs a
driver and a simulated meter besides.
"""

from functools import cache

from kilovatt.measure.metering.catalogue.by_file import BY_FILE
from kilovatt.measure.metering.catalogue.counters import COUNTERS
from kilovatt.measure.metering.catalogue.energomera import ENERGOMERA
from kilovatt.measure.metering.catalogue.energomera_iec import ENERGOMERA_IEC
from kilovatt.measure.metering.catalogue.incotex import INCOTEX
from kilovatt.measure.metering.catalogue.landis_gyr import LANDIS_GYR
from kilovatt.measure.metering.catalogue.matrica import MATRICA
from kilovatt.measure.metering.catalogue.nzif import NZIF
from kilovatt.measure.metering.catalogue.spodes import SPODES
from kilovatt.measure.metering.catalogue.spodus import BEHIND, CONCENTRATORS, behind, can_be_behind
from kilovatt.measure.metering.models import MeterModel

MODELS: tuple[MeterModel, ...] = (
    *INCOTEX,
    *NZIF,
    *ENERGOMERA,
    *ENERGOMERA_IEC,
    *LANDIS_GYR,
    *SPODES,
    *MATRICA,
)
"""Meters that speak."""
ROWS: tuple[MeterModel, ...] = (*MODELS, *COUNTERS, *BY_FILE, *CONCENTRATORS)
"""Every row: the meters, what counts pulses, those that files speak for, and what reads meters for us."""
_BY_KEY = {model.key: model for model in ROWS}


class UnknownModelError(LookupError):
    """No such model in the catalogue."""


def model_by_key(key: str) -> MeterModel:
    """Return the row of a model; with `@uspd` behind its key, as it is read through a concentrator.

    Raises UnknownModelError.
    """
    try:
        return _behind(key) if key.endswith(BEHIND) else _BY_KEY[key]
    except KeyError as error:
        raise UnknownModelError(key) from error


@cache
def _behind(key: str) -> MeterModel:
    model = _BY_KEY[key.removesuffix(BEHIND)]
    if not can_be_behind(model):
        raise KeyError(key)
    return behind(model)
