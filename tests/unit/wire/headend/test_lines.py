import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.headend.lines import (
    SPEEDS_BAUD,
    CallInAddress,
    LineAddress,
    LineAddressError,
    LineSpec,
    ModemAddress,
    SerialAddress,
    TcpAddress,
    UdpAddress,
    parse_address,
)
from kilovatt.wire.headend.patience import gap_s
from kilovatt.wire.protocols.framing.connection import LineSpeed


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("tcp://10.0.0.5:4001", TcpAddress("10.0.0.5", 4001)),
        ("tcp://10.0.0.5:4001?baud=2400", TcpAddress("10.0.0.5", 4001, 2400)),
        ("tcp://moxa-7.sad.example:50", TcpAddress("moxa-7.sad.example", 50)),
        ("tcp://[::1]:4001", TcpAddress("::1", 4001)),
        ("tcp://[fe80::1%eth0]:65535", TcpAddress("fe80::1%eth0", 65535)),
        ("udp://10.0.0.5:4059", UdpAddress("10.0.0.5", 4059)),
        ("udp://[::1]:4059", UdpAddress("::1", 4059)),
        ("serial:///dev/ttyUSB0", SerialAddress("/dev/ttyUSB0")),
        ("serial:///dev/ttyUSB0?baud=2400&format=7E1", SerialAddress("/dev/ttyUSB0", 2400, 7, "E", 1)),
        ("serial:///dev/ttyS1?format=8o2", SerialAddress("/dev/ttyS1", 9600, 8, "O", 2)),
        ("serial:///dev/serial/by-id/usb%20head", SerialAddress("/dev/serial/by-id/usb head")),
        (
            "modem:///dev/ttyUSB0?dial=+79161234567",
            ModemAddress(SerialAddress("/dev/ttyUSB0"), "+79161234567", "71,0,1", 60.0),
        ),
        (
            "modem:///dev/ttyUSB0?baud=115200&dial=%2B79161234567&bearer=7,0,1&wait=90",
            ModemAddress(SerialAddress("/dev/ttyUSB0", 115_200), "+79161234567", "7,0,1", 90.0),
        ),
        ("modem://10.0.0.5:4001?dial=88442&bearer=none", ModemAddress(TcpAddress("10.0.0.5", 4001), "88442", None)),
        ("callin://861234567890123", CallInAddress("861234567890123", "0.0.0.0", 5009)),
        (
            "callin://pump-7?listen=[::]:6000&shared=yes&wait=1.5&hello=%23(?P%3Cname%3E.*)&heartbeat=B5BC",
            CallInAddress("pump-7", "::", 6000, True, "#(?P<name>.*)", b"\xb5\xbc", 1.5),
        ),
    ],
)
def test_a_line_is_named_by_its_address(url: str, address: LineAddress) -> None:
    assert parse_address(url) == address
    assert LineSpec(line_id=1, url=url).address == address


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        (
            "10.0.0.5:4001",
            "does not say how to reach it: write tcp://HOST:PORT, udp://HOST:PORT, serial:///dev/ttyUSB0",
        ),
        ("http://10.0.0.5:4001", "begins with 'http', which is not known"),
        ("udp://10.0.0.5", "names no port: write udp://HOST:PORT."),
        ("TCP://10.0.0.5:4001", "begins with 'TCP', which is not known"),
        ("tcp://10.0.0.5", "names no port: write tcp://HOST:PORT."),
        ("tcp://:4001", "names no port"),
        ("tcp://user@host:4001", "has the host 'user@host', which is no host name or address"),
        ("tcp://::1:4001", "has the host '::1'"),
        ("tcp://a b:4001", "has the host 'a b'"),
        ("tcp://host:0", "has the port '0'; a port is a number from 1 to 65535"),
        ("tcp://host:65536", "has the port '65536'"),
        ("tcp://host:4001/", "has the port '4001/'"),
        ("tcp://host:1?baud=9601", "asks for '9601' baud; a speed is one of 300, 600,"),
        ("tcp://host:1?format=8N1", "has the setting 'format'; a line of its kind has baud."),
        ("udp://host:1?baud=9600", "has the port '1?baud=9600'"),
        ("tcp://host:+1", "has the port '+1'"),
        ("tcp://host:٤", "has the port"),
        ("serial://dev/ttyUSB0", "with three slashes"),
        ("serial:///dev/", "with three slashes"),
        ("serial:///dev/ttyUSB0?baud=9601", "asks for '9601' baud; a speed is one of 300, 600,"),
        ("serial:///dev/ttyUSB0?baud=", "asks for '' baud"),
        ("serial:///dev/ttyUSB0?format=9N1", "has the format '9N1'; write data bits, parity and stop bits"),
        ("serial:///dev/ttyUSB0?speed=9600", "has the setting 'speed'; a serial line has baud and format"),
        ("serial:///dev/ttyUSB0?baud=9600&baud=300", "says baud twice"),
        ("modem:///dev/ttyUSB0", "has no number to call: write it as in dial=+79161234567"),
        ("modem:///dev/ttyUSB0?dial=+7916;ATH", "has no number to call"),
        ("modem:///dev/ttyUSB0?dial=1&baud=9601", "asks for '9601' baud"),
        ("modem:///dev/ttyUSB0?dial=1&bearer=fast", "has the bearer 'fast'; write three numbers as in 71,0,1, or none"),
        ("modem:///dev/ttyUSB0?dial=1&wait=0", "waits '0' s; write 1 to 180 seconds"),
        ("modem:///dev/ttyUSB0?dial=1&wait=soon", "waits 'soon' s"),
        ("modem://10.0.0.5?dial=1", "names no port: write modem://HOST:PORT"),
        ("modem://10.0.0.5:1?dial=1&baud=9600", "has the setting 'baud'; a line of its kind has dial, bearer, wait"),
        ("callin://", "names no modem: write callin:// and its IMEI"),
        ("callin://a%20b", "names no modem"),
        ("callin://a?listen=5009", "names no port: write callin://HOST:PORT"),
        ("callin://a?shared=maybe", "says shared=maybe; write yes or no"),
        ("callin://a?hello=(", "has a hello that is no regular expression with the group name: "),
        ("callin://a?hello=abc", "has a hello that is no regular expression with the group name: it has no group"),
        ("callin://a?heartbeat=B", "has the heartbeat 'B'; write up to 32 bytes in hex"),
        ("callin://a?heartbeat=" + "00" * 33, "write up to 32 bytes in hex"),
        ("callin://a?wait=1000", "waits '1000' s; write 0.01 to 600 seconds"),
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(url: str, complaint: str) -> None:
    with pytest.raises(LineAddressError) as refused:
        parse_address(url)
    sentence = str(refused.value)
    assert complaint in sentence
    assert sentence.startswith(f"The line {url!r} ")
    assert sentence.endswith(".")


def test_lines_through_modems_are_called_by_what_a_person_knows_of_them() -> None:
    assert str(parse_address("modem:///dev/ttyS1?dial=112")) == "112 through the modem at /dev/ttyS1"
    assert str(parse_address("callin://861234567890123")) == "861234567890123"
    address = parse_address("callin://a?listen=[::]:6000")
    assert isinstance(address, CallInAddress)
    assert address.place == "[::]:6000"


def test_a_line_with_a_wrong_address_is_refused_when_it_is_stated_not_when_it_is_read() -> None:
    with pytest.raises(LineAddressError):
        LineSpec(line_id=1, url="nowhere")


@given(st.text(max_size=40))
def test_no_text_upsets_the_parser(text: str) -> None:
    for url in (
        text,
        f"tcp://{text}",
        f"udp://{text}",
        f"serial://{text}",
        f"serial:///dev/x?{text}",
        f"modem://{text}",
        f"modem:///dev/x?dial=1&{text}",
        f"callin://{text}",
        f"callin://a?{text}",
    ):
        try:
            address = parse_address(url)
        except LineAddressError as refused:
            assert str(refused).endswith(".")  # noqa: PT017
        else:
            assert isinstance(address, LineAddress)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"answer_timeout_s": 0.0}, "answer_timeout_s of a line is 0.01 to 60; got 0.0"),
        ({"answer_timeout_s": 61.0}, "answer_timeout_s of a line is 0.01 to 60"),
        ({"quiet_s": 0.001}, "quiet_s of a line is 0.005 to 1.0"),
        ({"answer_timeout_s": 1.0, "quiet_s": 1.1}, "quiet_s of a line is 0.005 to 1.0"),
        ({"late_window_s": -1.0}, "late_window_s of a line is 0 to 90"),
        ({"tries": 0}, "tries of a line is 1 to 10; got 0"),
        ({"tries": 11}, "tries of a line is 1 to 10"),
        ({"connect_timeout_s": 0.0}, "connect_timeout_s of a line is 0.01 to 120"),
        ({"turnaround_s": 1.5}, "turnaround_s of a line is 0 to 1"),
        ({"answer_timeout_s": float("nan")}, "answer_timeout_s of a line"),
    ],
)
def test_the_patience_of_a_line_has_bounds(settings: dict[str, float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        LineSpec(line_id=1, url="tcp://host:1", **settings)  # type: ignore[arg-type]  # a number of tries is whole


def test_a_serial_line_rests_after_an_answer_unless_told_otherwise() -> None:
    assert LineSpec(line_id=1, url="tcp://host:1").rest_s == 0
    assert LineSpec(line_id=1, url="serial:///dev/ttyUSB0").rest_s == 0.02
    assert LineSpec(line_id=1, url="serial:///dev/ttyUSB0", turnaround_s=0.0).rest_s == 0


def test_an_answer_is_waited_for_half_as_long_again_after_its_time() -> None:
    assert LineSpec(line_id=1, url="tcp://host:1", answer_timeout_s=2.0).late_s == 3.0
    assert LineSpec(line_id=1, url="tcp://host:1", late_window_s=0.2).late_s == 0.2


def test_an_address_is_said_as_people_say_it() -> None:
    assert str(TcpAddress("gateway", 4001)) == "gateway:4001"
    assert str(UdpAddress("meter", 4059)) == "meter:4059"
    assert str(TcpAddress("::1", 4001)) == "[::1]:4001"
    assert str(SerialAddress("/dev/ttyUSB0", 2400)) == "/dev/ttyUSB0"


@pytest.mark.parametrize(
    ("url", "answer_timeout_s", "quiet_s"),
    [
        ("tcp://host:1", 1.0, 0.1),
        ("udp://host:1", 1.0, 0.1),
        # 30 ms for what stands between, and 15 characters of 11 bits.
        ("tcp://host:1?baud=9600", 1.0, 0.0471875),
        ("serial:///dev/ttyUSB0", 1.0, 0.0471875),
        ("serial:///dev/ttyUSB0?baud=115200", 1.0, 0.0314),
        ("serial:///dev/ttyUSB0?baud=2400", 1.0, 0.09875),
        # A request of 64 characters takes 2.3 s by itself, and a character 37 ms.
        ("serial:///dev/ttyUSB0?baud=300", 2.7467, 0.58),
        ("modem:///dev/ttyUSB0?dial=112", 5.0, 0.5),
        ("modem://host:1?dial=112", 5.0, 0.5),
        ("callin://861234567890123", 5.0, 0.5),
    ],
)
def test_a_line_is_as_patient_as_its_kind_and_speed_need_unless_it_is_stated(
    url: str, answer_timeout_s: float, quiet_s: float
) -> None:
    spec = LineSpec(line_id=1, url=url)
    assert (spec.answer_timeout_s, spec.quiet_s) == pytest.approx((answer_timeout_s, quiet_s), abs=1e-4)
    stated = LineSpec(line_id=1, url=url, answer_timeout_s=2.0, quiet_s=0.2)
    assert (stated.answer_timeout_s, stated.quiet_s) == (2.0, 0.2)


def test_what_is_stated_of_a_line_goes_before_what_is_usual() -> None:
    assert LineSpec(line_id=1, url="callin://x", answer_timeout_s=0.2).quiet_s == 0.2
    assert LineSpec(line_id=1, url="tcp://host:1", quiet_s=3.0).answer_timeout_s == 3.0


@pytest.mark.parametrize("baud", SPEEDS_BAUD)
def test_the_silence_that_ends_an_answer_is_longer_than_any_pause_makers_allow(baud: int) -> None:
    # Three and a half characters (Modbus), six (Меркурий-206); Меркурий-230: 5 ms at 9600 baud, 10 at 4800, 20 at 2400.
    assert gap_s(baud) > max(6 * 11 / baud, 5e-3 * 9600 / baud)
    # And than an adapter takes that delivers every 16 ms.
    assert gap_s(baud) > 0.016 + 11 / baud


def test_an_answer_at_a_slower_speed_than_the_lines_own_may_pause_for_longer() -> None:
    spec = LineSpec(line_id=1, url="serial:///dev/ttyUSB0?baud=9600")
    assert spec.quiet_at(None) == spec.quiet_s
    assert spec.quiet_at(LineSpeed(300)) == gap_s(300)
    assert spec.quiet_at(LineSpeed(115_200)) == spec.quiet_s
