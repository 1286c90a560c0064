"""CPU of decoding a meter-day of DLMS, from bytes on the wire to values, against other people's Python libraries.

    .venv/bin/python benchmarks/dlms.py [--rounds 7] [--ours 30] [--theirs 3] [--case NAME] [--json] [--profile FILE]

A meter-day is 48 rows of (date-time, status, A+, A−, R+, R−) and a billing entry of 21 columns. A session with a
meter made of our server is recorded once for each way to carry it; every contestant then replays these same bytes
from the link's opening on, and checks what it checks: sums, numbers, tags, counters. Measured is process time from
the moment the request is written until the values are there, acknowledgements between the segments included.
Strangers' libraries run in processes of their own (`benchmarks/peers`, `.venv-peers`), in turn with ours, round by
round; a figure is the median of the rounds' medians, `spread` the lowest and highest ratio of a round. Their values
must equal ours. `ours` ends at the rows as the СПОДЭС driver hands them on (instants in UTC, columns);
`ours, new stamps` forgets before each read which days it has seen;
`ours, generic` ends at the tree of values that the generic decoder makes.
"""

import argparse
import cProfile
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.wire.drivers.conversation import Answer, MeterAddress
from kilovatt.wire.drivers.spodes_profile import Buffer, read_buffer
from kilovatt.wire.drivers.spodes_talk import Talk
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

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # the tape is shared with strangers' processes, which have no package of ours

from peers.tape import Tape, median_of  # noqa: E402

PEERS_PYTHON = HERE.parent / ".venv-peers" / "bin" / "python"
PEERS = {"gurux-dlms": "decodes_gurux.py", "pydlms-client": "decodes_pydlms.py", "dlms-cosem": "decodes_cosem.py"}
OURS, NEW, GENERIC = "ours", "ours, new stamps", "ours, generic"

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
BEST_OTHER_TARGET, CIPHERED_TARGET = 15, 2


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
    _session(case, {}, recorder)
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


def _session(case: Case, _capture: Mapping[str, Any], tape: Tape, *, forgets: bool = False) -> list[list[list[Any]]]:
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


def _generic_session(case: Case, _capture: Mapping[str, Any], tape: Tape) -> list[list[list[Any]]]:
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


# ── In turn with strangers ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Told:
    """What a contestant told of one case: CPU seconds by round, or why it cannot be measured."""

    spent_s: list[float] = field(default_factory=list)
    failed: str = ""


@dataclass
class Peer:
    """A stranger's library in a process of its own."""

    process: "subprocess.Popen[str]"
    version: str

    def ask(self, case: str, count: int) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"case": case, "count": count}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@contextmanager
def started(program: str, captures: Path) -> Iterator[Peer]:
    """Start a stranger's program; it ends with the block."""
    command = [PEERS_PYTHON, HERE / "peers" / program, captures]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Peer(process, json.loads(process.stdout.readline())["version"])
        process.stdin.close()


@dataclass
class Outcome:
    """Everything that was measured: by case, by contestant."""

    told: dict[str, dict[str, Told]]
    versions: dict[str, str]


def measured(cases: list[str], *, rounds: int, ours: int, theirs: int) -> Outcome:
    """Measure contestants in turn, round by round. Raises ValueError for one whose values are not ours."""
    captures = {name: captured(CASES[name]) for name in cases}
    outcome = Outcome({name: {} for name in cases}, {})
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder) / "captures.json"
        file.write_text(json.dumps(captures), encoding="ascii")
        peers = {name: stack.enter_context(started(program, file)) for name, program in PEERS.items()}
        outcome.versions = {name: peer.version for name, peer in peers.items()}
        for _ in range(rounds):
            for name in cases:
                ask: dict[str, Callable[[], Mapping[str, Any]]] = {
                    OURS: partial(_ours, _session, name, captures[name], ours),
                    NEW: partial(_ours, partial(_session, forgets=True), name, captures[name], ours),
                    GENERIC: partial(_ours, _generic_session, name, captures[name], max(1, ours // 3)),
                }
                ask |= {who: partial(peer.ask, name, theirs) for who, peer in peers.items()}
                _round(ask, outcome.told[name])
    return outcome


def _ours(session: Callable[..., Any], name: str, capture: Mapping[str, Any], count: int) -> dict[str, Any]:
    spent_s, values = median_of(partial(session, CASES[name]), capture, count)
    return {"spent_s": spent_s, "values": values}


def _round(ask: Mapping[str, Callable[[], Mapping[str, Any]]], told: dict[str, Told]) -> None:
    expected: Any = None
    for who, question in ask.items():
        of_who = told.setdefault(who, Told())
        if of_who.failed:
            continue
        answer = question()
        if "failed" in answer:
            of_who.failed = answer["failed"]
            continue
        expected = answer["values"] if expected is None else expected
        if answer["values"] != expected:
            raise ValueError(f"{who} reads other values: {answer['values']}, and {expected} is wanted")
        of_who.spent_s.append(answer["spent_s"])


# ── Telling ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def told_as_json(outcome: Outcome) -> dict[str, Any]:
    """Return medians [µs of CPU], ratios to ours, and their spread, by case and contestant."""
    cases: dict[str, Any] = {}
    for name, told in outcome.told.items():
        ours = told[OURS].spent_s
        rows: dict[str, Any] = {}
        for who, one in told.items():
            if one.failed:
                rows[who] = {"not_measured": one.failed}
                continue
            ratios = [theirs / mine for theirs, mine in zip(one.spent_s, ours, strict=True)]
            median_us = statistics.median(one.spent_s) * 1e6
            rows[who] = {
                "cpu_us": round(median_us, 1),
                "times_ours": round(statistics.median(ratios), 2),
                "spread": [round(min(ratios), 2), round(max(ratios), 2)],
            }
        cases[name] = {"words": CASES[name].words, "target_of_gurux": CASES[name].target, "contestants": rows}
    return {"versions": outcome.versions, "cases": cases}


def show(told: Mapping[str, Any]) -> None:
    """Print a table in words."""
    print("; ".join(f"{who} {version}" for who, version in told["versions"].items()))
    plain_us = {CASES[name].link: _us(told, name) for name in told["cases"] if not CASES[name].sealed}
    for name, case in told["cases"].items():
        print(f"\n{case['words']}")
        for who, row in case["contestants"].items():
            if "not_measured" in row:
                print(f"  {who:<16} not measured: {row['not_measured']}")
                continue
            low, high = row["spread"]
            print(
                f"  {who:<16} {row['cpu_us']:>10,.1f} µs  {row['times_ours']:>7.1f} × ours  ({low:.1f} to {high:.1f})"
            )
        plain = plain_us.get(CASES[name].link)
        if CASES[name].sealed and plain:
            print(f"  ciphered / plain of ours: {_us(told, name) / plain:.2f} (at most {CIPHERED_TARGET})")
        if CASES[name].target:
            print(f"  wanted: gurux-dlms {CASES[name].target} ×, the best other {BEST_OTHER_TARGET} ×")


def _us(told: Mapping[str, Any], name: str) -> float:
    cpu_us: float = told["cases"][name]["contestants"][OURS]["cpu_us"]
    return cpu_us


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wanted.add_argument("--rounds", type=int, default=7)
    wanted.add_argument("--ours", type=int, default=30, help="sessions a round of ours")
    wanted.add_argument("--theirs", type=int, default=3, help="sessions a round of each stranger's")
    wanted.add_argument("--case", action="append", choices=list(CASES), help="only this; may be given again")
    wanted.add_argument("--json", action="store_true")
    wanted.add_argument("--profile", help="write a profile of our part of the first case to this file, and end")
    given = wanted.parse_args()
    cases = given.case or list(CASES)
    if given.profile:
        capture = captured(CASES[cases[0]])
        with cProfile.Profile() as profile:
            _ours(_session, cases[0], capture, given.ours)
        profile.dump_stats(given.profile)
        return
    told = told_as_json(measured(cases, rounds=given.rounds, ours=given.ours, theirs=given.theirs))
    if given.json:
        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        show(told)


if __name__ == "__main__":
    main()
