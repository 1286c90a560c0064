"""A СПОДЭС meter at the level of requests: attributes by name, for conversations to ask."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation, MeterAddress, ReadingTask
from kilovatt.wire.drivers.spodes.driver import SpodesDriver
from kilovatt.wire.protocols.dlms.apdu.access import Selection
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.association.requests import GetAttribute
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DlmsValue,
    DoubleLongUnsigned,
    Enumerate,
    Integer,
    LongUnsigned,
    OctetString,
    Structure,
    encode,
)
from kilovatt.wire.protocols.dlms.values.stamps import encode_stamp
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason, Request

ResultT = TypeVar("ResultT")
MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
DATA, REGISTER, EXTENDED, PROFILE, CLOCK = 1, 3, 4, 7, 8
CLOCK_NAME = "0.0.1.0.0.255"

Shown = DlmsValue | AccessResult | Callable[[Selection | None], DlmsValue | AccessResult]


class AskedMeter:
    """What its attributes show, by class, name and number; all others are undefined."""

    def __init__(self, shown: dict[tuple[int, str, int], Any] | None = None) -> None:
        self.shown: dict[tuple[int, bytes, int], Any] = {}
        self.asked: list[Request[Any]] = []
        self.show(CLOCK, CLOCK_NAME, 2, stamp(NOW))
        for (class_id, name, number), value in (shown or {}).items():
            self.show(class_id, name, number, value)

    def show(self, class_id: int, name: str, number: int, value: object) -> None:
        self.shown[class_id, bytes(Obis.parse(name)), number] = value

    def show_profile(self, name: str, columns: Iterable[tuple[int, str, int]], rows: Iterable[Iterable[Any]]) -> None:
        self.show(PROFILE, name, 3, Array(captured(*column) for column in columns))
        self.show(PROFILE, name, 2, Array(Structure(row) for row in rows))

    def answer(self, request: Request[Any]) -> object:
        self.asked.append(request)
        if not isinstance(request, GetAttribute):
            return None
        one = request.attribute
        value = self.shown.get((one.class_id, bytes(one.obis), one.number), AccessResult.OBJECT_UNDEFINED)
        if callable(value) and not isinstance(value, type):
            value = value(request.selection)
        if isinstance(value, AccessResult):
            return Refusal(RefusalReason.OTHER, value)
        if isinstance(value, Refusal):
            return value
        return request.read(encode(value))

    def carry(self, conversation: Conversation[ResultT]) -> ResultT:
        answer: Answer[Any] | None = None
        try:
            while True:
                request = conversation.send(answer)  # type: ignore[arg-type]  # None starts a generator
                answer = Answer(self.answer(request), len(self.asked), NOW)
        except StopIteration as stop:
            result: ResultT = stop.value
            return result


def address(model: MeterModel | None = None, zone: ZoneInfo = MOSCOW, **more: Any) -> MeterAddress:  # noqa: ANN401  # fields of an address
    return MeterAddress(model=model or model_by_key("spodes-3ph"), address=17, zone=zone, **more)


def read(meter: AskedMeter, at: MeterAddress | None = None, **wanted: Any) -> Learnt:  # noqa: ANN401  # fields of a task
    """What a session learns that is asked for nothing but what is wanted."""
    none = {"identity": False, "clock": False, "registers_now": False}
    task = ReadingTask(**(none | wanted))
    learnt = Learnt()
    for part in SpodesDriver().parts(at or address(), task):
        learnt += meter.carry(part.conversation)
    return learnt


def stamp(at: datetime, zone: ZoneInfo = MOSCOW) -> OctetString:
    return OctetString(encode_stamp(at, zone))


def captured(class_id: int, name: str, number: int) -> Structure:
    return Structure((LongUnsigned(class_id), OctetString(bytes(Obis.parse(name))), Integer(number), LongUnsigned(0)))


def unit(scaler: int, number: int = 30) -> Structure:
    return Structure((Integer(scaler), Enumerate(number)))


def count(value: int) -> DoubleLongUnsigned:
    return DoubleLongUnsigned(value)
