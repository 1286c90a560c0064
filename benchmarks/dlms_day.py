"""The meter-day of DLMS that is decoded: how it is carried, what a meter said of it, and how we read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from peers.tape import Tape

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.wire.drivers.conversation import Answer, MeterAddress
from kilovatt.wire.drivers.cosem.profile import Buffer, read_buffer
from kilovatt.wire.drivers.cosem.talk import Talk
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.apdu.acse import Context
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.association.client import DlmsConnection
from kilovatt.wire.protocols.dlms.association.profiles import ClientProfile
from kilovatt.wire.protocols.dlms.association.requests import Associate, GetAttribute, OpenLink
from kilovatt.wire.protocols.dlms.association.server import AssociationServer
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.captured import CaptureObject
from kilovatt.wire.protocols.dlms.security.sealing import Keys, Sealer
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DlmsValue,
    DoubleLongUnsigned,
    OctetString,
    Structure,
    Unsigned,
)
from kilovatt.wire.protocols.dlms.values.stamps import DeviationSense, decode_stamp, encode_stamp, series_of
from kilovatt.wire.protocols.framing.connection import Answered, Request, SendMore
from kilovatt.wire.protocols.framing.hdlc.frames import server_address
from kilovatt.wire.protocols.framing.hdlc.link import HdlcLink
from kilovatt.wire.protocols.framing.hdlc.server import HdlcServerLink
from kilovatt.wire.protocols.framing.links import Link, ServerLink
from kilovatt.wire.protocols.framing.wrapper import WrapperLink, WrapperServerLink

ZONE = ZoneInfo("Europe/Moscow")
DAY_AT = datetime(2026, 11, 23, tzinfo=ZONE)
STEP = timedelta(minutes=30)
ROWS = 48
DAYS = 7
"""So often the day is read in a session: a head-end reads one day after another, too."""
LOAD, MONTHS = Obis.parse("1.0.99.1.0.255"), Obis.parse("1.0.98.1.0.255")
CLOCK = CaptureObject(8, Obis.parse("0.0.1.0.0.255"), 2)
LOAD_COLUMNS = (
    CLOCK,
    CaptureObject(1, Obis.parse("0.0.96.10.1.255"), 2),
    *(CaptureObject(3, Obis.parse(f"1.0.{group}.29.0.255"), 2) for group in (1, 2, 3, 4)),
)
MONTH_COLUMNS = (
    CLOCK,
    *(CaptureObject(3, Obis.parse(f"1.0.{of}.8.{rate}.255"), 2) for of in (1, 2, 3, 4) for rate in range(5)),
)
CLIENT, PHYSICAL = 48, 17
KEYS = Keys(bytes(range(16)), bytes(range(0xD0, 0xE0)))
CLIENT_TITLE, METER_TITLE = b"KVT\x00\x00\x00\x00\x01", b"KVT\x00\x00\x00\x00\x11"
MODEL = model_by_key("spodes-3ph")


@dataclass(frozen=True)
class Case:
    """A way to carry the day. `sealed` by the tag of the service (glo-get-response) or in general-glo-ciphering."""

    words: str
    link: str
    sealed: str = ""
    target: int = 0
    """How many times as fast as gurux-dlms we want to be; 0 where nothing was promised."""


CASES = {
    "hdlc": Case("HDLC, segments of 128 bytes, plain", "hdlc", target=30),
    "wrapper": Case("wrapper, plain", "wrapper", target=40),
    "glo": Case("wrapper, AES-GCM by service tag (suite 0)", "wrapper", "service", target=100),
    "general-glo": Case("wrapper, AES-GCM in general-glo (suite 0)", "wrapper", "general", target=100),
    "hdlc-glo": Case("HDLC-128, AES-GCM by service tag (suite 0)", "hdlc", "service"),
}


class Profiles:
    """The objects of a meter that has two profiles."""

    def __init__(self) -> None:
        self._buffers = {LOAD: _load_rows(), MONTHS: _month_rows()}

    def get(self, _client: int, attribute: Descriptor, _selection: Selection | None) -> DlmsValue | AccessResult:
        return self._buffers[attribute.obis]

    def set(self, _client: int, _attribute: Descriptor, _value: DlmsValue) -> AccessResult:
        return AccessResult.ACCESS_DENIED

    def act(self, _client: int, _method: Descriptor, _parameter: DlmsValue) -> tuple[AccessResult, DlmsValue]:
        return AccessResult.ACCESS_DENIED, None


def _stamp(at: datetime) -> OctetString:
    return OctetString(encode_stamp(at, ZONE, sense=DeviationSense.UTC_IS_LOCAL_PLUS_DEVIATION))


def _load_rows() -> Array:
    return Array(
        Structure(
            (
                _stamp(DAY_AT + slot * STEP),
                Unsigned(slot % 3),
                *(DoubleLongUnsigned(quantity * 1000 + slot * 7) for quantity in (4, 0, 2, 1)),
            )
        )
        for slot in range(1, ROWS + 1)
    )


def _month_rows() -> Array:
    registers = (DoubleLongUnsigned(38_030_255 + 1_000_003 * place) for place in range(len(MONTH_COLUMNS) - 1))
    return Array((Structure((_stamp(datetime(2026, 11, 1, tzinfo=ZONE)), *registers)),))


# ── Recording ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _connection(case: Case) -> DlmsConnection:
    wrapper, hdlc = WrapperLink(client=CLIENT), HdlcLink(server_address(1, PHYSICAL, 4), CLIENT)
    link: Link = wrapper if case.link == "wrapper" else hdlc
    sealer = Sealer(KEYS, title=CLIENT_TITLE, counter=1) if case.sealed else None
    return DlmsConnection(link, sealer=sealer, general_ciphering=case.sealed == "general")


def _meter(case: Case) -> ServerLink:
    context = _context(case)
    profile = ClientProfile(context=context, keys=KEYS if case.sealed else None)
    server = AssociationServer(Profiles(), {CLIENT: profile}, title=METER_TITLE, challenge=lambda: b"P6wRJ21F")
    if case.link == "wrapper":
        return WrapperServerLink(server)
    return HdlcServerLink(frozenset({server_address(1, PHYSICAL, 4)}), server)


def _context(case: Case) -> Context:
    return Context.LOGICAL_NAMES_CIPHERED if case.sealed else Context.LOGICAL_NAMES


class _Recorder(Tape):
    """A tape that asks the meter instead, and keeps what it says."""

    def __init__(self, meter: ServerLink) -> None:
        self.said: list[bytes] = []
        super().__init__(())
        self._meter = meter

    def write(self, request: bytes = b"") -> None:
        answer = self._meter.hear(request)
        assert answer is not None, f"the meter keeps silent about {request.hex(' ')}"
        self.said.append(answer)
        self._answers = iter((answer,))
        super().write(request)


def captured(case: Case) -> dict[str, Any]:
    """Return what the meter said in one session, and what a client must know to understand it."""
    recorder = _Recorder(_meter(case))
    session(case, {}, recorder)
    return {
        "link": case.link,
        "sealed": case.sealed,
        "client": CLIENT,
        "physical": PHYSICAL,
        "client_title": CLIENT_TITLE.hex(),
        "encryption_key": KEYS.encryption.hex(),
        "authentication_key": KEYS.authentication.hex(),
        "days": DAYS,
        "profiles": [
            [str(name), [[one.class_id, str(one.obis), one.attribute] for one in columns]]
            for name, columns in ((LOAD, LOAD_COLUMNS), (MONTHS, MONTH_COLUMNS)) * DAYS
        ],
        "answers": [answer.hex() for answer in recorder.said],
    }


# ── Our side ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _carried(connection: DlmsConnection, request: Request[Any], tape: Tape) -> Any:  # noqa: ANN401  # its answer
    outgoing = connection.send(request)
    while True:
        if not outgoing.data:
            event = connection.quiet()
        else:
            tape.write(outgoing.data)
            event = connection.receive(tape.read())
        if isinstance(event, Answered):
            return event.value
        assert isinstance(event, SendMore), "the answer is cut short"
        outgoing = event.outgoing


def _opened(case: Case, tape: Tape) -> DlmsConnection:
    connection = _connection(case)
    _carried(connection, OpenLink(), tape)
    _carried(connection, Associate(context=_context(case)), tape)
    return connection


def session(case: Case, _capture: Mapping[str, Any], tape: Tape, *, forgets: bool = False) -> list[list[list[Any]]]:
    """Read the day as the driver of СПОДЭС does, its columns known from an earlier reading."""
    connection = _opened(case, tape)
    talk = Talk(MeterAddress(model=MODEL, address=PHYSICAL, zone=ZONE))
    talk.columns.update({LOAD: LOAD_COLUMNS, MONTHS: MONTH_COLUMNS})
    month_at = datetime(2026, 11, 1, tzinfo=ZONE).astimezone(UTC)
    load = (LOAD, DAY_AT.astimezone(UTC), (DAY_AT + ROWS * STEP).astimezone(UTC))
    buffers = []
    for wanted in (load, (MONTHS, month_at, month_at)) * DAYS:
        if forgets:
            series_of.cache_clear()
        buffers.append(_read(connection, talk, tape, wanted))
    return [
        [
            [at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S"), *row]
            for at, *row in zip(buffer.stamps, *(column.values for column in buffer.columns), strict=True)
        ]
        for buffer in buffers
    ]


def _read(connection: DlmsConnection, talk: Talk, tape: Tape, wanted: tuple[Obis, datetime, datetime]) -> Buffer:
    profile, since, until = wanted
    conversation = read_buffer(talk, profile, since=since, until=until, with_scalers=False)
    request = next(conversation)
    tape.arm()
    try:
        value = _carried(connection, request, tape)
        conversation.send(Answer(value, 1, since))
    except StopIteration as ended:
        tape.stop()
        buffer: Buffer = ended.value
    return buffer


def generic_session(case: Case, _capture: Mapping[str, Any], tape: Tape) -> list[list[list[Any]]]:
    """Read the day as values of any shape; stamps stay bytes."""
    connection = _opened(case, tape)
    found = []
    for profile in (LOAD, MONTHS) * DAYS:
        tape.arm()
        found.append(_carried(connection, GetAttribute(Descriptor(7, profile, 2)), tape))
        tape.stop()
    return [
        [[decode_stamp(row[0]).wall.strftime("%Y-%m-%d %H:%M:%S"), *map(int, row[1:])] for row in value]
        for value in found
    ]
