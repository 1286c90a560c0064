"""A simulated Landis+Gyr that is asked by DLMS: one client, with a password, by short or by logical names."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain

from kilovatt.measure.metering.catalogue.landis_gyr import LandisGyrCosemDialect
from kilovatt.wire.protocols.dlms.apdu.acse import Context, Mechanism
from kilovatt.wire.protocols.dlms.apdu.initiate import Conformance
from kilovatt.wire.protocols.dlms.association.server import CONFORMANCE, AssociationServer, ClientProfile
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import Enumerate, Long, OctetString, Unsigned
from kilovatt.wire.protocols.framing.hdlc.parameters import LinkLimits
from kilovatt.wire.simulator.clockwork import Clockwork
from kilovatt.wire.simulator.cosem_links import CosemPort
from kilovatt.wire.simulator.landis_gyr.kept import demand_objects, kept_profiles
from kilovatt.wire.simulator.landis_gyr.names import NamedObjects
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.spodes.device import Device
from kilovatt.wire.simulator.spodes.energies import energy_objects, instant_objects
from kilovatt.wire.simulator.spodes.journals import Journals
from kilovatt.wire.simulator.spodes.objects import READER, CosemObject, Objects
from kilovatt.wire.simulator.spodes.profiles import CLOCK, CLOCK_CLASS_ID
from kilovatt.wire.simulator.spodes.works import Works
from kilovatt.wire.simulator.switched_energy import SwitchedEnergy
from kilovatt.wire.simulator.tariffed_energy import TariffedEnergy

FIRMWARE = b"P07"
SHORT_NAME_SERVICES = (
    Conformance.READ | Conformance.WRITE | Conformance.MULTIPLE_REFERENCES | Conformance.PARAMETERIZED_ACCESS
)
"""What the captured meter agrees to (180220h)."""
_READING_LEVEL = 1
_DATA = 1


class LandisGyrMeter:
    """One meter on a bus, or at an optical head."""

    def __init__(self, plan: SimulatedMeterPlan) -> None:
        dialect = plan.model.dialect
        assert isinstance(dialect, LandisGyrCosemDialect), "a row of this family has its dialect"
        self.plan = plan
        tariffed = TariffedEnergy(plan.energy, plan.zone)
        works = Works(
            plan=plan,
            clockwork=Clockwork(plan.zone, plan.clock_ahead),
            tariffed=tariffed,
            switched=SwitchedEnergy(tariffed),
            # It has one log of its own, for all events.
            journals=Journals(()),
            stamps_ahead_of_utc=dialect.stamps_ahead_of_utc,
        )
        kept = tuple(kept_profiles(works, dialect))
        objects = Objects()
        made = (
            _identity(plan, dialect),
            (_clock(works),),
            energy_objects(works),
            instant_objects(works),
            demand_objects(works),
            (profile.as_object() for profile in kept),
        )
        for one in chain.from_iterable(made):
            objects.add(one)
        self._device = Device(
            objects,
            kept,
            works.clockwork,
            roles={dialect.reader_sap: READER},
            takes_ranges=dialect.takes_ranges,
        )
        self._port = CosemPort(
            plan,
            dialect,
            _server(plan, dialect, self._device, objects),
            LinkLimits(transmit_info=dialect.info_bytes, receive_info=dialect.receive_info_bytes),
        )

    def hear(self, frame: bytes, now: datetime) -> bytes | None:
        """Answer what came, or keep silent as the real meter does."""
        self._device.now = now
        return self._port.hear(frame, now)

    def connected(self) -> None:
        """Hear that a connection to it was made anew."""
        self._port.connected()

    @property
    def baud(self) -> int | None:
        """At which speed it listens; None where that does not change."""
        return self._port.baud


def _server(
    plan: SimulatedMeterPlan, dialect: LandisGyrCosemDialect, device: Device, objects: Objects
) -> AssociationServer:
    named = NamedObjects(device, objects, base=dialect.association_base)
    by_short_names = dialect.uses_short_names
    client = ClientProfile(
        mechanism=Mechanism.LLS,
        context=Context.SHORT_NAMES if by_short_names else Context.LOGICAL_NAMES,
        secret=plan.passwords[_READING_LEVEL].encode(),
        conformance=SHORT_NAME_SERVICES if by_short_names else CONFORMANCE,
    )
    return AssociationServer(
        named if by_short_names else device,
        {dialect.reader_sap: client},
        title=dialect.flag.encode() + plan.serial.to_bytes(5, "big"),
        challenge=bytes,
        message_bytes_max=dialect.message_bytes_max,
        short_names=named.names,
    )


def _identity(plan: SimulatedMeterPlan, dialect: LandisGyrCosemDialect) -> Iterator[CosemObject]:
    yield _told("0.0.42.0.0.255", f"{dialect.flag}{plan.serial:0>13}".encode())
    yield _told(dialect.serial_obis, f"{plan.serial:08}".encode())
    yield _told(dialect.firmware_obis, FIRMWARE)


def _told(name: str, text: bytes) -> CosemObject:
    return CosemObject(class_id=_DATA, obis=Obis.parse(name), attributes={2: lambda _: OctetString(text)})


def _clock(works: Works) -> CosemObject:
    offset = works.plan.zone.utcoffset(datetime(2026, 1, 1)) or timedelta(0)  # noqa: DTZ001  # the zone is its own
    minutes = int(offset.total_seconds()) // 60
    return CosemObject(
        class_id=CLOCK_CLASS_ID,
        obis=CLOCK,
        attributes={
            2: works.stamp,
            3: lambda _: Long(minutes if works.stamps_ahead_of_utc else -minutes),
            4: lambda _: Unsigned(0),
            9: lambda _: Enumerate(1),
        },
    )
