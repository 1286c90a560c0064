"""Landis+Gyr: meters read out by IEC 62056-21 mode C."""

from kilovatt.measure.metering.catalogue.energomera_iec import Iec62056Dialect
from kilovatt.measure.metering.models import Evidence, Language, MeterModel, Wiring
from kilovatt.measure.metering.registers import Quantity

LANDIS_GYR: tuple[MeterModel, ...] = (
    MeterModel(
        key="landis-gyr-zmg405",
        title="Landis+Gyr E550 ZMG405",
        maker="Landis+Gyr",
        language=Language.IEC62056_21,
        phases=3,
        wiring=Wiring.TRANSFORMER,
        register_step_wh=1,
        quantities=frozenset({Quantity.A_PLUS, Quantity.A_MINUS, Quantity.R_PLUS, Quantity.R_MINUS}),
        instant_values=False,
        impulses_per_kwh=None,
        uwh_per_count=None,
        month_register_depth_months=12,
        channels=("rs485", "optical"),
        dialect=Iec62056Dialect(reads_out=True, check_is_sum=False, year_digits=4),
        evidence=Evidence.SIBLING,
        evidence_note="lines of the readout as public programs that imitate or read its kin have them; what it puts "
        "into its readout is parametrised: a month is taken only where the meter stamped it with that midnight; its "
        "load profile is not established",
    ),
)
