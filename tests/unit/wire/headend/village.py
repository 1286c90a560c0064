"""A village of scripted lines, each with a gateway of its own, and what a head-end did with them."""

import asyncio
from dataclasses import dataclass, field

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.headend.channels import Channel, NoRouteError
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.polling import Headend
from kilovatt.wire.headend.session import Errand
from unit.wire.headend.bench import (
    TASK,
    Delivery,
    ScriptedChannel,
    TreacherousDriver,
    VirtualClock,
    honest,
    meter_address,
)


def line(number: int) -> LineSpec:
    return LineSpec(line_id=number, url=f"tcp://gateway-{number}:4001", answer_timeout_s=1.0, late_window_s=0.5)


def errand(meter_id: int) -> Errand:
    return Errand(meter_id, meter_address(meter_id % 240), TASK)


def errands(*meter_ids: int) -> list[Errand]:
    return [errand(meter_id) for meter_id in meter_ids]


@dataclass
class Village:
    """Scripted lines, by number, and what the head-end did with them."""

    dead: frozenset[int] = frozenset()
    """Addresses of meters that keep silent."""
    away: frozenset[int] = frozenset()
    """Lines whose gateway cannot be reached."""
    opened: list[tuple[int, float]] = field(default_factory=list)
    channels: list[ScriptedChannel] = field(default_factory=list)
    reports: list[SessionReport] = field(default_factory=list)
    at_once: int = 0
    at_once_max: int = 0
    accept_s: float = 0.0

    def headend(self, lines_at_once: int = 10) -> Headend:
        return Headend(
            VirtualClock(),
            lines_at_once=lines_at_once,
            open_channel=self.open,
            drivers=lambda _: TreacherousDriver(),
        )

    async def open(self, spec: LineSpec) -> Channel:
        self.opened.append((spec.line_id, asyncio.get_running_loop().time()))
        if spec.line_id in self.away:
            await asyncio.sleep(spec.connect_timeout_s)
            raise NoRouteError(f"{spec.address} did not take the call within {spec.connect_timeout_s:g} s")
        channel = ScriptedChannel(self.answer)
        self.channels.append(channel)
        return channel

    def answer(self, n: int, request: bytes) -> list[Delivery]:
        return [] if request[0] in self.dead else honest(n, request)

    async def sink(self, report: SessionReport) -> None:
        self.at_once += 1
        self.at_once_max = max(self.at_once, self.at_once_max)
        await asyncio.sleep(self.accept_s)
        self.at_once -= 1
        self.reports.append(report)

    def outcomes(self) -> dict[int, Outcome]:
        return {report.meter_id: report.outcome for report in self.reports}
