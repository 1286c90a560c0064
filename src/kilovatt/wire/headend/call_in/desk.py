"""The places where this process receives calls: opened for the first line that needs one, closed after the last."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from kilovatt.wire.headend.call_in.caller import CallInChannel
from kilovatt.wire.headend.call_in.happenings import Happening, Tell, TurnedAway
from kilovatt.wire.headend.call_in.reception import CallInLimits, Reception
from kilovatt.wire.headend.channels import NoRouteError
from kilovatt.wire.headend.clock import MachineClock
from kilovatt.wire.headend.lines import CallInAddress
from kilovatt.wire.protocols.framing.call_in import HelloPattern


@dataclass(slots=True)
class _Held:
    reception: Reception
    holders: int = 0


class CallInDesk:
    """Every reception of one loop. Whoever wants to know what happens at them sets `tell`, before a line is opened."""

    def __init__(self, *, limits: CallInLimits | None = None) -> None:
        self.tell: Tell = _untold
        self.limits = limits or CallInLimits()
        self._held: dict[tuple[str, int], _Held] = {}
        self._changing = asyncio.Lock()

    @property
    def places(self) -> list[tuple[str, int]]:
        """Where calls are taken now: addresses and ports."""
        return list(self._held)

    @asynccontextmanager
    async def holding(self, address: CallInAddress) -> AsyncIterator[Reception]:
        """Hold the reception that an address names. Raises NoRouteError where calls cannot be taken."""
        place = (address.host, address.port)
        held = await self._opened(address, place)
        try:
            yield held.reception
        finally:
            held.holders -= 1
            if not held.holders:
                await self._closed(held, place)

    def give_up_waiting(self) -> None:
        """Have every line that waits for a modem to call fail at once."""
        for held in self._held.values():
            held.reception.give_up_waiting()

    def end_call(self, name: str, why: TurnedAway) -> None:
        """End the call of a modem wherever it is received here."""
        for held in self._held.values():
            held.reception.end_call(name, why)

    def told(self, happening: Happening) -> None:
        """Hand on what happens."""
        self.tell(happening)

    async def _opened(self, address: CallInAddress, place: tuple[str, int]) -> _Held:
        async with self._changing:
            held = self._held.get(place)
            if held is None:
                held = _Held(Reception(MachineClock(), limits=self.limits, tell=self.told))
                try:
                    await held.reception.listen(address.host, address.port, shared=address.shared)
                except OSError as error:
                    reason = os.strerror(error.errno) if error.errno else str(error)
                    raise NoRouteError(f"calls cannot be taken at {address.place}: {reason}") from error
                self._held[place] = held
            held.holders += 1
            if address.hello is not None:
                held.reception.know([HelloPattern(address.hello, address.heartbeat)])
            return held

    async def _closed(self, held: _Held, place: tuple[str, int]) -> None:
        async with self._changing:
            # Somebody may have come meanwhile.
            if not held.holders and self._held.get(place) is held:
                del self._held[place]
                await held.reception.close()


_DESKS: "WeakKeyDictionary[asyncio.AbstractEventLoop, CallInDesk]" = WeakKeyDictionary()


def call_in_desk() -> CallInDesk:
    """Return the desk of the running loop."""
    return _DESKS.setdefault(asyncio.get_running_loop(), CallInDesk())


async def open_call_in(address: CallInAddress) -> CallInChannel:
    """Return a line over the call of a modem. Raises NoRouteError: it has not called, or carries another line."""
    async with AsyncExitStack() as stack:
        reception = await stack.enter_async_context(call_in_desk().holding(address))
        line = await reception.line_to(address.name, address.wait_s)
        line.keeps = stack.pop_all()
        return line


def _untold(happening: Happening) -> None:
    del happening
