"""Lines: where meters are reached, and how patient we are there.

`LineSpec` is what an operator states of a line. Its address is one of

    tcp://HOST:PORT                                  a transparent gateway; an IPv6 host stands in [brackets]
    udp://HOST:PORT                                  a meter that takes datagrams (DLMS in a wrapper, port 4059)
    serial:///dev/ttyUSB0?baud=9600&format=8N1       a port of this machine
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias
from urllib.parse import unquote

from kilovatt.wire.explain.fields import gettext_noop

SPEEDS_BAUD = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
_FORMATS = ("8N1", "8N2", "8E1", "8E2", "8O1", "8O2", "7N1", "7N2", "7E1", "7E2", "7O1", "7O2")
_ADDRESS_FORMS = "tcp://HOST:PORT, udp://HOST:PORT or serial:///dev/ttyUSB0?baud=9600&format=8N1"
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})")
_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.]{2,45}(?:%[\w.-]{1,16})?)\]")

TURNAROUND_S = 0.02
"""How long a serial bus rests after an answer: at 9600 baud a meter takes 5 ms of silence for the end of a frame."""


class LineAddressError(ValueError):
    """A line's address that cannot be one. The message is a sentence for the person who typed it.

    It is English; `sentence` is to be translated and then filled in with `values`.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values)
        self.sentence = sentence
        self.values = values


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A gateway that passes bytes through as they are."""

    host: str
    port: int

    def __str__(self) -> str:
        return _host_and_port(self.host, self.port)


@dataclass(frozen=True, slots=True)
class UdpAddress:
    """A meter, or what is before it, that takes datagrams."""

    host: str
    port: int

    def __str__(self) -> str:
        return _host_and_port(self.host, self.port)


def _host_and_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@dataclass(frozen=True, slots=True)
class SerialAddress:
    """A serial port: RS-485 or an optical head. `parity` is N, E or O."""

    path: str
    baud: int = 9600
    data_bits: int = 8
    parity: str = "N"
    stop_bits: int = 1

    def __str__(self) -> str:
        return self.path


LineAddress: TypeAlias = TcpAddress | UdpAddress | SerialAddress


_OVER_IP: dict[str, type[TcpAddress | UdpAddress]] = {"tcp": TcpAddress, "udp": UdpAddress}


def parse_address(url: str) -> LineAddress:
    """Return the address a URL names. Raises LineAddressError with a sentence that says what is wrong."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise LineAddressError(
            gettext_noop("The line %(url)r does not say how to reach it: write %(forms)s."),
            url=url,
            forms=_ADDRESS_FORMS,
        )
    if scheme in _OVER_IP:
        return _OVER_IP[scheme](*_place(url, scheme, rest))
    if scheme == "serial":
        return _serial(url, rest)
    raise LineAddressError(
        gettext_noop("The line %(url)r begins with %(scheme)r, which is not known: write %(forms)s."),
        url=url,
        scheme=scheme,
        forms=_ADDRESS_FORMS,
    )


def _place(url: str, scheme: str, rest: str) -> tuple[str, int]:
    host_text, colon, port_text = rest.rpartition(":")
    if not colon or not host_text:
        raise LineAddressError(
            gettext_noop("The line %(url)r names no port: write %(scheme)s://HOST:PORT."), url=url, scheme=scheme
        )
    bracketed = _BRACKETED.fullmatch(host_text)
    host = bracketed[1] if bracketed else host_text
    if not bracketed and not _HOST.fullmatch(host):
        raise LineAddressError(
            gettext_noop("The line %(url)r has the host %(host)r, which is no host name or address."),
            url=url,
            host=host_text,
        )
    if not (port_text.isascii() and port_text.isdigit() and 1 <= int(port_text) <= 65_535):
        raise LineAddressError(
            gettext_noop("The line %(url)r has the port %(port)r; a port is a number from 1 to 65535."),
            url=url,
            port=port_text,
        )
    return host, int(port_text)


def _serial(url: str, rest: str) -> SerialAddress:
    path_text, _, query = rest.partition("?")
    path = unquote(path_text)
    if not path.startswith("/") or path.endswith("/") or "\0" in path:
        raise LineAddressError(
            gettext_noop("The line %(url)r names no port: write serial:///dev/ttyUSB0 with three slashes."), url=url
        )
    settings = _settings(url, query)
    baud = settings.get("baud", "9600")
    if baud not in map(str, SPEEDS_BAUD):
        raise LineAddressError(
            gettext_noop("The line %(url)r asks for %(baud)r baud; a speed is one of %(speeds)s."),
            url=url,
            baud=baud,
            speeds=", ".join(map(str, SPEEDS_BAUD)),
        )
    shape = settings.get("format", "8N1").upper()
    if shape not in _FORMATS:
        raise LineAddressError(
            gettext_noop(
                "The line %(url)r has the format %(shape)r; write data bits, parity and stop bits, as in 8N1 or 7E1."
            ),
            url=url,
            shape=shape,
        )
    return SerialAddress(path, int(baud), int(shape[0]), shape[1], int(shape[2]))


def _settings(url: str, query: str) -> dict[str, str]:
    settings: dict[str, str] = {}
    for setting in query.split("&") if query else ():
        name, _, value = setting.partition("=")
        if name not in {"baud", "format"}:
            raise LineAddressError(
                gettext_noop("The line %(url)r has the setting %(name)r; a serial line has baud and format."),
                url=url,
                name=name,
            )
        if name in settings:
            raise LineAddressError(
                gettext_noop("The line %(url)r says %(name)s twice; say it once."), url=url, name=name
            )
        settings[name] = value
    return settings


@dataclass(frozen=True)
class LineSpec:
    """A line and the patience it needs. Raises ValueError for a setting out of its bounds.

    An answer that has not begun `answer_timeout_s` after its request is given up; one that began is
    over when no byte came for `quiet_s`. An answer is believed to come within `answer_timeout_s` +
    `late_window_s` of its request or never: for so long nothing else is asked after a try in vain.
    A meter that keeps silent therefore holds its line for `tries` × `answer_timeout_s` + `late_window_s`; one
    that fell silent after it had answered, for two tries more.
    """

    line_id: int
    url: str
    answer_timeout_s: float = 1.0
    """0.01 to 60 s; about 1 s for a gateway near by, 5 s over a mobile network."""
    quiet_s: float = 0.1
    """0.005 to 5 s, not more than the answer's own."""
    late_window_s: float | None = None
    """0 to 90 s; one and a half times the answer's own time unless stated."""
    tries: int = 3
    """1 to 10."""
    connect_timeout_s: float = 5.0
    """0.01 to 120 s."""
    turnaround_s: float | None = None
    """0 to 1 s of rest between an answer and the next request; nothing over TCP, 20 ms on a serial bus."""

    def __post_init__(self) -> None:
        _bounded("answer_timeout_s", self.answer_timeout_s, 0.01, 60)
        _bounded("quiet_s", self.quiet_s, 0.005, min(5.0, self.answer_timeout_s))
        _bounded("late_window_s", self.late_s, 0, 90)
        _bounded("tries", self.tries, 1, 10)
        _bounded("connect_timeout_s", self.connect_timeout_s, 0.01, 120)
        _bounded("turnaround_s", self.rest_s, 0, 1)

    @cached_property
    def address(self) -> LineAddress:
        """What the URL names. Raises LineAddressError."""
        return parse_address(self.url)

    @property
    def late_s(self) -> float:
        """How long after its time an answer may still come [s]."""
        return self.answer_timeout_s * 1.5 if self.late_window_s is None else self.late_window_s

    @property
    def rest_s(self) -> float:
        """How long the line rests after an answer [s]."""
        if self.turnaround_s is not None:
            return self.turnaround_s
        return TURNAROUND_S if isinstance(self.address, SerialAddress) else 0.0


def _bounded(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} of a line is {low} to {high}; got {value}")
