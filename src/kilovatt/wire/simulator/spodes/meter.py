"""A simulated СПОДЭС meter: its objects behind a link, for the three clients of the standard."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime

from kilovatt.measure.metering.catalogue.spodes import SpodesDialect
from kilovatt.wire.protocols.dlms.apdu.acse import Context, Mechanism
from kilovatt.wire.protocols.dlms.association.server import AssociationServer, ClientProfile
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.framing.hdlc.frames import server_address
from kilovatt.wire.protocols.framing.hdlc.parameters import LinkLimits
from kilovatt.wire.protocols.framing.hdlc.server import HdlcServerLink
from kilovatt.wire.protocols.framing.links import ServerLink
from kilovatt.wire.protocols.framing.wrapper import WrapperServerLink
from kilovatt.wire.simulator.clockwork import Clockwork
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.spodes import journals
from kilovatt.wire.simulator.spodes.collected import profiles, scaler_profile
from kilovatt.wire.simulator.spodes.control import Settings, control_objects
from kilovatt.wire.simulator.spodes.device import Device
from kilovatt.wire.simulator.spodes.energies import energy_objects, instant_objects
from kilovatt.wire.simulator.spodes.identity import identity_objects
from kilovatt.wire.simulator.spodes.journals import Journal, Journals
from kilovatt.wire.simulator.spodes.objects import CONFIGURATOR, PUBLIC, Objects
from kilovatt.wire.simulator.spodes.profiles import Profile
from kilovatt.wire.simulator.spodes.works import Works
from kilovatt.wire.simulator.switched_energy import SwitchedEnergy

_READER_LEVEL = 1
_TITLE_NUMBER_BYTES = 5
_CHALLENGE_BYTES = 16


class SpodesMeter:
    """One meter on a bus, or alone behind a TCP port."""

    def __init__(self, plan: SimulatedMeterPlan) -> None:
        dialect = plan.model.dialect
        assert isinstance(dialect, SpodesDialect), "a row of this language has its dialect"
        self.plan = plan
        self._works = Works(
            plan=plan,
            clockwork=Clockwork(plan.zone, plan.clock_ahead),
            switched=SwitchedEnergy(plan.energy),
            journals=Journals(plan.past_events),
            stamps_ahead_of_utc=dialect.stamps_ahead_of_utc,
        )
        kept = tuple(_kept(self._works, dialect))
        objects = Objects()
        for made in identity_objects(self._works, flag=dialect.flag, encoding=dialect.text_encoding):
            objects.add(made)
        for make in (energy_objects, instant_objects):
            for made in make(self._works):
                objects.add(made)
        for made in control_objects(self._works, Settings(), relay_obis=Obis.parse(dialect.relay_obis)):
            objects.add(made)
        for profile in kept:
            objects.add(profile.as_object())
        self._device = Device(objects, kept, self._works.clockwork, takes_ranges=dialect.takes_ranges)
        self._server = AssociationServer(
            self._device,
            _profiles(plan, dialect),
            title=dialect.flag.encode() + plan.serial.to_bytes(_TITLE_NUMBER_BYTES, "big"),
            challenge=_challenges(plan.serial),
        )
        self._link = _link(plan, dialect, self._server)
        self._refused = 0

    def hear(self, frame: bytes, now: datetime) -> bytes | None:
        """Answer what came, or keep silent as the real meter does."""
        self._device.now = now
        answer = self._link.hear(frame)
        for _ in self._server.refused[self._refused :]:
            self._works.journals.note(Journal.ACCESS, journals.UNAUTHORISED, now)
        self._refused = len(self._server.refused)
        return answer


def _kept(works: Works, dialect: SpodesDialect) -> Iterator[Profile]:
    for profile in profiles(works):
        yield profile
        scalers = scaler_profile(works, profile) if dialect.has_scaler_profiles else None
        if scalers is not None:
            yield scalers


def _profiles(plan: SimulatedMeterPlan, dialect: SpodesDialect) -> dict[int, ClientProfile]:
    password = plan.passwords[_READER_LEVEL].encode()
    known = {
        PUBLIC: ClientProfile(),
        dialect.reader_sap: ClientProfile(mechanism=Mechanism.LLS, secret=password),
    }
    if plan.keys is not None:
        known[CONFIGURATOR] = ClientProfile(
            mechanism=Mechanism.HLS_GMAC, context=Context.LOGICAL_NAMES_CIPHERED, keys=plan.keys
        )
    return known


def _link(plan: SimulatedMeterPlan, dialect: SpodesDialect, server: AssociationServer) -> ServerLink:
    if dialect.over_wrapper:
        return WrapperServerLink(server, frozenset({dialect.logical_device}))
    address = server_address(dialect.logical_device, plan.address, dialect.address_bytes)
    limits = LinkLimits(transmit_info=dialect.info_bytes, receive_info=dialect.info_bytes)
    return HdlcServerLink(frozenset({address}), server, limits)


def _challenges(serial: int) -> Callable[[], bytes]:
    """Challenges that differ each time and are the same in each run: simulated chance, for simulated meters."""
    count = 0

    def following() -> bytes:
        nonlocal count
        count += 1
        return hashlib.sha256(f"{serial} {count}".encode()).digest()[:_CHALLENGE_BYTES]

    return following
