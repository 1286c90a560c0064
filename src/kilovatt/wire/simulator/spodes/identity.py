"""Who a simulated СПОДЭС meter says it is (class 1; ГОСТ Р 58940-2020, table Г.1)."""

from collections.abc import Iterator

from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import DlmsValue, DoubleLongUnsigned, LongUnsigned, OctetString
from kilovatt.wire.simulator.spodes.objects import PUBLIC, CosemObject
from kilovatt.wire.simulator.spodes.works import Works

DATA = 1
FIRMWARE, STANDARD_VERSION = "1.4.2", "03.01"
_MADE_ON = b"2023-05-17"
_NAME_BYTES_MAX = 16


def identity_objects(works: Works, *, flag: str, encoding: str) -> Iterator[CosemObject]:
    """Return the objects that identify the meter.

    `flag` are the three letters of its maker, `encoding` that of its texts: no two makers agree on it.
    """
    plan = works.plan
    serial = f"{plan.serial:08d}"
    logical_device = f"{flag}{serial:0>13}".encode()[:_NAME_BYTES_MAX]
    yield _data("0.0.42.0.0.255", OctetString(logical_device), readers=frozenset({PUBLIC, 32, 48}))
    yield _data("0.0.96.1.0.255", OctetString(serial.encode()))
    yield _data("0.0.96.1.1.255", OctetString(plan.model.title.encode(encoding, "replace")))
    yield _data("0.0.96.1.2.255", OctetString(FIRMWARE.encode()))
    yield _data("0.0.96.1.3.255", OctetString(plan.model.maker.encode(encoding, "replace")))
    yield _data("0.0.96.1.4.255", OctetString(_MADE_ON))
    yield _data("0.0.96.1.6.255", OctetString(STANDARD_VERSION.encode()))
    yield _data("1.0.0.4.2.255", LongUnsigned(plan.ratio))
    yield _data("1.0.0.4.3.255", LongUnsigned(1))
    yield _data("1.0.0.8.4.255", DoubleLongUnsigned(plan.model.profile_step_s))


def _data(name: str, value: DlmsValue, readers: frozenset[int] = frozenset({32, 48})) -> CosemObject:
    return CosemObject(class_id=DATA, obis=Obis.parse(name), attributes={2: lambda _: value}, readers=readers)
