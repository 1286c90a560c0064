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
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from dlms_day import CASES, captured, generic_session, session
from peers.tape import median_of

HERE = Path(__file__).resolve().parent
PEERS_PYTHON = HERE.parent / ".venv-peers" / "bin" / "python"
PEERS = {"gurux-dlms": "decodes_gurux.py", "pydlms-client": "decodes_pydlms.py", "dlms-cosem": "decodes_cosem.py"}
OURS, NEW, GENERIC = "ours", "ours, new stamps", "ours, generic"

BEST_OTHER_TARGET, CIPHERED_TARGET = 15, 2


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
                    OURS: partial(_ours, session, name, captures[name], ours),
                    NEW: partial(_ours, partial(session, forgets=True), name, captures[name], ours),
                    GENERIC: partial(_ours, generic_session, name, captures[name], max(1, ours // 3)),
                }
                ask |= {who: partial(peer.ask, name, theirs) for who, peer in peers.items()}
                _round(ask, outcome.told[name])
    return outcome


def _ours(read: Callable[..., Any], name: str, capture: Mapping[str, Any], count: int) -> dict[str, Any]:
    spent_s, values = median_of(partial(read, CASES[name]), capture, count)
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
            _ours(session, cases[0], capture, given.ours)
        profile.dump_stats(given.profile)
        return
    told = told_as_json(measured(cases, rounds=given.rounds, ours=given.ours, theirs=given.theirs))
    if given.json:
        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        show(told)


if __name__ == "__main__":
    main()
