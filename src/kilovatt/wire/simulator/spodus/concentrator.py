"""A simulated concentrator: a server of DLMS of its own, and what comes for a direct channel goes on to the meter.

It hears the wrapper, where a message names a direct channel as its destination, and HDLC, where that is the lower
address (СТО 34.01-5.1-013-2023, 8.3): whichever comes.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import chain, count

from kilovatt.measure.metering.catalogue.spodes import SpodesDialect
from kilovatt.measure.metering.catalogue.spodus import SpodusDialect, Unreached
from kilovatt.wire.protocols.dlms.apdu.acse import Context, Mechanism, encode_release
from kilovatt.wire.protocols.dlms.apdu.results import ExceptionResponse
from kilovatt.wire.protocols.dlms.association.server import AssociationServer, ClientProfile
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import DoubleLongUnsigned
from kilovatt.wire.protocols.framing.connection import RemoteProtocolError
from kilovatt.wire.protocols.framing.hdlc.frames import FLAG, FrameReader, server_address
from kilovatt.wire.protocols.framing.hdlc.server import HdlcServerLink
from kilovatt.wire.protocols.framing.links import MessageServer
from kilovatt.wire.protocols.framing.wrapper import WrapperReader, wrapped
from kilovatt.wire.simulator.bus import KnowsConnections
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.spodes.journals import Journal, Journals
from kilovatt.wire.simulator.spodus.management import DATA, Held, Management
from kilovatt.wire.simulator.spodus.tables import MANAGEMENT, Behind, Known, objects, tables

__all__ = ["Behind", "SpodusConcentrator"]
_READING_LEVEL = 1
_ADDRESS_BYTES = 4
_TITLE_NUMBER_BYTES = 5
_CHALLENGE_BYTES = 16
_UNAUTHORISED = 1
_SERVICE_NOT_ALLOWED, _OTHER_REASON = 1, 3


class SpodusConcentrator:
    """A concentrator behind a TCP port, and the meters behind it."""

    def __init__(self, plan: SimulatedMeterPlan, behind: Sequence[Behind] = ()) -> None:
        dialect = plan.model.dialect
        assert isinstance(dialect, SpodusDialect), "a row of a concentrator has its dialect"
        self.plan = plan
        self.behind = tuple(behind)
        self._journals = Journals(plan.past_events)
        known = Known(
            serial=plan.serial,
            zone=plan.zone,
            dialect=dialect,
            behind=self.behind,
            journals=self._journals,
            ahead=plan.clock_ahead,
        )
        held = chain(objects(known), self._counter(dialect))
        self._management = Management(held, tables(known), zone=plan.zone, public_sap=dialect.public_sap)
        reader = ClientProfile(mechanism=Mechanism.LLS, secret=plan.passwords[_READING_LEVEL].encode())
        self._clients = {dialect.public_sap: ClientProfile(), dialect.reader_sap: reader}
        if plan.keys is not None:
            self._clients[dialect.configurator_sap] = ClientProfile(
                mechanism=Mechanism.HLS_GMAC, context=Context.LOGICAL_NAMES_CIPHERED, keys=plan.keys
            )
        self._own = AssociationServer(
            self._management,
            self._clients,
            title=dialect.flag.encode() + plan.serial.to_bytes(_TITLE_NUMBER_BYTES, "big"),
            challenge=_challenges(plan.serial),
        )
        self._servers: dict[int, MessageServer] = {MANAGEMENT: self._own}
        self._passages = [_Passage(one, dialect.unreached) for one in self.behind]
        for passage in self._passages:
            assert passage.address not in self._servers, f"two meters at the address {passage.address}"
            self._servers[passage.address] = passage
        self._links = {
            address: HdlcServerLink(frozenset({address}), server)
            for number, server in self._servers.items()
            for address in (server_address(MANAGEMENT, number, _ADDRESS_BYTES),)
        }
        self._refused = 0

    def hear(self, frame: bytes, now: datetime) -> bytes | None:
        """Answer what came, or let the meter that is meant answer it."""
        self._management.now = now
        for passage in self._passages:
            passage.now = now
        answer = self._hear_hdlc(frame) if frame[:1] == bytes((FLAG,)) else self._hear_wrapper(frame)
        for _ in self._own.refused[self._refused :]:
            self._journals.note(Journal.ACCESS, _UNAUTHORISED, now)
        self._refused = len(self._own.refused)
        return answer

    def _counter(self, dialect: SpodusDialect) -> Iterator[Held]:
        """Yield what tells anybody which invocation counter of its keys it has heard last."""
        if self.plan.keys is not None and dialect.counter_obis is not None:
            client = dialect.configurator_sap
            yield Held(
                class_id=DATA,
                obis=Obis.parse(dialect.counter_obis),
                attributes={2: lambda _: DoubleLongUnsigned(self._own.heard_counter(client))},
                is_public=True,
            )

    def connected(self) -> None:
        """Hear that the connection was made anew: associations of the one before ended with it."""
        for client in self._clients:
            self._own.opened(client)
        for passage in self._passages:
            passage.connected()

    def _hear_wrapper(self, data: bytes) -> bytes | None:
        reader, said = WrapperReader(), b""
        reader.feed(data)
        try:
            while (found := reader.next_message()) is not None:
                source, destination, message = found
                server = self._servers.get(destination)
                answer = server.answer(source, message) if server is not None else None
                if answer is not None:
                    said += wrapped(answer, source=destination, destination=source)
        except RemoteProtocolError:
            return said or None
        return said or None

    def _hear_hdlc(self, data: bytes) -> bytes | None:
        reader, said = FrameReader(), b""
        reader.feed(data)
        try:
            while (frame := reader.next_frame()) is not None:
                link = self._links.get(frame.destination)
                said += (link.hear(frame.encode()) if link is not None else None) or b""
        except RemoteProtocolError:
            return said or None
        return said or None


class _Passage:
    """A direct channel: messages go to the meter as they are, and so do its answers come back."""

    def __init__(self, one: Behind, unreached: Unreached) -> None:
        dialect = one.meter.plan.model.dialect
        assert isinstance(dialect, SpodesDialect) and dialect.over_wrapper, "a meter behind a concentrator"  # noqa: PT018
        self.address = one.address
        self.now: datetime
        self._one = one
        self._unreached = unreached
        self._device = dialect.logical_device

    def opened(self, client: int) -> None:
        """Let the meter forget a client whose link begins afresh."""
        if self._one.is_reached:
            self._passed_on(client, encode_release(is_request=True))

    def connected(self) -> None:
        """Let the meter forget all clients: the connection before this one is over."""
        if isinstance(self._one.meter, KnowsConnections):
            self._one.meter.connected()

    def answer(self, client: int, message: bytes) -> bytes | None:
        """Return what the meter says; for one that is not reached, what the concentrator says, if anything."""
        if not self._one.is_reached:
            if self._unreached is Unreached.SILENCE:
                return None
            return ExceptionResponse(_SERVICE_NOT_ALLOWED, _OTHER_REASON).encode()
        return self._passed_on(client, message)

    def _passed_on(self, client: int, message: bytes) -> bytes | None:
        heard = self._one.meter.hear(wrapped(message, source=client, destination=self._device), self.now)
        if heard is None:
            return None
        reader = WrapperReader()
        reader.feed(heard)
        found = reader.next_message()
        return None if found is None else found[2]


def _challenges(serial: int) -> Callable[[], bytes]:
    """Challenges that differ each time and are the same in each run: simulated chance."""
    numbers = count(1)
    return lambda: hashlib.sha256(f"{serial} {next(numbers)}".encode()).digest()[:_CHALLENGE_BYTES]
