"""A site whose meters call in, at a place several head-end processes share."""

import socket

from simulated_site import Site


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def let_call(site: Site, line_id: int, name: str, port: int) -> None:
    """Have a line of a site be that of a modem or meter of this name."""
    url = f"callin://{name}?listen=127.0.0.1:{port}&shared=yes&wait=20"
    site.rows("UPDATE records_line SET url = ? WHERE id = ?", url, line_id)


def is_listened(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
