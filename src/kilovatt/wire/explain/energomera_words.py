"""The words for the codes of explanations of Энергомера's own language: English sources of gettext."""

from collections.abc import Mapping

from kilovatt.wire.explain.fields import gettext_noop
from kilovatt.wire.explain.short_words import FRAME_PROBLEMS

FRAMES: Mapping[str, str] = {
    "noise": gettext_noop("Noise"),
    "unknown_request": gettext_noop("An unknown command"),
    "refusal": gettext_noop("The meter refuses"),
    "ping": gettext_noop("Whether the meter is there"),
    "read_version": gettext_noop("Firmware"),
    "read_configuration": gettext_noop("How the meter is set up"),
    "read_serial": gettext_noop("Half of the serial number"),
    "read_clock": gettext_noop("Clock"),
    "read_tariff_register": gettext_noop("Register of a tariff, now or at the end of a month"),
    "read_total_register": gettext_noop("Register of all tariffs, now or at the end of a month"),
    "read_tariff_day_register": gettext_noop("Register of a tariff at the end of a day"),
    "read_total_day_register": gettext_noop("Register of all tariffs at the end of a day"),
    "read_stamped_register": gettext_noop("Register now or of a month, with its stamp"),
    "read_intervals": gettext_noop("Half-hours of a day"),
    "read_power": gettext_noop("Power of the last minute"),
    "read_voltages": gettext_noop("Voltages now"),
    "read_currents": gettext_noop("Currents now"),
}

FIELDS: Mapping[str, str] = {
    "mark": gettext_noop("Mark of a frame's beginning or end"),
    "option": gettext_noop("Option, always 48h"),
    "meter": gettext_noop("Address of the meter"),
    "reader": gettext_noop("Address of whoever asks"),
    "password": gettext_noop("Password, not shown"),
    "service": gettext_noop("Service: request or answer, class, bytes of data"),
    "command": gettext_noop("Command"),
    "crc": gettext_noop("Checksum, whether it fits"),
    "data": gettext_noop("Bytes that are not explained"),
    "error_code": gettext_noop("Why it refuses, as a code"),
    "address": gettext_noop("Address that the meter gives as its own"),
    "kernel": gettext_noop("Version of the kernel (10 in СЕ102 R5.1 and СЕ307)"),
    "kind": gettext_noop("Kind of device, as a code"),
    "major": gettext_noop("Version"),
    "released_on": gettext_noop("Date of the version"),
    "word": gettext_noop("Configuration (first byte, bits 0-1: decimals of the registers)"),
    "half": gettext_noop("Half of the number (0 the last eight characters)"),
    "serial_half": gettext_noop("Eight characters of the serial number, written backwards"),
    "clock": gettext_noop("Local time"),
    "tariff": gettext_noop("Tariff (0 all together)"),
    "depth": gettext_noop("How many ends of months or days back (0 now)"),
    "count": gettext_noop("Energy, in the decimals the meter is set to (hundredths of a kWh as a rule)"),
    "stamp": gettext_noop("Month or day of the archive"),
    "day_on": gettext_noop("Day"),
    "first": gettext_noop("First half-hour of the day (from 0)"),
    "intervals": gettext_noop("How many half-hours"),
    "interval_count": gettext_noop("Energy of half-hour {number} of these, in the decimals of the registers"),
    "power_count": gettext_noop("Power, in the decimals of the registers (hundredths of a kW as a rule)"),
    "voltage_count": gettext_noop("Voltage of phase {number}, in hundredths of a volt"),
    "current_count": gettext_noop("Current of phase {number}, in the meter's own step"),
}

PROBLEMS: Mapping[str, str] = {
    **FRAME_PROBLEMS,
    "no_frame": gettext_noop("No whole frame"),
    "another_command": gettext_noop("The answer to another command"),
    "length_lies": gettext_noop("The service byte tells of another length"),
    "no_such_command": gettext_noop("The meter does not know this command"),
    "wrong_format": gettext_noop("The meter finds the frame of a wrong format"),
    "access_level": gettext_noop("The meter does not accept the password for this"),
    "parameter_count": gettext_noop("The meter wants another number of parameters"),
    "configuration": gettext_noop("The meter is not set up for this"),
    "access_button": gettext_noop("The button «Доступ» of the meter is not pressed"),
    "parameter": gettext_noop("The meter does not accept a parameter"),
    "memory_write": gettext_noop("The meter cannot write its memory"),
    "tariff_program": gettext_noop("The meter does not accept the tariff table"),
    "memory_read": gettext_noop("The meter cannot read its memory"),
    "other": gettext_noop("The meter refuses for a reason of its own"),
}
