"""One session with a scripted meter over a simulated line, for tests of sessions."""

from dataclasses import dataclass

from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.conversation import Driver
from kilovatt.wire.headend.session import Errand, read_meter
from unit.wire.headend.bench import (
    TASK,
    Bench,
    Delivery,
    Script,
    TreacherousDriver,
    code_of,
    honest,
    meter_address,
    run,
    value_of,
)


@dataclass
class Done:
    """A session that is over: its report, the bench it was read on, and how long it took."""

    report: SessionReport
    desk: Bench
    took_s: float


def read(script: Script, *, driver: Driver | None = None, address: int = 7, **settings: float) -> Done:
    """Read one meter over a scripted line; the report, the and how long it took."""

    async def job() -> Done:
        desk = Bench(script, **{"answer_timeout_s": 1.0, "late_window_s": 0.5, **settings})
        errand = Errand(77, meter_address(address), TASK)
        report = await read_meter(errand, desk.carrier, desk.clock, driver or TreacherousDriver())
        return Done(report, desk, desk.carrier._loop.time())

    return run(job())


def values(report: SessionReport) -> dict[int, int]:
    return {code_of(register): register.value for register in report.learnt.registers}


def honestly(*codes: int) -> dict[int, int]:
    return {code: value_of(code) for code in codes}


def except_for(**odd: list[Delivery]) -> Script:
    """An honest meter, but for some codes: `_20=...` is what comes back for code 20."""

    def script(n: int, request: bytes) -> list[Delivery]:
        return odd.get(f"_{request[1]}", honest(n, request))

    return script
