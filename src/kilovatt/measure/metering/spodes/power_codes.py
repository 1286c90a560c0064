"""Codes of the journals of voltages, currents, switching and the reactive power factor (tables Д.1 to Д.3, Д.9)."""

from kilovatt.measure.metering.events import EventKind, RelayCause
from kilovatt.measure.metering.spodes.event_code import EventCode, Journal, Source, Table, gettext_noop

_VOLTAGE, _CURRENT, _SWITCHING = Table(Journal.VOLTAGE), Table(Journal.CURRENT), Table(Journal.SWITCHING)
_FACTOR = Table(Journal.REACTIVE_FACTOR)
_LIMITS, _CIRCUIT = EventKind.VOLTAGE_OUT_OF_LIMITS, EventKind.CURRENT_CIRCUIT_FAULT
_OPENED, _CLOSED, _REVERSED = EventKind.RELAY_OPENED, EventKind.RELAY_CLOSED, EventKind.CURRENT_REVERSED

VOLTAGE: tuple[EventCode, ...] = (
    *_VOLTAGE.by_phase(
        1,
        (gettext_noop("Phase {which}: voltage lost"), gettext_noop("Phase {which}: voltage restored")),
        EventKind.PHASE_LOST,
    ),
    *_VOLTAGE.span(
        (7, 8), (gettext_noop("Overvoltage in any phase"), gettext_noop("Overvoltage in any phase over")), _LIMITS
    ),
    *_VOLTAGE.span(
        (9, 10), (gettext_noop("Low voltage in any phase"), gettext_noop("Low voltage in any phase over")), _LIMITS
    ),
    *_VOLTAGE.span(
        (11, 12),
        (
            gettext_noop("Unbalance of voltages (negative sequence) too high"),
            gettext_noop("Unbalance of voltages (negative sequence) within its limit again"),
        ),
    ),
    *_VOLTAGE.by_phase(
        13, (gettext_noop("Phase {which}: overvoltage"), gettext_noop("Phase {which}: overvoltage over")), _LIMITS
    ),
    *_VOLTAGE.by_phase(
        19, (gettext_noop("Phase {which}: voltage dip"), gettext_noop("Phase {which}: voltage dip over")), _LIMITS
    ),
    *_VOLTAGE.span((25, 26), (gettext_noop("Wrong order of phases"), gettext_noop("Order of phases right again"))),
    *_VOLTAGE.span((27, 28), (gettext_noop("Voltage interrupted"), gettext_noop("Voltage restored")), _LIMITS),
)
CURRENT: tuple[EventCode, ...] = (
    *_CURRENT.by_phase(
        1,
        (gettext_noop("Phase {which}: energy given"), gettext_noop("Phase {which}: no energy given any more")),
        _REVERSED,
    ),
    *_CURRENT.by_phase(
        7,
        (
            gettext_noop("Phase {which}: current transformer open"),
            gettext_noop("Phase {which}: current transformer restored"),
        ),
        _CIRCUIT,
    ),
    *_CURRENT.span((13, 14), (gettext_noop("Unbalance of currents"), gettext_noop("Unbalance of currents over"))),
    *_CURRENT.span(
        (15, 16),
        (
            gettext_noop("Current transformer short-circuited"),
            gettext_noop("Current transformer no longer short-circuited"),
        ),
        _CIRCUIT,
    ),
    *_CURRENT.span(
        (17, 18),
        (gettext_noop("Overcurrent in any phase"), gettext_noop("Overcurrent in any phase over")),
        EventKind.OVERCURRENT,
    ),
    *_CURRENT.by_phase(
        19,
        (
            gettext_noop("Phase {which}: current without voltage"),
            gettext_noop("Phase {which}: current without voltage over"),
        ),
        _CIRCUIT,
    ),
    *_CURRENT.by_phase(
        25,
        (
            gettext_noop("Phase {which}: current above the maximum"),
            gettext_noop("Phase {which}: current below the maximum again"),
        ),
        EventKind.OVERCURRENT,
    ),
    *_CURRENT.span(
        (31, 32),
        (gettext_noop("Current without voltage: neutral broken"), gettext_noop("Neutral restored")),
        _CIRCUIT,
    ),
    *_CURRENT.span(
        (33, 34),
        (
            gettext_noop("Reverse flow in a meter of one direction"),
            gettext_noop("Reverse flow in a meter of one direction over"),
        ),
        _REVERSED,
        source=Source.STO_2021,
    ),
    *_CURRENT.span(
        (35, 36),
        (
            gettext_noop("Power flows in opposite directions in the phases"),
            gettext_noop("Power flows in one direction in all phases again"),
        ),
        _REVERSED,
        source=Source.STO_2021,
    ),
    *_CURRENT.span(
        (37, 38),
        (gettext_noop("Current though the relay is open"), gettext_noop("No current with the relay open any more")),
        _CIRCUIT,
        source=Source.STO_2021,
    ),
)
SWITCHING: tuple[EventCode, ...] = (
    *_SWITCHING.span(
        (1, 2),
        (gettext_noop("Meter without supply"), gettext_noop("Supply of the meter restored")),
        EventKind.POWER_OFF,
    ),
    _SWITCHING.moment(3, gettext_noop("Consumer disconnected remotely"), _OPENED, cause=RelayCause.COMMAND),
    _SWITCHING.moment(4, gettext_noop("Consumer connected remotely"), _CLOSED, cause=RelayCause.COMMAND),
    _SWITCHING.moment(
        5, gettext_noop("Consumer permitted to connect"), EventKind.RELAY_PERMITTED, cause=RelayCause.COMMAND
    ),
    _SWITCHING.moment(6, gettext_noop("Relay opened by the consumer"), _OPENED, cause=RelayCause.BY_HAND),
    _SWITCHING.moment(7, gettext_noop("Relay closed by the consumer"), _CLOSED, cause=RelayCause.BY_HAND),
    _SWITCHING.moment(8, gettext_noop("Relay opened: power limit"), _OPENED, cause=RelayCause.POWER_LIMIT),
    _SWITCHING.moment(9, gettext_noop("Relay opened: maximum current"), _OPENED, cause=RelayCause.OVERCURRENT),
    _SWITCHING.moment(10, gettext_noop("Relay opened: magnetic field"), _OPENED, cause=RelayCause.MAGNETIC_FIELD),
    _SWITCHING.moment(11, gettext_noop("Relay opened: overvoltage"), _OPENED, cause=RelayCause.OVERVOLTAGE),
    _SWITCHING.moment(12, gettext_noop("Relay closed: voltage normal again"), _CLOSED, cause=RelayCause.AUTOMATIC),
    _SWITCHING.moment(
        13, gettext_noop("Relay opened: current without voltage"), _OPENED, cause=RelayCause.CURRENT_WITHOUT_VOLTAGE
    ),
    _SWITCHING.moment(14, gettext_noop("Relay opened: unbalance of currents"), _OPENED, cause=RelayCause.UNBALANCE),
    _SWITCHING.moment(15, gettext_noop("Relay opened: temperature"), _OPENED, cause=RelayCause.TEMPERATURE),
    *_SWITCHING.span((16, 17), (gettext_noop("Backup supply on"), gettext_noop("Backup supply off"))),
    _SWITCHING.moment(18, gettext_noop("Relay opened: cover or case opened"), _OPENED, cause=RelayCause.SEAL),
    _SWITCHING.moment(
        19,
        gettext_noop("Relay opened: energy limit of a tariff"),
        _OPENED,
        cause=RelayCause.ENERGY_LIMIT,
        source=Source.STO_2021,
    ),
    *(
        _SWITCHING.moment(number, text, _CLOSED, cause=RelayCause.AUTOMATIC, source=Source.STO_2021)
        for number, text in (
            (20, gettext_noop("Relay closed: power within its limit again")),
            (21, gettext_noop("Relay closed: current within its limit again")),
            (22, gettext_noop("Relay closed: currents balanced again")),
            (23, gettext_noop("Relay closed: temperature normal again")),
            (24, gettext_noop("Relay closed: no magnetic field any more")),
        )
    ),
    _SWITCHING.moment(
        25, gettext_noop("Relay opened by the arbitrator"), _OPENED, cause=RelayCause.ARBITRATOR, source=Source.STO_2021
    ),
    _SWITCHING.moment(
        26, gettext_noop("Relay closed by the arbitrator"), _CLOSED, cause=RelayCause.ARBITRATOR, source=Source.STO_2021
    ),
    _SWITCHING.moment(
        27, gettext_noop("Relay closed by its lock"), _CLOSED, cause=RelayCause.BY_HAND, source=Source.STO_2021
    ),
    _SWITCHING.moment(
        28, gettext_noop("Relay opened by its lock"), _OPENED, cause=RelayCause.BY_HAND, source=Source.STO_2021
    ),
    _SWITCHING.moment(29, gettext_noop("All supply of the meter lost"), EventKind.POWER_OFF, source=Source.STO_2021),
)
REACTIVE_FACTOR: tuple[EventCode, ...] = tuple(
    _FACTOR.span(
        (1, 2),
        (
            gettext_noop("Reactive power factor above its limit"),
            gettext_noop("Reactive power factor within its limit again"),
        ),
        EventKind.REACTIVE_FACTOR_EXCEEDED,
    )
)
