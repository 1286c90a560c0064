"""Codes of the journals of interference, communication, access and self-diagnostics (tables Д.5 to Д.8)."""

from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.spodes.event_code import EventCode, Journal, Source, Table, gettext_noop

_INFLUENCE, _COMMUNICATION = Table(Journal.EXTERNAL_INFLUENCE), Table(Journal.COMMUNICATION)
_ACCESS, _SELF = Table(Journal.ACCESS), Table(Journal.SELF_DIAGNOSTICS)
_FAULT = EventKind.METER_FAULT

EXTERNAL_INFLUENCE: tuple[EventCode, ...] = (
    *_INFLUENCE.span(
        (1, 2), (gettext_noop("Magnetic field"), gettext_noop("No magnetic field any more")), EventKind.MAGNETIC_FIELD
    ),
    _INFLUENCE.moment(3, gettext_noop("Electronic seal of the terminal cover broken"), EventKind.TERMINAL_COVER_OPENED),
    _INFLUENCE.moment(4, gettext_noop("Electronic seal of the case broken"), EventKind.CASE_OPENED),
    _INFLUENCE.moment(5, gettext_noop("Seal of an external sensor broken"), source=Source.STO_2021),
    *_INFLUENCE.span(
        (6, 7),
        (gettext_noop("Radio-frequency field"), gettext_noop("No radio-frequency field any more")),
        source=Source.STO_2021,
    ),
)
COMMUNICATION: tuple[EventCode, ...] = (
    _COMMUNICATION.moment(1, gettext_noop("Association closed")),
    _COMMUNICATION.moment(2, gettext_noop("Association opened")),
)
ACCESS: tuple[EventCode, ...] = (
    _ACCESS.moment(1, gettext_noop("Unauthorised access attempted"), EventKind.ACCESS_REFUSED),
    _ACCESS.moment(2, gettext_noop("Protocol violated"), EventKind.ACCESS_REFUSED),
    _ACCESS.moment(3, gettext_noop("Locked after wrong passwords"), EventKind.ACCESS_REFUSED, source=Source.STO_2021),
    _ACCESS.moment(
        4, gettext_noop("Firmware rejected: it could not be verified"), EventKind.ACCESS_REFUSED, source=Source.STO_2021
    ),
)
SELF_DIAGNOSTICS: tuple[EventCode, ...] = (
    _SELF.moment(1, gettext_noop("Meter initialised")),
    *_SELF.span((2, 3), (gettext_noop("Measuring unit faulty"), gettext_noop("Measuring unit sound")), _FAULT),
    *_SELF.span((4, 19), (gettext_noop("Processor faulty"), gettext_noop("Processor sound")), _FAULT),
    *_SELF.span((5, 6), (gettext_noop("Clock faulty"), gettext_noop("Clock sound")), _FAULT),
    *_SELF.span((7, 8), (gettext_noop("Power supply unit faulty"), gettext_noop("Power supply unit sound")), _FAULT),
    *_SELF.span((9, 10), (gettext_noop("Display faulty"), gettext_noop("Display sound")), _FAULT),
    *_SELF.span((11, 12), (gettext_noop("Data memory faulty"), gettext_noop("Data memory sound")), _FAULT),
    *_SELF.span((13, 14), (gettext_noop("Program memory faulty"), gettext_noop("Program memory sound")), _FAULT),
    *_SELF.span((15, 16), (gettext_noop("Core clock faulty"), gettext_noop("Core clock sound")), _FAULT),
    *_SELF.span(
        (17, 18),
        (gettext_noop("Oscillator of the clock faulty"), gettext_noop("Oscillator of the clock sound")),
        _FAULT,
    ),
)
"""That the processor is sound again (19) only СТО 34.01-5.1-006-2021 has."""
