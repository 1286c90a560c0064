"""Meters whose language nobody outside their maker knows: their readings come in files of the maker's software."""

from kilovatt.measure.metering.models import Evidence, Language, MeterModel, Wiring, gettext_noop
from kilovatt.measure.metering.registers import Quantity

BY_FILE: tuple[MeterModel, ...] = (
    MeterModel(
        key="matrica-np71",
        title="Матрица NP71 L.1-1-3",
        maker="Матрица",
        language=Language.FILE,
        phases=1,
        wiring=Wiring.DIRECT,
        register_step_wh=1,
        quantities=frozenset({Quantity.A_PLUS}),
        instant_values=False,
        impulses_per_kwh=None,
        uwh_per_count=None,
        channels=("file",),
        evidence=Evidence.ASSUMED,
        evidence_notes=(
            gettext_noop(
                "nothing public on its power-line protocol; tables of its concentrator's software by a mapping"
            ),
        ),
    ),
)
