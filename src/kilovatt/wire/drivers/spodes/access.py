"""Who may become what in СПОДЭС meters: passwords (class 15) and keys (class 64) are changed.

What is new holds from the next session on, so a session that was opened with it is its proof. Nothing of it is kept in
any record of the session.
"""

from kilovatt.measure.metering.catalogue.cosem import ConfiguratorProof
from kilovatt.measure.metering.catalogue.spodes import SpodesDialect
from kilovatt.measure.metering.commands import ChangeKeys, ChangePassword, NotSentReason, Proof, ReadBack
from kilovatt.wire.drivers.conversation import CommandNotSentError, Conversation, MeterAddress, ask, tell
from kilovatt.wire.drivers.cosem.opening import READING_LEVEL, is_configurator
from kilovatt.wire.drivers.cosem.talk import CLOCK
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.association.requests import GetAttribute, RunMethod, SetAttribute
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.key_transfer import (
    KEY_TRANSFER,
    SECURITY_SETUP,
    KeyUse,
    encode_keys,
    wrap,
)
from kilovatt.wire.protocols.dlms.values import OctetString

ASSOCIATION = 15
READERS, CONFIGURATORS = Obis.parse("0.0.40.0.2.255"), Obis.parse("0.0.40.0.3.255")
_SECRET, _CHANGE_SECRET = 7, 2
_SECRET_BYTES = 16
_CONFIGURING_LEVEL = 2
_MASTER_BYTES = (16, 32)


def change(meter: MeterAddress, dialect: SpodesDialect, command: ChangePassword | ChangeKeys) -> Conversation[None]:
    """Tell the meter what is new."""
    if isinstance(command, ChangePassword):
        yield from _change_password(meter, dialect, command)
    else:
        yield from _change_keys(meter, dialect, command)


def prove(meter: MeterAddress, command: ChangePassword | ChangeKeys) -> Conversation[ReadBack]:
    """Tell whether this session was opened with what is new; any other proves nothing."""
    is_with_new = _has_password(meter, command) if isinstance(command, ChangePassword) else _has_keys(meter, command)
    if not is_with_new:
        return ReadBack(proof=Proof.CANNOT_TELL)
    answer = yield from ask(GetAttribute(CLOCK))
    return ReadBack(proof=Proof.CONFIRMED, shown="session=opened", exchange=answer.exchange)


def _change_password(meter: MeterAddress, dialect: SpodesDialect, command: ChangePassword) -> Conversation[None]:
    rule = meter.model.password
    if rule is None or not rule.allows(command.new):
        raise CommandNotSentError(NotSentReason.BAD_VALUE, "no password of this model")
    new = OctetString(command.new.encode())
    if command.level == READING_LEVEL:
        yield from tell(SetAttribute(Descriptor(ASSOCIATION, READERS, _SECRET), new, is_secret=True))
        return
    if command.level != _CONFIGURING_LEVEL or dialect.configurator_proof is not ConfiguratorProof.AES:
        # With GMAC a configurator has no password besides the keys.
        raise CommandNotSentError(NotSentReason.NOT_TAKEN, f"level {command.level} of this model has no password")
    if len(new) != _SECRET_BYTES:
        words = f"a configurator's password has {_SECRET_BYTES} bytes here: got {len(new)}"
        raise CommandNotSentError(NotSentReason.BAD_VALUE, words)
    yield from tell(RunMethod(Descriptor(ASSOCIATION, CONFIGURATORS, _CHANGE_SECRET), new, is_secret=True))


def _has_password(meter: MeterAddress, command: ChangePassword) -> bool:
    level = _CONFIGURING_LEVEL if is_configurator(meter) else READING_LEVEL
    used = meter.password if meter.hls_secret is None else meter.hls_secret.decode("latin-1")
    return level == command.level and used == command.new


def _change_keys(meter: MeterAddress, dialect: SpodesDialect, command: ChangeKeys) -> Conversation[None]:
    if meter.keys is None:
        raise CommandNotSentError(NotSentReason.ANOTHER_ROLE, f"{command.kind} needs a session with keys")
    if command.master is None:
        raise CommandNotSentError(NotSentReason.NO_MASTER_KEY, f"{command.kind} needs the master key of this meter")
    new = ((KeyUse.UNICAST, command.encryption), (KeyUse.AUTHENTICATION, command.authentication))
    sizes = {len(key) for _, key in new if key is not None}
    if sizes != {len(meter.keys.encryption)} or len(command.master) not in _MASTER_BYTES:
        raise CommandNotSentError(NotSentReason.BAD_VALUE, f"keys of {sizes} bytes are none of this meter's")
    wrapped = encode_keys(wrap(use, key, master=command.master) for use, key in new if key is not None)
    setup = Descriptor(SECURITY_SETUP, Obis.parse(dialect.security_obis), KEY_TRANSFER)
    yield from tell(RunMethod(setup, wrapped, is_secret=True))


def _has_keys(meter: MeterAddress, command: ChangeKeys) -> bool:
    keys = meter.keys
    return keys is not None and (
        command.encryption in (None, keys.encryption) and command.authentication in (None, keys.authentication)
    )
