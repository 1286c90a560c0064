"""A simulated СПОДЭС meter: its objects behind a link, for the three clients of the standard."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain

from kilovatt.measure.metering.catalogue.spodes import SpodesDialect
from kilovatt.wire.protocols.dlms.association.server import AssociationServer
from kilovatt.wire.simulator.clockwork import Clockwork
from kilovatt.wire.simulator.cosem_links import CosemPort
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.spodes import journals
from kilovatt.wire.simulator.spodes.collected import profiles, scaler_profile
from kilovatt.wire.simulator.spodes.control import Control, control_objects
from kilovatt.wire.simulator.spodes.device import Device
from kilovatt.wire.simulator.spodes.energies import energy_objects, instant_objects
from kilovatt.wire.simulator.spodes.identity import identity_objects
from kilovatt.wire.simulator.spodes.journals import Journal, Journals
from kilovatt.wire.simulator.spodes.objects import Objects
from kilovatt.wire.simulator.spodes.profiles import Profile
from kilovatt.wire.simulator.spodes.secrets import Secrets
from kilovatt.wire.simulator.spodes.works import Works
from kilovatt.wire.simulator.switched_energy import SwitchedEnergy
from kilovatt.wire.simulator.tariffed_energy import TariffedEnergy

_TITLE_NUMBER_BYTES = 5
_CHALLENGE_BYTES = 16


class SpodesMeter:
    """One meter on a bus, or alone behind a TCP port."""

    def __init__(self, plan: SimulatedMeterPlan) -> None:
        dialect = plan.model.dialect
        assert isinstance(dialect, SpodesDialect), "a row of this language has its dialect"
        self.plan = plan
        tariffed = TariffedEnergy(plan.energy, plan.zone)
        self._works = Works(
            plan=plan,
            clockwork=Clockwork(plan.zone, plan.clock_ahead),
            tariffed=tariffed,
            switched=SwitchedEnergy(tariffed),
            journals=Journals(plan.past_events),
            stamps_ahead_of_utc=dialect.stamps_ahead_of_utc,
        )
        self._control = Control.of(self._works)
        secrets = Secrets(plan, dialect, self._works.journals)
        kept = tuple(_kept(self._works, dialect))
        objects = Objects()
        made = (
            identity_objects(self._works, flag=dialect.flag, encoding=dialect.text_encoding),
            energy_objects(self._works),
            instant_objects(self._works),
            control_objects(self._works, self._control, dialect),
            secrets.objects(self._heard_counter),
            (profile.as_object() for profile in kept),
        )
        for one in chain.from_iterable(made):
            objects.add(one)
        self._device = Device(
            objects, kept, self._works.clockwork, roles=secrets.roles, takes_ranges=dialect.takes_ranges
        )
        self._server = AssociationServer(
            self._device,
            secrets.profiles,
            title=dialect.flag.encode() + plan.serial.to_bytes(_TITLE_NUMBER_BYTES, "big"),
            challenge=_challenges(plan.serial),
        )
        self._port = CosemPort(plan, dialect, self._server)
        self._refused = 0

    def hear(self, frame: bytes, now: datetime) -> bytes | None:
        """Answer what came, or keep silent as the real meter does."""
        self._device.now = now
        self._control.catch_up(now)
        answer = self._port.hear(frame, now)
        for _ in self._server.refused[self._refused :]:
            self._works.journals.note(Journal.ACCESS, journals.UNAUTHORISED, now)
        self._refused = len(self._server.refused)
        return answer

    def connected(self) -> None:
        """Hear that a connection to it was made anew: over TCP, associations of the one before are no more."""
        self._port.connected()

    @property
    def baud(self) -> int | None:
        """At which speed it listens; None where that does not change."""
        return self._port.baud

    def press_button(self, now: datetime) -> None:
        """Be switched by a hand: on where that was permitted, off in modes that allow it."""
        self._control.catch_up(now)
        self._control.relay.press_button(now)

    def _heard_counter(self, client: int) -> int:
        return self._server.heard_counter(client)


def _kept(works: Works, dialect: SpodesDialect) -> Iterator[Profile]:
    for profile in profiles(works):
        yield profile
        scalers = scaler_profile(works, profile) if dialect.has_scaler_profiles else None
        if scalers is not None:
            yield scalers


def _challenges(serial: int) -> Callable[[], bytes]:
    """Challenges that differ each time and are the same in each run: simulated chance, for simulated meters."""
    count = 0

    def following() -> bytes:
        nonlocal count
        count += 1
        return hashlib.sha256(f"{serial} {count}".encode()).digest()[:_CHALLENGE_BYTES]

    return following
