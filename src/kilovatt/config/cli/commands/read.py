"""`kilovatt read`: one meter, with no database at all."""

import asyncio
import os
import sys
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from kilovatt.config.cli.instants import instant
from kilovatt.config.cli.keys import given_keys
from kilovatt.config.cli.passwords import password_in
from kilovatt.config.cli.readout import as_json, show
from kilovatt.config.cli.transcripts import captured_to
from kilovatt.config.cli.voice import EXIT_NOT_DONE, _, complain, err, print_json
from kilovatt.config.cli.why import why_not
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.quantities.periods import days_from, first_of_month, previous_month
from kilovatt.wire.drivers.addresses import address_rule, factory_address
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.headend.clock import MachineClock
from kilovatt.wire.headend.lines import parse_address
from kilovatt.wire.headend.one import read_one
from kilovatt.wire.simulator.clock import TownClock

PASSWORD_VARIABLE = "KILOVATT_METER_PASSWORD"


class What(StrEnum):
    """What to read."""

    REGISTERS = "registers"
    INSTANT = "instant"
    PROFILE = "profile"
    EVENTS = "events"
    ALL = "all"


def read(
    line: Annotated[
        str,
        typer.Argument(
            help=_("tcp://HOST:PORT, serial:///dev/ttyUSB0?baud=9600&format=8N1, modem:///dev/ttyUSB0?dial=NUMBER …")
        ),
    ],
    model: Annotated[str, typer.Option(help=_("The model, as `kilovatt models` names it."))],
    serial: Annotated[int | None, typer.Option(help=_("The serial number on its face."))] = None,
    address: Annotated[int | None, typer.Option(help=_("Its address on the line, if not the factory's."))] = None,
    password_file: Annotated[
        Path | None, typer.Option(help=_("A file with the password (or set KILOVATT_METER_PASSWORD)."))
    ] = None,
    keys_file: Annotated[
        Path | None, typer.Option(help=_("A file with the meter's keys (or set KILOVATT_METER_KEYS)."))
    ] = None,
    what: Annotated[What, typer.Option(help=_("What to read."))] = What.REGISTERS,
    days: Annotated[int, typer.Option(min=1, max=180, help=_("How many days of the load profile."))] = 7,
    zone: Annotated[str, typer.Option(help=_("The time zone of the meter's clock."))] = "Europe/Moscow",
    timeout: Annotated[float, typer.Option(min=0.05, max=60, help=_("How long to wait for an answer, s."))] = 2.0,
    capture: Annotated[
        Path | None, typer.Option(help=_("A new file to write the whole session to, passwords masked."))
    ] = None,
    now: Annotated[
        str | None, typer.Option(help=_("What time to take it for: that of the capture, for a meter that is replayed."))
    ] = None,
    json: Annotated[bool, typer.Option("--json", help=_("Print JSON for a program."))] = False,
) -> None:
    """Read one meter and print what it says."""
    row = model_by_key(model)
    place = _zone(zone)
    keys = given_keys(row, keys_file)
    meter = MeterAddress(
        model=row,
        address=_address(row, serial, address),
        serial=None if serial is None else str(serial),
        password=_password(row, password_file),
        zone=place,
        **keys.of_address(MachineClock().now()),
    )
    parse_address(line)
    clock = MachineClock() if now is None else TownClock(instant(now))
    task = _task(row, what, clock.now().astimezone(place).date(), days)
    reading = _("Reading {model} at {line} …").format(model=row.title, line=line)
    with captured_to(capture, row, zone=zone, now=clock.now()) as captured, err.status(reading, spinner="dots"):
        report = asyncio.run(
            read_one(line, meter, task, clock=clock, answer_timeout_s=timeout, capture=captured),
        )
    if json:
        print_json(as_json(report, row, place))
    else:
        show(report, row, place)
    if report.outcome is not Outcome.OK:
        err.print(why_not(report), style="red", markup=False, soft_wrap=True)
        sys.exit(EXIT_NOT_DONE)


def _address(model: MeterModel, serial: int | None, address: int | None) -> int:
    rule = address_rule(model)
    if serial is not None and not 1 <= serial <= rule.serial_max:
        complain(
            _("The serial number of a {model} is 1 to {maximum}: got {serial}.").format(
                model=model.title, maximum=rule.serial_max, serial=serial
            )
        )
    if address is not None:
        if not (address == rule.anybody or 1 <= address <= rule.maximum):
            complain(
                _("The address of a {model} is 1 to {maximum}: got {address}.").format(
                    model=model.title, maximum=rule.maximum, address=address
                )
            )
        return address
    if rule.is_assigned:
        complain(
            _(
                "Its concentrator says at which address a {model} is: add --address. "
                "kilovatt read LINE --model spodus-uspd lists them."
            ).format(model=model.title)
        )
    if serial is not None:
        return factory_address(model, serial)
    anybody = rule.anybody
    if anybody is None:
        complain(
            _("A {model} answers only to its own number: add --serial, as printed on its face.").format(
                model=model.title
            )
        )
    return anybody


def _password(model: MeterModel, file: Path | None) -> str | None:
    if model.password is None:
        return None
    if file is None:
        return os.environ.get(PASSWORD_VARIABLE) or model.factory_passwords[1]
    return password_in(file)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        complain(_("There is no time zone {name}. Write it as Europe/Moscow.").format(name=repr(name)))


def _task(model: MeterModel, what: What, today_on: date, days: int) -> ReadingTask:
    everything = what is What.ALL
    registers = everything or what is What.REGISTERS
    month_on = first_of_month(today_on)
    return ReadingTask(
        instant=everything or what is What.INSTANT,
        registers_now=registers,
        register_days=(today_on,) if registers and model.day_register_depth_days else (),
        register_months=(previous_month(month_on), month_on) if registers else (),
        profile_days=days_from(today_on - timedelta(days=days), today_on) if everything or what is What.PROFILE else (),
        events=everything or what is What.EVENTS,
    )
