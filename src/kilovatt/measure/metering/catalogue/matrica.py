"""Матрица (ADD Grup, ADDAX). Of the NP71 and its concentrators nothing is public: its readings come as files."""

from dataclasses import replace

from kilovatt.measure.metering.catalogue.spodes import SPODES
from kilovatt.measure.metering.models import Evidence, MeterModel, gettext_noop

_THREE_PHASE = next(row for row in SPODES if row.key == "spodes-3ph")

MATRICA: tuple[MeterModel, ...] = (
    replace(
        _THREE_PHASE,
        key="matrica-np73e",
        title="Матрица NP73E",
        maker="Матрица",
        channels=("rs485", "optical"),
        evidence=Evidence.ASSUMED,
        evidence_notes=(
            gettext_noop(
                "its maker says that it speaks DLMS/COSEM on its optical and RS-485 ports; of its objects "
                "nothing is public: they are taken to be those of СПОДЭС; address, password and stamps are options "
                "that nobody has checked"
            ),
        ),
    ),
)
