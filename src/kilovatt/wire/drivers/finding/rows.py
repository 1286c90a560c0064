"""What a meter that was found may be: the rows of the catalogue that say nothing else of it than it says of itself."""

from collections.abc import Mapping

from kilovatt.measure.metering.catalogue import ROWS
from kilovatt.measure.metering.catalogue.cosem import CosemDialect, Entry
from kilovatt.measure.metering.catalogue.energomera import EnergomeraDialect
from kilovatt.measure.metering.catalogue.energomera_iec import EnergomeraIecDialect
from kilovatt.measure.metering.catalogue.landis_gyr import LandisGyrDialect
from kilovatt.measure.metering.catalogue.nzif import NzifDialect
from kilovatt.measure.metering.catalogue.spodus import SpodusDialect, behind, can_be_behind
from kilovatt.measure.metering.models import Evidence, Language, MeterModel
from kilovatt.wire.drivers.addresses import address_rule
from kilovatt.wire.drivers.finding.dlms import carrier_of
from kilovatt.wire.drivers.finding.iec import NAME_STEM
from kilovatt.wire.drivers.finding.probes import Sighting, Told, Trait, Way, yes_or_no

_ANY_MAKER = "KLV"
"""Stands in rows of meters whose maker is not said."""
_IN_A_WRAPPER = tuple(
    behind(row)
    for row in ROWS
    if isinstance(row.dialect, CosemDialect) and can_be_behind(row) and not row.dialect.over_wrapper
)
_EVIDENCE = list(Evidence)
_V1_CODES = {"mercury-200-04": "2", "mercury-203-2t-gbo": "4", "mercury-206-prlsno": "8"}
"""The codes of models as the client mercury-base reads them: nothing of the maker's."""
_V1_SIBLINGS = {"6": "4"}
"""203.2TR is read as 203.2T is."""


def fitting(sighting: Sighting) -> tuple[MeterModel, ...]:
    """Return the rows that fit: those of its maker before those of any, what rests on better evidence before the rest.

    A meter in the wrapper may be read as one behind a concentrator is, whatever its row has messages travel in; what
    may be a concentrator or a meter is taken for a meter, until it lists what is behind it.
    """
    rows = [*ROWS, *_IN_A_WRAPPER] if sighting.place.way is Way.WRAPPER else ROWS
    fit = [row for row in rows if row.language in sighting.languages and _fits(row, sighting.traits)]
    lists_meters = Told.DEVICES in sighting.told

    def rank(row: MeterModel) -> tuple[bool, bool, int]:
        is_of_any = Trait.FLAG in sighting.traits and Trait.FLAG not in row_traits(row)
        return is_of_any, isinstance(row.dialect, SpodusDialect) is not lists_meters, _EVIDENCE.index(row.evidence)

    return tuple(sorted(fit, key=rank))


def _fits(row: MeterModel, shown: Mapping[Trait, str]) -> bool:
    said = row_traits(row)
    return all(said.get(trait, value) == value for trait, value in shown.items())


def row_traits(row: MeterModel) -> Mapping[Trait, str]:
    """Return what a row says of a meter by which it can be told from others of its language."""
    dialect = row.dialect
    match row.language:
        case Language.MERCURY_V2:
            return {
                Trait.PHASES: str(row.phases),
                Trait.RELAY: yes_or_no(is_so=row.relay),
                Trait.DAYS_KEPT: yes_or_no(is_so=row.day_register_depth_days > 0),
            }
        case Language.MERCURY_V1:
            return {Trait.CODE: _V1_CODES[row.key]} if row.key in _V1_CODES else {}
    match dialect:
        case NzifDialect():
            return {Trait.CODE: str(dialect.type_code)}
        case EnergomeraDialect():
            return {Trait.STAMPED: yes_or_no(is_so=dialect.stamped_registers)}
        case EnergomeraIecDialect() | LandisGyrDialect():
            return {Trait.NAME: dialect.type_name[:NAME_STEM]}
        case CosemDialect():
            return _dlms_traits(dialect)
    return {}


def _dlms_traits(dialect: CosemDialect) -> Mapping[Trait, str]:
    by_call = dialect.entry is Entry.MODE_E
    way = Way.WRAPPER if dialect.over_wrapper else Way.HDLC
    carrier = Way.IEC62056_21.value if by_call else carrier_of(way, dialect.address_bytes)
    return {Trait.CARRIER: carrier} | ({Trait.FLAG: dialect.flag} if dialect.flag != _ANY_MAKER else {})


def reading_arguments(sighting: Sighting, model: MeterModel) -> tuple[str, ...]:
    """Return what `kilovatt read` is told of a meter that was found, behind its line."""
    rule = address_rule(model)
    number = _number(sighting)
    arguments = ["--model", model.key]
    is_told = number is not None and 1 <= number <= rule.serial_max
    if is_told:
        arguments += ["--serial", str(number)]
    address = rule.anybody if sighting.address is None else sighting.address
    is_factorys = is_told and number is not None and rule.of_serial(number) == address
    if address is not None and not is_factorys:
        arguments += ["--address", str(address)]
    return tuple(arguments)


def _number(sighting: Sighting) -> int | None:
    serial = sighting.told.get(Told.SERIAL, "")
    return int(serial) if serial.isascii() and serial.isdigit() else None
