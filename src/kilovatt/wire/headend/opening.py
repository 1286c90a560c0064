"""How a line is opened, whatever it is made of."""

from kilovatt.wire.headend.channels import Channel
from kilovatt.wire.headend.lines import LineSpec, TcpAddress
from kilovatt.wire.headend.serial_port import open_serial
from kilovatt.wire.headend.tcp import open_tcp


async def open_channel(spec: LineSpec) -> Channel:
    """Return the open line. Raises NoRouteError with what happened, LineAddressError for no address."""
    if isinstance(spec.address, TcpAddress):
        return await open_tcp(spec.address, connect_timeout_s=spec.connect_timeout_s)
    return await open_serial(spec.address)
