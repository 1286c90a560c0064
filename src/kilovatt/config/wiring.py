"""Where the wings meet: what the office wants becomes errands for the head-end."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from kilovatt.measure.metering.commands import ChangeKeys, ChangePassword, Command, CommandKind
from kilovatt.measure.metering.orders import Order
from kilovatt.office.operations import vault
from kilovatt.office.operations.lines.line_leases import HeldLine
from kilovatt.office.operations.orders import orders
from kilovatt.office.operations.reading.reading_plan import LineErrands, MeterErrand
from kilovatt.office.operations.registration import vault_name
from kilovatt.office.operations.secrets.meter_keys import COMMANDING_SLOT, MASTER_SLOT
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.headend.commanding import Announce
from kilovatt.wire.headend.lines import BY_KIND, LineSpec
from kilovatt.wire.headend.session import Errand
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter
from kilovatt.wire.protocols.dlms.security.slots import SLOTS, UnusableKeysError, key_bundle

_READING_LEVEL, _COMMANDING_LEVEL = 1, 2

_log = logging.getLogger(__name__)


def line_spec(line: LineErrands | HeldLine) -> LineSpec:
    """The head-end's view of a line."""
    return LineSpec(
        line_id=line.line_id,
        url=line.url,
        answer_timeout_s=line.answer_timeout_ms / 1000 if line.answer_timeout_ms else BY_KIND,
        quiet_s=line.quiet_ms / 1000 if line.quiet_ms else BY_KIND,
    )


def errand(wanted: MeterErrand) -> Errand:
    """The head-end's view of what is wanted from a meter; here its password and keys are opened."""
    sealed, meter_name = wanted.password_sealed, vault_name(wanted.model.key, wanted.serial)
    password = None if sealed is None else vault.unseal(sealed, meter_name=meter_name)
    bundle = key_bundle(
        {
            key.slot: vault.unseal_key(key.sealed, meter_name=meter_name, slot=key.slot, generation=key.generation)
            for key in wanted.keys_sealed
            if key.slot in SLOTS
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
            instant=wanted.present_too and wanted.parts.samples,
            registers_now=wanted.present_too and wanted.parts.registers,
            register_days=wanted.register_days,
            register_months=wanted.register_months,
            profile_days=wanted.profile_days,
            events=wanted.present_too and wanted.parts.journals,
            quality_events=wanted.present_too and wanted.parts.quality,
        ),
    )


def order_errand(wanted: MeterErrand, order: Order, announce: Announce) -> Errand:
    """The head-end's view of a command: a session opened as far as it needs, and what the meter shows afterwards.

    What is to prove a new password or new keys is a session opened with them; where that is refused, one opened with
    the old ones proves that they still hold. Raises SealBrokenError, UnusableKeysError.
    """
    address = errand(wanted).address
    if order.to_send and isinstance(order.command, ChangeKeys):
        order = replace(order, command=replace(order.command, master=_unsealed(wanted, MASTER_SLOT)))
    before = None
    if not order.to_send and isinstance(order.command, ChangePassword) and order.command.level == _READING_LEVEL:
        before = replace(address, access_level=_READING_LEVEL, keys=None, hls_secret=None)
        address = replace(before, password=order.command.new)
    elif order.command.kind is not CommandKind.SHIFT_CLOCK:
        password = _unsealed(wanted, COMMANDING_SLOT)
        as_commander = replace(
            address,
            access_level=_COMMANDING_LEVEL,
            password=None if password is None else password.decode(),
        )
        address = as_commander if order.to_send else _with_new_secrets(as_commander, order.command)
        before = None if address == as_commander else as_commander
    task = ReadingTask(registers_now=False, instant=True)
    return Errand(meter_id=wanted.meter_id, address=address, task=task, order=order, announce=announce, before=before)


def _unsealed(wanted: MeterErrand, slot: str) -> bytes | None:
    meter_name = vault_name(wanted.model.key, wanted.serial)
    for key in wanted.keys_sealed:
        if key.slot == slot:
            return vault.unseal_key(key.sealed, meter_name=meter_name, slot=slot, generation=key.generation)
    return None


def _with_new_secrets(address: MeterAddress, command: Command) -> MeterAddress:
    """Return a commander's address with what a command has changed, if it changes any of it."""
    if isinstance(command, ChangePassword):
        if address.hls_secret is not None:
            return replace(address, hls_secret=command.new.encode("latin-1"))
        return replace(address, password=command.new)
    if isinstance(command, ChangeKeys) and address.keys is not None:
        keys = address.keys
        changed = replace(
            keys,
            encryption=command.encryption or keys.encryption,
            authentication=command.authentication or keys.authentication,
        )
        return replace(address, keys=changed)
    return address


def _with_either(plain: Errand, command: Command | None) -> Errand:
    """Return an errand that opens a meter with what it may have taken, and else with what it had."""
    if command is None:
        return plain
    is_of_readers = isinstance(command, ChangePassword) and command.level == _READING_LEVEL
    if is_of_readers and (plain.address.keys is not None or plain.address.hls_secret is not None):
        # It is not read as a reader.
        return plain
    changed = _with_new_secrets(plain.address, command)
    return plain if changed == plain.address else replace(plain, address=changed, before=plain.address)


def errands_by_line(lines: Iterable[LineErrands]) -> list[tuple[LineSpec, list[Errand]]]:
    """Every line with its errands. A meter whose secrets do not open is left out and logged: the others are read."""
    listed = list(lines)
    doubted = orders.secrets_in_doubt([wanted.meter_id for line in listed for wanted in line.meters])
    return [(line_spec(line), [*_errands(line.meters, doubted)]) for line in listed]


def _errands(meters: Iterable[MeterErrand], doubted: Mapping[int, Command]) -> Iterator[Errand]:
    for wanted in meters:
        try:
            yield _with_either(errand(wanted), doubted.get(wanted.meter_id))
        except vault.SealBrokenError as error:
            _log.error("%s", error)
        except UnusableKeysError as error:
            _log.error("meter %s: %s", wanted.meter_id, error)
