"""Addresses of lines: where meters are reached, as an operator writes it.

An address is one of

    tcp://HOST:PORT?baud=9600                        a transparent gateway; an IPv6 host stands in [brackets]
    udp://HOST:PORT                                  a meter that takes datagrams (DLMS in a wrapper, port 4059)
    serial:///dev/ttyUSB0?baud=9600&format=8N1       a port of this machine
    modem:///dev/ttyUSB0?dial=+79161234567           a number called through a modem on a port of this machine
    modem://HOST:PORT?dial=+79161234567              a number called through a modem behind a gateway
    callin://861234567890123?listen=0.0.0.0:5009     a modem or meter that calls us, by its IMEI or name

The speed of the line behind a gateway need not be stated; where it is, it tells how long a pause ends an answer.
A modem's line may also have `baud` and `format` of its port, `bearer` (AT+CBST: 71,0,1 unless stated, `none` for a
modem without) and `wait`, how long a call may take to be connected [s]. A line that calls in may have `listen`, where
calls are taken; `shared=yes`, when several processes take them there; `hello`, a regular expression with the group
`name` for modems that introduce themselves by a line of their own kind, and `heartbeat`, the hex bytes such a modem
sends to be kept; `wait`, how long it is waited for [s]. In all of them + stands for itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote

from kilovatt.wire.explain.fields import gettext_noop
from kilovatt.wire.protocols.framing.call_in import HEARTBEAT_BYTES_MAX, hello_pattern

SPEEDS_BAUD = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
_FORMATS = ("8N1", "8N2", "8E1", "8E2", "8O1", "8O2", "7N1", "7N2", "7E1", "7E2", "7O1", "7O2")
_ADDRESS_FORMS = (
    "tcp://HOST:PORT, udp://HOST:PORT, serial:///dev/ttyUSB0?baud=9600&format=8N1, "
    "modem:///dev/ttyUSB0?dial=+79161234567 or callin://IMEI?listen=0.0.0.0:5009"
)
CALL_IN_PORT = 5009
ANYWHERE = "0.0.0.0"  # noqa: S104 - a modem calls from anywhere
_GATEWAY_SETTINGS = ("baud",)
_SERIAL_SETTINGS = ("baud", "format")
_MODEM_SETTINGS = ("dial", "bearer", "wait")
_CALL_IN_SETTINGS = ("listen", "shared", "hello", "heartbeat", "wait")
DIAL_S, CALL_IN_S = 60.0, 30.0
DATA_BEARER = "71,0,1"
_NO_BEARER = "none"
_BEARER = re.compile(r"[0-9]{1,3},[0-9],[0-9]")
_NUMBER = re.compile(r"\+?[0-9*#]{1,20}")
_SECONDS = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,3})?")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,63})")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})")
_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.]{2,45}(?:%[\w.-]{1,16})?)\]")


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
    """A gateway that passes bytes through as they are. `baud` is the speed of the line behind it, where stated."""

    host: str
    port: int
    baud: int | None = None

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


@dataclass(frozen=True, slots=True)
class ModemAddress:
    """A number to call, through the modem at a port. Many lines may share a modem: it serves one after another."""

    port: SerialAddress | TcpAddress
    number: str
    bearer: str | None = DATA_BEARER
    """What AT+CBST is set to before the call: 71 is V.110 at 9600 bit/s, 7 is V.32; None for a modem without."""
    wait_s: float = DIAL_S
    """How long a call may take to be connected; 1 to 180 s."""

    def __str__(self) -> str:
        return f"{self.number} through the modem at {self.port}"


@dataclass(frozen=True, slots=True)
class CallInAddress:
    """A modem or meter that calls us. `shared`: several processes of this machine take calls at that place."""

    name: str
    host: str = ANYWHERE
    port: int = CALL_IN_PORT
    shared: bool = False
    hello: str | None = None
    """A regular expression with the group `name`, for hello lines of another kind."""
    heartbeat: bytes = b""
    """What such a modem sends to be kept."""
    wait_s: float = CALL_IN_S
    """How long it is waited for; 0.01 to 600 s."""

    @property
    def place(self) -> str:
        """Where calls are taken."""
        return _host_and_port(self.host, self.port)

    def __str__(self) -> str:
        return self.name


LineAddress: TypeAlias = TcpAddress | UdpAddress | SerialAddress | ModemAddress | CallInAddress


def parse_address(url: str) -> LineAddress:
    """Return the address a URL names. Raises LineAddressError with a sentence that says what is wrong."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise LineAddressError(
            gettext_noop("The line %(url)r does not say how to reach it: write %(forms)s."),
            url=url,
            forms=_ADDRESS_FORMS,
        )
    if scheme == "udp":
        return UdpAddress(*_place(url, scheme, rest))
    if scheme == "tcp":
        return _gateway(url, rest)
    if scheme == "serial":
        return _serial(url, rest, _SERIAL_SETTINGS)
    if scheme == "modem":
        return _modem(url, rest)
    if scheme == "callin":
        return _call_in(url, rest)
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


def _gateway(url: str, rest: str) -> TcpAddress:
    place, _, query = rest.partition("?")
    settings = _settings(url, query, _GATEWAY_SETTINGS)
    return TcpAddress(*_place(url, "tcp", place), _baud(url, settings["baud"]) if "baud" in settings else None)


def _serial(url: str, rest: str, known: Sequence[str]) -> SerialAddress:
    path_text, _, query = rest.partition("?")
    path = unquote(path_text)
    if not path.startswith("/") or path.endswith("/") or "\0" in path:
        raise LineAddressError(
            gettext_noop("The line %(url)r names no port: write serial:///dev/ttyUSB0 with three slashes."), url=url
        )
    settings = _settings(url, query, known)
    baud = _baud(url, settings.get("baud", "9600"))
    shape = settings.get("format", "8N1").upper()
    if shape not in _FORMATS:
        raise LineAddressError(
            gettext_noop(
                "The line %(url)r has the format %(shape)r; write data bits, parity and stop bits, as in 8N1 or 7E1."
            ),
            url=url,
            shape=shape,
        )
    return SerialAddress(path, baud, int(shape[0]), shape[1], int(shape[2]))


def _baud(url: str, text: str) -> int:
    if text not in map(str, SPEEDS_BAUD):
        raise LineAddressError(
            gettext_noop("The line %(url)r asks for %(baud)r baud; a speed is one of %(speeds)s."),
            url=url,
            baud=text,
            speeds=", ".join(map(str, SPEEDS_BAUD)),
        )
    return int(text)


def _modem(url: str, rest: str) -> ModemAddress:
    place, _, query = rest.partition("?")
    port: SerialAddress | TcpAddress
    if place.startswith("/"):
        port = _serial(url, rest, (*_SERIAL_SETTINGS, *_MODEM_SETTINGS))
    else:
        port = TcpAddress(*_place(url, "modem", place))
    settings = _settings(url, query, (*_SERIAL_SETTINGS, *_MODEM_SETTINGS) if place[:1] == "/" else _MODEM_SETTINGS)
    number = settings.get("dial", "")
    if not _NUMBER.fullmatch(number):
        raise LineAddressError(
            gettext_noop("The line %(url)r has no number to call: write it as in dial=+79161234567."),
            url=url,
        )
    bearer = settings.get("bearer", DATA_BEARER)
    if bearer != _NO_BEARER and not _BEARER.fullmatch(bearer):
        raise LineAddressError(
            gettext_noop("The line %(url)r has the bearer %(bearer)r; write three numbers as in 71,0,1, or none."),
            url=url,
            bearer=bearer,
        )
    return ModemAddress(port, number, None if bearer == _NO_BEARER else bearer, _wait(url, settings, DIAL_S, 1, 180))


def _call_in(url: str, rest: str) -> CallInAddress:
    name_text, _, query = rest.partition("?")
    name = unquote(name_text)
    if not _NAME.fullmatch(name):
        raise LineAddressError(
            gettext_noop("The line %(url)r names no modem: write callin:// and its IMEI, or the name it gives itself."),
            url=url,
        )
    settings = _settings(url, query, _CALL_IN_SETTINGS)
    host, port = _place(url, "callin", settings["listen"]) if "listen" in settings else (ANYWHERE, CALL_IN_PORT)
    shared = settings.get("shared", "no")
    if shared not in {"yes", "no"}:
        raise LineAddressError(
            gettext_noop("The line %(url)r says shared=%(shared)s; write yes or no."), url=url, shared=shared
        )
    return CallInAddress(
        name,
        host,
        port,
        shared=shared == "yes",
        hello=_hello(url, settings),
        heartbeat=_heartbeat(url, settings),
        wait_s=_wait(url, settings, CALL_IN_S, 0.01, 600),
    )


def _hello(url: str, settings: dict[str, str]) -> str | None:
    if "hello" not in settings:
        return None
    try:
        hello_pattern(settings["hello"])
    except ValueError as error:
        raise LineAddressError(
            gettext_noop("The line %(url)r has a hello that is no regular expression with the group name: %(reason)s."),
            url=url,
            reason=error,
        ) from error
    return settings["hello"]


def _heartbeat(url: str, settings: dict[str, str]) -> bytes:
    text = settings.get("heartbeat", "")
    try:
        heartbeat = bytes.fromhex(text)
    except ValueError:
        heartbeat = b"\0" * (HEARTBEAT_BYTES_MAX + 1)
    if len(heartbeat) > HEARTBEAT_BYTES_MAX:
        raise LineAddressError(
            gettext_noop("The line %(url)r has the heartbeat %(text)r; write up to %(most)s bytes in hex."),
            url=url,
            text=text,
            most=HEARTBEAT_BYTES_MAX,
        )
    return heartbeat


def _wait(url: str, settings: dict[str, str], usual_s: float, least_s: float, most_s: float) -> float:
    text = settings.get("wait")
    if text is None:
        return usual_s
    if not _SECONDS.fullmatch(text) or not least_s <= float(text) <= most_s:
        raise LineAddressError(
            gettext_noop("The line %(url)r waits %(text)r s; write %(least)s to %(most)s seconds."),
            url=url,
            text=text,
            least=f"{least_s:g}",
            most=f"{most_s:g}",
        )
    return float(text)


def _settings(url: str, query: str, known: Sequence[str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for setting in query.split("&") if query else ():
        name, _, value = setting.partition("=")
        if name not in known:
            raise LineAddressError(_unknown_setting(known), url=url, name=name, known=", ".join(known))
        if name in settings:
            raise LineAddressError(
                gettext_noop("The line %(url)r says %(name)s twice; say it once."), url=url, name=name
            )
        settings[name] = unquote(value)
    return settings


def _unknown_setting(known: Sequence[str]) -> str:
    if known is _SERIAL_SETTINGS:
        return gettext_noop("The line %(url)r has the setting %(name)r; a serial line has baud and format.")
    return gettext_noop("The line %(url)r has the setting %(name)r; a line of its kind has %(known)s.")
