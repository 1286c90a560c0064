"""Where the wings meet: what the office wants becomes errands for the head-end, what it brings is accepted."""

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from django.db import connection

from kilovatt.config.figures import HeadendFigures
from kilovatt.measure.metering.commands import ChangeKeys, ChangePassword, Command, CommandKind
from kilovatt.measure.metering.orders import Order
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.office.operations import ingest, vault
from kilovatt.office.operations.clock import SiteClock
from kilovatt.office.operations.leases import Lease
from kilovatt.office.operations.line_leases import HeldLine
from kilovatt.office.operations.meter_keys import COMMANDING_SLOT
from kilovatt.office.operations.reading_plan import LineErrands, MeterErrand
from kilovatt.office.operations.registration import vault_name
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.headend.commanding import Announce
from kilovatt.wire.headend.correlation import in_hand
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.session import Errand
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter
from kilovatt.wire.protocols.dlms.security.slots import UnusableKeysError, key_bundle

_COMMANDING_LEVEL = 2

_log = logging.getLogger(__name__)


def line_spec(line: LineErrands | HeldLine) -> LineSpec:
    """The head-end's view of a line."""
    return LineSpec(
        line_id=line.line_id,
        url=line.url,
        answer_timeout_s=line.answer_timeout_ms / 1000,
        quiet_s=line.quiet_ms / 1000,
    )


def errand(wanted: MeterErrand) -> Errand:
    """The head-end's view of what is wanted from a meter; here its password and keys are opened."""
    sealed, meter_name = wanted.password_sealed, vault_name(wanted.model.key, wanted.serial)
    password = None if sealed is None else vault.unseal(sealed, meter_name=meter_name)
    bundle = key_bundle(
        {
            key.slot: vault.unseal_key(key.sealed, meter_name=meter_name, slot=key.slot, generation=key.generation)
            for key in wanted.keys_sealed
        }
    )
    return Errand(
        meter_id=wanted.meter_id,
        address=MeterAddress(
            model=wanted.model,
            address=wanted.address,
            serial=wanted.serial,
            password=password,
            keys=bundle.keys,
            hls_secret=bundle.secret,
            counter=None if wanted.counter is None else InvocationCounter(wanted.counter),
            zone=wanted.zone,
        ),
        task=ReadingTask(
            instant=wanted.present_too,
            registers_now=wanted.present_too,
            register_days=wanted.register_days,
            register_months=wanted.register_months,
            profile_days=wanted.profile_days,
            events=wanted.present_too,
        ),
    )


def order_errand(wanted: MeterErrand, order: Order, announce: Announce) -> Errand:
    """The head-end's view of a command: a session opened as far as it needs, and what the meter shows afterwards.

    What is to prove a new password or new keys is a session opened with them.
    """
    plain = errand(wanted)
    address = plain.address
    if order.command.kind is not CommandKind.SHIFT_CLOCK:
        address = replace(address, access_level=_COMMANDING_LEVEL, password=_commanding_password(wanted))
    if not order.to_send:
        address = _with_new_secrets(address, order.command)
    task = ReadingTask(registers_now=False, instant=True)
    return Errand(meter_id=wanted.meter_id, address=address, task=task, order=order, announce=announce)


def _commanding_password(wanted: MeterErrand) -> str | None:
    for key in wanted.keys_sealed:
        if key.slot == COMMANDING_SLOT:
            meter_name = vault_name(wanted.model.key, wanted.serial)
            opened = vault.unseal_key(key.sealed, meter_name=meter_name, slot=key.slot, generation=key.generation)
            return opened.decode()
    return None


def _with_new_secrets(address: MeterAddress, command: Command) -> MeterAddress:
    if isinstance(command, ChangePassword):
        if address.hls_secret is not None and command.level == _COMMANDING_LEVEL:
            return replace(address, hls_secret=command.new.encode("latin-1"))
        level = command.level
        return replace(address, password=command.new, access_level=level, keys=None if level == 1 else address.keys)
    if isinstance(command, ChangeKeys) and address.keys is not None:
        keys = address.keys
        return replace(
            address,
            keys=replace(
                keys,
                encryption=command.encryption or keys.encryption,
                authentication=command.authentication or keys.authentication,
            ),
        )
    return address


def errands_by_line(lines: Iterable[LineErrands]) -> list[tuple[LineSpec, list[Errand]]]:
    """Every line with its errands. A meter whose secrets do not open is left out and logged: the others are read."""
    return [(line_spec(line), [*_errands(line.meters)]) for line in lines]


def _errands(meters: Iterable[MeterErrand]) -> Iterator[Errand]:
    for wanted in meters:
        try:
            yield errand(wanted)
        except vault.SealBrokenError as error:
            _log.error("%s", error)
        except UnusableKeysError as error:
            _log.error("meter %s: %s", wanted.meter_id, error)


_SWITCH_INTERVAL_S = 0.0005


class Intake:
    """Accepts sessions one after another in a thread of its own, so that lines never wait for the disk."""

    def __init__(self, clock: SiteClock, noticed: Callable[[SessionReport], None], figures: HeadendFigures) -> None:
        # By default a thread may keep Python for 5 ms while a meter's answer waits to be heard.
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        self._clock = clock
        self._noticed = noticed
        self._figures = figures
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="intake")

    def sink(self, report: SessionReport, lease: Lease | None = None) -> Awaitable[None]:
        """Accept a session; done when the transaction is. `lease`: that of its line, where lines are held."""
        return asyncio.get_running_loop().run_in_executor(self._thread, self._accept, report, lease)

    def close(self) -> None:
        """Accept what is still waiting, and end the thread."""
        self._thread.submit(connection.close)
        self._thread.shutdown(wait=True)

    def _accept(self, report: SessionReport, lease: Lease | None) -> None:
        with in_hand(report.session_id):
            began = time.perf_counter()
            is_new = ingest.accept(report, now=self._clock.now(), lease=lease)
            took_s = time.perf_counter() - began
            facts = {"meter": report.meter_id, "outcome": report.outcome.value, "is_new": is_new}
            _log.info("session %s accepted", report.session_id, extra=facts | {"took_ms": round(took_s * 1000)})
            self._figures.session_accepted(report, took_s=took_s)
            self._noticed(report)
