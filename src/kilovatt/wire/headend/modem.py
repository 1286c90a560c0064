"""Lines through an AT modem: a number is called, and the call is a line until it is hung up.

One modem serves many lines, one after another: whoever opens a line waits until the modem is free.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.headend.channels import Channel, NoRouteError
from kilovatt.wire.headend.lines import ModemAddress, SerialAddress, TcpAddress
from kilovatt.wire.protocols.framing.modems import (
    CallFailedError,
    CallFailure,
    CallWatch,
    Done,
    ModemDialogue,
    Step,
    dialling,
    hanging_up,
    not_dialling,
)

QUEUE_S = 900.0
"""So long a line waits for its modem to be free."""
OpenPort = Callable[[SerialAddress | TcpAddress], Awaitable[Channel]]

_log = logging.getLogger(__name__)
_SENTENCES = {
    CallFailure.NO_CARRIER: "{number} did not take the call ({said})",
    CallFailure.BUSY: "{number} is engaged ({said})",
    CallFailure.NO_ANSWER: "{number} does not answer ({said})",
    CallFailure.NO_DIALTONE: "the modem at {port} has no network or line ({said})",
    CallFailure.REFUSED: "the modem at {port} does not take a command ({said})",
    CallFailure.NOT_REGISTERED: "the modem at {port} is not registered in the network ({said})",
    CallFailure.MODEM_SILENT: "the modem at {port} does not answer commands",
    CallFailure.NOT_CONNECTED: "{number} was not connected within {wait_s:g} s",
}


class CallNotConnectedError(NoRouteError):
    """There is no call; `failure` says why, the message also in the modem's own words."""

    def __init__(self, address: ModemAddress, error: CallFailedError) -> None:
        sentence = _SENTENCES[error.failure].format(
            number=address.number, port=address.port, said=error.said, wait_s=address.wait_s
        )
        super().__init__(sentence, Outcome.BUSY if error.failure is CallFailure.BUSY else Outcome.NO_ROUTE)
        self.failure = error.failure


class ModemChannel(Channel):
    """A call that is connected. Closing it hangs up, and leaves the modem to the next line."""

    def __init__(self, port: Channel, modem: asyncio.Lock) -> None:
        super().__init__()
        self._port = port
        self._modem = modem
        self._watch = CallWatch()
        port.on_bytes = self._hear
        port.on_lost = self.lose
        if port.lost_because is not None:
            self.lose(port.lost_because)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if self.lost_because is None:
            self._port.write(data)

    def _hear(self, data: bytes) -> None:
        self.feed(data)
        if self._watch.is_broken_by(data):
            self.lose("the call was broken off (NO CARRIER)")

    async def close(self) -> None:
        """Hang up."""
        was_lost, self.lost_because = self.lost_because, self.lost_because or "closed"
        try:
            if was_lost is None:
                await _said_to_end(self._port, hanging_up())
        finally:
            await _let_go(self._port, self._modem)


async def open_modem(address: ModemAddress, open_port: OpenPort) -> ModemChannel:
    """Return a connected call. Raises NoRouteError: the modem is in use, not there, or there is no call."""
    modem = await _free_modem(address)
    try:
        port = await open_port(address.port)
    except BaseException:
        modem.release()
        raise
    try:
        said = await _converse(port, dialling(address.number, bearer=address.bearer, wait_s=address.wait_s))
        _log.info("%s: %s", address, said)
        return ModemChannel(port, modem)
    except CallFailedError as error:
        if error.failure is CallFailure.NOT_CONNECTED:
            await _said_to_end(port, not_dialling())
        await _let_go(port, modem)
        raise CallNotConnectedError(address, error) from error
    except BaseException:
        await _let_go(port, modem)
        raise


@dataclass(slots=True)
class _Modems:
    by_port: dict[str, asyncio.Lock] = field(default_factory=dict)
    waiting: "set[asyncio.Task[bool]]" = field(default_factory=set)


_MODEMS: "WeakKeyDictionary[asyncio.AbstractEventLoop, _Modems]" = WeakKeyDictionary()


def give_up_modems() -> None:
    """Have every line that waits for a modem fail at once."""
    modems = _MODEMS.get(asyncio.get_running_loop())
    for task in () if modems is None else modems.waiting:
        task.cancel()


async def _free_modem(address: ModemAddress) -> asyncio.Lock:
    modems = _MODEMS.setdefault(asyncio.get_running_loop(), _Modems())
    modem = modems.by_port.setdefault(str(address.port), asyncio.Lock())
    waiting = asyncio.create_task(modem.acquire())
    modems.waiting.add(waiting)
    try:
        done, _ = await asyncio.wait({waiting}, timeout=QUEUE_S)
    except asyncio.CancelledError:
        if waiting.done() and not waiting.cancelled():
            modem.release()
        raise
    finally:
        modems.waiting.discard(waiting)
        waiting.cancel()
    if waiting in done and not waiting.cancelled():
        return modem
    why = "we stop" if done else f"it was in use for {QUEUE_S:g} s"
    raise NoRouteError(f"the modem at {address.port} was waited for in vain: {why}", Outcome.BUSY)


async def _let_go(port: Channel, modem: asyncio.Lock) -> None:
    try:
        port.on_bytes = lambda _: None
        port.on_lost = lambda _: None
        await port.close()
    finally:
        modem.release()


async def _said_to_end(port: Channel, dialogue: ModemDialogue) -> None:
    try:
        await _converse(port, dialogue)
    except (CallFailedError, NoRouteError) as error:
        # The port is closed next, and most modems hang up at that by themselves.
        _log.debug("the modem was not hung up: %s", error)


async def _converse(port: Channel, dialogue: ModemDialogue) -> str:
    """Talk to the modem to the end and return its last words. Raises CallFailedError, NoRouteError."""
    async with _listening(port, dialogue) as came:
        step = dialogue.begin()
        while isinstance(step, Step):
            if step.data:
                port.write(step.data)
            try:
                async with asyncio.timeout(step.wait_s):
                    heard = await came.get()
            except TimeoutError:
                step = dialogue.elapsed()
                continue
            if isinstance(heard, Exception):
                raise heard
            step = heard
        return step.said


@asynccontextmanager
async def _listening(port: Channel, dialogue: ModemDialogue) -> "AsyncIterator[asyncio.Queue[Step | Done | Exception]]":
    came: asyncio.Queue[Step | Done | Exception] = asyncio.Queue()

    def hear(data: bytes) -> None:
        try:
            step = dialogue.receive(data)
        except CallFailedError as error:
            came.put_nowait(error)
            return
        if step is not None:
            came.put_nowait(step)

    port.on_bytes = hear
    port.on_lost = lambda because: came.put_nowait(NoRouteError(because))
    if port.lost_because is not None:
        raise NoRouteError(port.lost_because)
    yield came
