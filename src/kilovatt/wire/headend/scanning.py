"""Finding meters over a line: carries the probes of a seeker, and asks whoever answers who it is.

    scan = Scan("tcp://10.0.0.7:4001", scope_of("tcp://10.0.0.7:4001"))
    report = await scan.run(on_progress=show)

One exchange goes at a time, and none is repeated where a password is in it. The line belongs to the scan while it goes
on: `run` takes it to the end, `go_on` only for as long as nothing else is wanted of it. Whatever happens, `report`
tells what was found by then, and `steps` are enough for another process to go on from there.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.drivers.conversation import Conversation, MeterRefusedError, ResultT
from kilovatt.wire.drivers.finding.learning import acquaintance, further_acquaintance
from kilovatt.wire.drivers.finding.order import Next, Seeker, Sign, Verdict
from kilovatt.wire.drivers.finding.probes import (
    STREAM_WAYS,
    Acquaintance,
    Place,
    PlainConnection,
    Probe,
    Sighting,
    Way,
    look,
)
from kilovatt.wire.drivers.finding.scope import SERIAL_SPEEDS, Purpose, Scope
from kilovatt.wire.headend.carrier import Carrier
from kilovatt.wire.headend.channels import NoRouteError
from kilovatt.wire.headend.clock import Clock, MachineClock
from kilovatt.wire.headend.kept_line import OpenChannel
from kilovatt.wire.headend.lending import on_loan
from kilovatt.wire.headend.lines import LineSpec, SerialAddress, TcpAddress, UdpAddress, parse_address
from kilovatt.wire.headend.opening import open_channel
from kilovatt.wire.headend.record import ExchangeFailedError, SessionRecord
from kilovatt.wire.headend.walked import Step, Walk, walks_of
from kilovatt.wire.protocols.framing.connection import (
    Connection,
    LineSpeed,
    LocalProtocolError,
    RemoteProtocolError,
)

OPENINGS = 3
"""A gateway may still be letting go of the connection before."""
BETWEEN_OPENINGS_S = 0.5
LOSSES_MAX = 20
"""A line that is lost so often one after the other is given up."""
LEARNING_TIMEOUT_S = 2.0
"""Who has answered is there, and is waited for longer than anybody."""
VAIN_LESSONS_MAX = 2
TURNAROUND_S = 0.02
_BY_DATAGRAM = frozenset({Way.WRAPPER})
_SIGNS = {Outcome.SILENCE: Sign.SILENCE, Outcome.ECHO: Sign.ECHO}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is being tried, and how far the search is; the time is what is left at most, as far as is known [s]."""

    place: Place
    purpose: Purpose
    done: int
    left: int
    seconds_left: float
    found: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """What a search came to. `detail` is technical, for a line that could not be opened or was lost."""

    url: str
    verdict: Verdict
    sightings: tuple[Sighting, ...]
    crowded: tuple[Place, ...]
    line_is_noisy: bool
    line_echoes: bool
    probes: int
    left: int
    """Probes that were not made: of a search that was stopped, or whose line was lost."""
    took_s: float
    detail: str = ""


OnProgress = Callable[[Progress], None]
MakeCarrier = Callable[[LineSpec], Carrier]


def scope_of(url: str, scope: Scope | None = None) -> Scope:
    """Return a scope made to fit a line: a gateway keeps its speed, and a speed that a URL states is the only one.

    Raises LineAddressError for a URL that is no line.
    """
    wanted = scope or Scope()
    address = parse_address(url)
    if not isinstance(address, SerialAddress):
        ways = wanted.ways & _BY_DATAGRAM if isinstance(address, UdpAddress) else wanted.ways
        # A call is not hung up to begin anew for each language.
        over_tcp = isinstance(address, TcpAddress | UdpAddress)
        return replace(wanted, speeds=(None,), over_tcp=over_tcp, ways=ways)
    stated = LineSpeed(address.baud, address.data_bits, address.parity, address.stop_bits)
    return replace(wanted, speeds=(stated,) if "?" in url else SERIAL_SPEEDS, over_tcp=False)


def url_at(url: str, speed: LineSpeed | None) -> str:
    """Return the URL of a line at a speed; a gateway's as it is."""
    address = parse_address(url)
    if speed is None or not isinstance(address, SerialAddress):
        return url
    shape = f"{speed.data_bits}{speed.parity}{speed.stop_bits}"
    return f"{url.partition('?')[0]}?baud={speed.baud}&format={shape}"


class Scan:
    """A search over one line. It may be cancelled at any time; `report` then tells what was found.

    `steps`: what an earlier search of the same scope did, which is not done again.
    """

    def __init__(
        self,
        url: str,
        scope: Scope,
        *,
        clock: Clock | None = None,
        opening: OpenChannel = open_channel,
        steps: Iterable[Step] = (),
    ) -> None:
        parse_address(url)
        self._url = url
        self._clock = clock or MachineClock()
        self._make: MakeCarrier = partial(Carrier, clock=self._clock, open_channel=opening)
        self._seeker = Seeker(scope)
        self._lent: Carrier | None = None
        self._carrier: Carrier | None = None
        self._carried: tuple[object, ...] | None = None
        self._wanted: tuple[object, ...] = ()
        self._asked: Next | None = None
        self._losses = 0
        self._echoes = False
        self._detail = ""
        self._took_s = 0.0
        self.steps: list[Step] = []
        """What came of every probe, in order."""
        self.walks = walks_of(scope)
        """What was asked and what came of it, by way and speed."""
        for step in steps:
            self._do_again(step)

    async def run(self, *, on_progress: OnProgress | None = None) -> ScanReport:
        """Search to the end and return what was found; faults of the line are in the report."""
        await self.go_on(lambda: True, on_progress=on_progress)
        return self.report()

    async def go_on(
        self,
        may_go_on: Callable[[], bool],
        *,
        lent: Carrier | None = None,
        on_progress: OnProgress | None = None,
    ) -> bool:
        """Search on until it is over, or may not go on before the next probe; return whether it is over.

        `lent` is what carries visits over the line: it is used where it can be, else closed before the line is opened
        another way, and comes back as it was, open or not.
        """
        if lent is None:
            return await self._go_on(may_go_on, on_progress)
        async with on_loan(lent):
            self._lent = lent
            try:
                return await self._go_on(may_go_on, on_progress)
            finally:
                self._lent = None

    async def _go_on(self, may_go_on: Callable[[], bool], on_progress: OnProgress | None) -> bool:
        loop = asyncio.get_running_loop()
        began, before_s = loop.time(), self._took_s
        try:
            while may_go_on():
                following = self._seeker.next()
                if following is None:
                    return True
                self._took_s = before_s + loop.time() - began
                if on_progress is not None:
                    on_progress(self._progress(following))
                await self._try(following)
        except NoRouteError as error:
            self._detail = str(error)
            return True
        finally:
            self._took_s = before_s + loop.time() - began
            await self._put_away()
        return False

    def report(self) -> ScanReport:
        """Return what was found by now."""
        seeker = self._seeker
        verdict = seeker.verdict
        if self._detail and verdict is not Verdict.FOUND:
            verdict = Verdict.NO_ROUTE
        return ScanReport(
            url=self._url,
            verdict=verdict,
            sightings=tuple(seeker.sightings),
            crowded=tuple(seeker.crowded),
            line_is_noisy=seeker.line_is_noisy,
            line_echoes=self._echoes,
            probes=seeker.done,
            left=seeker.left,
            took_s=self._took_s,
            detail=self._detail,
        )

    def _progress(self, following: Next) -> Progress:
        seeker = self._seeker
        return Progress(
            place=following.probe.place,
            purpose=following.purpose,
            done=seeker.done,
            left=seeker.left,
            seconds_left=seeker.seconds_left + following.probe.patience_s,
            found=len(seeker.sightings),
        )

    # ── One probe ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _try(self, following: Next) -> None:
        probe = following.probe
        self._asked = following
        await asyncio.sleep(following.rest_s)
        try:
            carrier = await self._at(probe)
            sighting = await carrier.carry(look(probe), PlainConnection(), SessionRecord())
        except ExchangeFailedError as error:
            self._losses = 0
            self._heard(_SIGNS.get(error.outcome, Sign.NOISE))
            await asyncio.sleep(TURNAROUND_S if error.outcome is not Outcome.SILENCE else 0.0)
        except NoRouteError as error:
            if self._carrier is None or self._losses >= LOSSES_MAX:
                raise
            # Some devices hang up on what is not for them.
            self._losses += 1
            _log.debug("the line was lost: %s", error)
            await self._close()
            self._heard(Sign.SILENCE)
        else:
            self._losses = 0
            if sighting.languages:
                # Known from now on, though the search may be stopped while it is asked.
                self._heard(Sign.FOUND, sighting)
                learnt = await self._learnt(probe, sighting)
                self._seeker.learnt(learnt)
                self.steps[-1] = replace(self.steps[-1], learnt=learnt)
            else:
                self._heard(Sign.SILENCE)
            await asyncio.sleep(TURNAROUND_S)
        self._echoes = self._echoes or (self._carrier is not None and bool(self._carrier.echo.echoes))

    def _heard(self, sign: Sign, sighting: Sighting | None = None) -> None:
        asked = self._asked
        assert asked is not None, "something was probed"
        place = asked.probe.place
        self._seeker.heard(sign, sighting)
        self.steps.append(Step(sign, sighting))
        walk = self.walks.setdefault((place.way, place.speed), Walk(place.way, place.speed))
        # Where no meter can be is no address that was walked.
        walk.note(replace(place, address=None) if asked.purpose is Purpose.CONTROL else place, sign)

    def _do_again(self, step: Step) -> None:
        """Know what an earlier search knew."""
        following = self._seeker.next()
        if following is None:
            return
        self._asked = following
        self._heard(step.sign, step.heard)
        if step.learnt is not None:
            self._seeker.learnt(step.learnt)
            self.steps[-1] = step

    async def _at(self, probe: Probe) -> Carrier:
        """Return a carrier of the line at the speed of a probe, with its patience. Raises NoRouteError."""
        place = probe.place
        wanted = (place.speed, place.way if place.way in STREAM_WAYS else None)
        spec = LineSpec(
            line_id=0,
            url=url_at(self._url, place.speed),
            answer_timeout_s=probe.patience_s,
            quiet_s=min(probe.quiet_s, probe.patience_s),
            late_window_s=0.0,
            tries=1,
        )
        if self._carrier is None or wanted != self._carried:
            await self._close()
            self._wanted = wanted
            self._carrier = await self._opened(spec)
            self._carried = wanted
        self._carrier.be_as_patient_as(spec)
        await self._carrier.open()
        return self._carrier

    async def _opened(self, spec: LineSpec) -> Carrier:
        carrier = await self._carrier_for(spec)
        for opening in range(1, OPENINGS + 1):
            try:
                await carrier.open()
            except NoRouteError:
                # What was never reached is not worth more tries; what carries visits was.
                if opening == OPENINGS or (self._seeker.done == 0 and self._lent is None):
                    raise
                await asyncio.sleep(BETWEEN_OPENINGS_S)
            else:
                break
        return carrier

    async def _carrier_for(self, spec: LineSpec) -> Carrier:
        lent = self._lent
        if lent is None:
            return self._make(spec)
        if spec.url == lent.spec.url and self._wanted == (None, None):
            lent.be_as_patient_as(spec)
            return lent
        # Most gateways and every port serve one at a time.
        await lent.close()
        return self._make(spec)

    async def _close(self) -> None:
        carrier, self._carrier, self._carried = self._carrier, None, None
        if carrier is not None:
            await carrier.close()

    async def _put_away(self) -> None:
        """Close what was opened for the search alone."""
        if self._carrier is self._lent:
            self._carrier, self._carried = None, None
        await self._close()

    # ── Whoever answered ────────────────────────────────────────────────────────────────────────────────────────────

    async def _learnt(self, probe: Probe, sighting: Sighting) -> Sighting:
        patient = replace(probe, patience_s=max(probe.patience_s, LEARNING_TIMEOUT_S))
        for make in (acquaintance, further_acquaintance):
            known = make(sighting, factory_password=self._seeker.may_try_passwords)
            if known is None:
                continue
            if probe.place.way in STREAM_WAYS:
                # Who is associated once in a connection may not take it twice.
                await self._close()
            try:
                carrier = await self._at(patient)
                sighting = await _taught(carrier, known, sighting)
            except NoRouteError as error:
                _log.debug("the line was lost while a meter was asked: %s", error)
                return sighting
        return sighting


async def _taught(carrier: Carrier, known: Acquaintance, sighting: Sighting) -> Sighting:
    """Return what is known of a meter after every lesson that succeeded. Raises NoRouteError."""
    vain = 0
    for lesson in known.lessons:
        learnt = await _carried(carrier, lesson(sighting), known.connection)
        if learnt is not None:
            sighting, vain = learnt, 0
            continue
        vain += 1
        if known.is_one_talk or vain >= VAIN_LESSONS_MAX:
            break
    await _carried(carrier, known.farewell(), known.connection)
    return sighting


async def _carried(carrier: Carrier, conversation: Conversation[ResultT], connection: Connection) -> ResultT | None:
    """Carry a conversation and return what it returns; None where it failed. Raises NoRouteError."""
    # A record of its own: what was answered before is no reason to say anything twice.
    with contextlib.suppress(
        ExchangeFailedError, MeterRefusedError, LocalProtocolError, RemoteProtocolError, ValueError, LookupError
    ):
        return await carrier.carry(conversation, connection, SessionRecord())
    return None


async def scan_line(
    url: str, scope: Scope, *, clock: Clock | None = None, on_progress: OnProgress | None = None
) -> ScanReport:
    """Search a line for meters and return what was found: for whoever holds the line, an errand of the board too.

    `on_progress` is called before each probe, in the event loop: it must not block. Cancelled, the search leaves the
    line closed; who wants what was found by then makes a `Scan` and asks it. Raises LineAddressError.
    """
    return await Scan(url, scope_of(url, scope), clock=clock).run(on_progress=on_progress)
