"""How a line is opened, whatever it is made of."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from typing import assert_never

from kilovatt.wire.headend.call_in.desk import call_in_desk, open_call_in
from kilovatt.wire.headend.channels import Channel, NoRouteError
from kilovatt.wire.headend.lines import CallInAddress, LineSpec, ModemAddress, SerialAddress, TcpAddress, UdpAddress
from kilovatt.wire.headend.modem import give_up_modems, open_modem
from kilovatt.wire.headend.serial_port import open_serial
from kilovatt.wire.headend.tcp import open_tcp
from kilovatt.wire.headend.udp import open_udp


async def open_channel(spec: LineSpec) -> Channel:
    """Return the open line. Raises NoRouteError with what happened, LineAddressError for no address."""
    match spec.address:
        case UdpAddress():
            return await open_udp(
                spec.address, connect_timeout_s=spec.connect_timeout_s, answers_within_s=_answers_within_s(spec)
            )
        case TcpAddress() | SerialAddress():
            return await _open_port(spec.address, spec)
        case ModemAddress():
            return await open_modem(spec.address, lambda port: _open_port(port, spec))
        case CallInAddress():
            return await open_call_in(spec.address)
        case _:
            assert_never(spec.address)


async def _open_port(address: TcpAddress | SerialAddress, spec: LineSpec) -> Channel:
    if isinstance(address, TcpAddress):
        return await open_tcp(
            address, connect_timeout_s=spec.connect_timeout_s, arrives_within_s=_answers_within_s(spec)
        )
    return await open_serial(address)


def _answers_within_s(spec: LineSpec) -> float:
    """Return how long after a request its answer may come, however late."""
    return spec.answer_timeout_s + spec.late_s


def give_up_waiting() -> None:
    """Have every line fail at once that waits for a modem to be free, or to call: whoever stops does not wait."""
    give_up_modems()
    call_in_desk().give_up_waiting()


def within_reach(spec: LineSpec) -> AbstractAsyncContextManager[None]:
    """Be where a line's modem calls us, also while the line is not open; nothing for lines that we open.

    Where calls cannot be taken, the line itself says so when it is opened.
    """
    return _held(spec.address) if isinstance(spec.address, CallInAddress) else _ALWAYS


_ALWAYS: AbstractAsyncContextManager[None] = nullcontext()


@asynccontextmanager
async def _held(address: CallInAddress) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(call_in_desk().holding(address))
        except NoRouteError:
            yield
            return
        yield
