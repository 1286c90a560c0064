"""How a line is opened, whatever it is made of."""

from typing import assert_never

from kilovatt.wire.headend.channels import Channel
from kilovatt.wire.headend.lines import LineSpec, SerialAddress, TcpAddress, UdpAddress
from kilovatt.wire.headend.serial_port import open_serial
from kilovatt.wire.headend.tcp import open_tcp
from kilovatt.wire.headend.udp import open_udp


async def open_channel(spec: LineSpec) -> Channel:
    """Return the open line. Raises NoRouteError with what happened, LineAddressError for no address."""
    match spec.address:
        case TcpAddress():
            return await open_tcp(spec.address, connect_timeout_s=spec.connect_timeout_s)
        case UdpAddress():
            return await open_udp(spec.address, connect_timeout_s=spec.connect_timeout_s)
        case SerialAddress():
            return await open_serial(spec.address)
        case _:
            assert_never(spec.address)
