"""Who may become what in a simulated СПОДЭС meter: its passwords (class 15) and keys (class 64), and their changes.

A new one holds from the next association on: one that stands goes on.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from kilovatt.measure.metering.catalogue.cosem import ConfiguratorProof
from kilovatt.measure.metering.catalogue.spodes import SpodesDialect
from kilovatt.wire.protocols.dlms.apdu.acse import Context, Mechanism
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.association.profiles import ClientProfile
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.key_transfer import KEY_TRANSFER, SECURITY_SETUP, KeyUse, decode_keys
from kilovatt.wire.protocols.dlms.values import DlmsValue, DoubleLongUnsigned, MalformedError
from kilovatt.wire.protocols.framing.connection import LocalProtocolError
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.spodes import journals
from kilovatt.wire.simulator.spodes.journals import Journal, Journals
from kilovatt.wire.simulator.spodes.objects import CONFIGURATOR, PUBLIC, READER, CannotBeSetError, CosemObject

ASSOCIATION_CLASS, DATA = 15, 1
READERS, CONFIGURATORS = Obis.parse("0.0.40.0.2.255"), Obis.parse("0.0.40.0.3.255")
_SECRET, _CHANGE_SECRET = 7, 2
_READER_LEVEL, _CONFIGURATOR_LEVEL = 1, 2
_CODES = {
    KeyUse.UNICAST: journals.UNICAST_KEY_SET,
    KeyUse.AUTHENTICATION: journals.AUTHENTICATION_KEY_SET,
    KeyUse.MASTER: journals.MASTER_KEY_SET,
}


class Secrets:
    """The clients of one meter: `profiles` by their addresses, `roles` as the objects know them."""

    def __init__(self, plan: SimulatedMeterPlan, dialect: SpodesDialect, journals_of_it: Journals) -> None:
        self._plan = plan
        self._dialect = dialect
        self._journals = journals_of_it
        self._master = plan.master_key
        self.roles = {
            dialect.public_sap: PUBLIC,
            dialect.reader_sap: READER,
            dialect.configurator_sap: CONFIGURATOR,
        }
        password = plan.passwords[_READER_LEVEL].encode()
        self.profiles = {
            dialect.public_sap: ClientProfile(),
            dialect.reader_sap: ClientProfile(mechanism=Mechanism.LLS, secret=password),
        }
        configurator = _configurator(plan, dialect)
        if configurator is not None:
            self.profiles[dialect.configurator_sap] = configurator

    def objects(self, heard_counter: Callable[[int], int]) -> Iterator[CosemObject]:
        """Return the objects that change secrets, and the one that tells the counter of a key."""
        yield CosemObject(
            class_id=ASSOCIATION_CLASS,
            version=1,
            obis=READERS,
            attributes={},
            writes={_SECRET: self._set_password},
            readers=frozenset({CONFIGURATOR}),
        )
        yield CosemObject(
            class_id=ASSOCIATION_CLASS,
            version=1,
            obis=CONFIGURATORS,
            attributes={},
            methods={_CHANGE_SECRET: self._change_secret},
            readers=frozenset({CONFIGURATOR}),
        )
        yield CosemObject(
            class_id=SECURITY_SETUP,
            version=1,
            obis=Obis.parse(self._dialect.security_obis),
            attributes={},
            methods={KEY_TRANSFER: self._take_keys},
            readers=frozenset({CONFIGURATOR}),
        )
        if self._plan.keys is not None and self._dialect.counter_obis is not None:
            client = self._dialect.configurator_sap
            yield CosemObject(
                class_id=DATA,
                obis=Obis.parse(self._dialect.counter_obis),
                attributes={2: lambda _: DoubleLongUnsigned(heard_counter(client))},
                readers=frozenset({PUBLIC, READER, CONFIGURATOR}),
            )

    def _set_password(self, value: DlmsValue, now: datetime) -> None:
        rule = self._plan.model.password
        if not isinstance(value, bytes) or rule is None or not rule.allows(value.decode("latin-1")):
            raise CannotBeSetError
        self._change(self._dialect.reader_sap, bytes(value))
        self._journals.note(Journal.PROGRAMMING, journals.READER_PASSWORD_SET, now)

    def _change_secret(self, value: DlmsValue, now: datetime) -> None:
        if self._dialect.configurator_proof is not ConfiguratorProof.AES:
            # With GMAC there is no secret besides the keys.
            raise CannotBeSetError(AccessResult.ACCESS_DENIED)
        if not isinstance(value, bytes):
            raise CannotBeSetError
        self._change(self._dialect.configurator_sap, bytes(value))
        self._journals.note(Journal.PROGRAMMING, journals.CONFIGURATOR_PASSWORD_SET, now)

    def _take_keys(self, value: DlmsValue, now: datetime) -> None:
        client = self._dialect.configurator_sap
        profile, master = self.profiles.get(client), self._master
        if profile is None or profile.keys is None or master is None:
            raise CannotBeSetError(AccessResult.ACCESS_DENIED)
        try:
            opened = {key.use: key.open(master) for key in decode_keys(value)}
            taken = {use: key for use, key in opened.items() if key is not None}
            if len(taken) != len(opened) or KeyUse.BROADCAST in taken:
                raise CannotBeSetError(AccessResult.OTHER_REASON)
            keys = replace(
                profile.keys,
                encryption=taken.get(KeyUse.UNICAST, profile.keys.encryption),
                authentication=taken.get(KeyUse.AUTHENTICATION, profile.keys.authentication),
            )
        except (MalformedError, LocalProtocolError) as error:
            raise CannotBeSetError from error
        # All or none; they hold from the next association on.
        self.profiles[client] = replace(profile, keys=keys)
        self._master = taken.get(KeyUse.MASTER, master)
        for use in taken:
            self._journals.note(Journal.PROGRAMMING, _CODES[use], now)

    def _change(self, client: int, secret: bytes) -> None:
        try:
            self.profiles[client] = replace(self.profiles[client], secret=secret)
        except LocalProtocolError as error:
            raise CannotBeSetError from error


def _configurator(plan: SimulatedMeterPlan, dialect: SpodesDialect) -> ClientProfile | None:
    context = Context.LOGICAL_NAMES if plan.keys is None else Context.LOGICAL_NAMES_CIPHERED
    if dialect.configurator_proof is ConfiguratorProof.AES:
        secret = plan.hls_secret or plan.passwords.get(_CONFIGURATOR_LEVEL, "").encode()
        if not secret:
            return None
        return ClientProfile(mechanism=Mechanism.HLS_AES, context=context, secret=secret, keys=plan.keys)
    if plan.keys is None:
        return None
    return ClientProfile(mechanism=Mechanism.HLS_GMAC, context=context, keys=plan.keys)
