"""Frames of HDLC: the standard's samples, lengths and checksums that lie, noise before a flag."""

from contextlib import suppress

import pytest
from fastcrc import crc16
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.framing.connection import LineFault, LocalProtocolError, RemoteProtocolError
from kilovatt.wire.protocols.framing.hdlc.frames import (
    Frame,
    FrameReader,
    Kind,
    client_address,
    decode_frame,
    sap_of,
    server_address,
)
from kilovatt.wire.protocols.framing.hdlc.link import HdlcLink
from kilovatt.wire.protocols.framing.hdlc.parameters import LinkLimits, decode_limits
from kilovatt.wire.protocols.framing.links import MessageReceived, WriteMore

# ГОСТ Р 58940-2020, clauses 12 and 13; the last seven from logs of a meter with short names and of GXDLMSDirector.
SAMPLES = (
    "7EA0080221215309177E",
    "7EA0082102211FA0D97E",
    "7EA0080221219305D17E",
    "7EA00821022173CA707E",
    "7EA01A0221213478A2E6E600C001C1000F0000280000FF0100F9797E",
    "7EA0192102217247DEE6E700C401C10009060000280000FFB66E7E",
    "7EA0080221419350B47E",
    "7EA008410221732EE97E",
    (
        "7EA043022141100D84E6E6006034A1090607608574050801018A0207808B0760857405080201AC088006526561646572BE10"
        "040E01000000065F1F040000101CFFFF28157E"
    ),
    (
        "7EA03841022130604DE6E7006129A109060760857405080101A203020100A305A103020100BE10040E0800065F1F04000010"
        "1C0400000706947E"
    ),
    "7EA01A022161541887E6E600C0018100030100150700FF0100BFB77E",
    "7EA01961022174C6ADE6E700C401810009060100150700FF9E707E",
    "7EA01A022161760885E6E600C0018100030100150700FF0200D79D7E",
    "7EA016610221962603E6E700C40181000500000000B7C27E",
    "7EA01A02216198788BE6E600C0018100030100150700FF03000F847E",
    "7EA017610221B81EC0E6E700C401810002020FFE161B127A7E",
    "7EA028022161544145E6E600C1018100080000010000FF0200090C07E00A1FFF082E2601000000F66D7E",
    "7EA01161022174E6F7E6E700C501810036CF7E",
    "7EA01D02216154C4B7E6E600C1018100010100000402FF020012000290C37E",
    "7EA02D022161541563E6E600C0018100070100620100FF020102020406000000030600000005120001120000B3C37E",
    (
        "7EA88A6102217447AFE6E700C401810001030213090C07DE0101050000000001A40006000000000600000000060000000006"
        "0000000006000000000600000000060000000006000000000600000000060000000006000000000600000000060000000006"
        "0000002C090C07DD0C01050000000001A4000600000000060000000006000000270213090C8D637E"
    ),
    "7EA008022161717F537E",
    (
        "7EA88A61022176558C07DE0201050000000001A4000600000000060000000006000000000600000000060000000006000000"
        "000600000000060000000006000000000600000000060000000006000000000600000000060000002C090C07DE0101050000"
        "000001A4000600000000060000000006000000270213090C07DE0301050000000001A4000631847E"
    ),
    "7EA0080221619171B47E",
    (
        "7EA06C610221780D540000000006000000000600000000060000000006000000000600000000060000000006000000000600"
        "0000000600000000060000000006000000000600000000060000002C090C07DE0201050000000001A4000600000000060000"
        "00000600000027317A7E"
    ),
    (
        "7EA04C0361547823E6E600C0018100070100620100FF0201010204020412000809060000010000FF0F02120000090C07DE0C"
        "0902000000FF000000090C07DF020100000000FF000000010092497E"
    ),
    "7EA0130361768746E6E600C0028100000001737F7E",
    "7EA013036198F748E6E600C0028100000002E84D7E",
    "7EA0070341935A647E",
    "7EA01E4103738E7F81801205018006013E07040000000108040000000107227E",
    (
        "7EA044034110B3E1E6E6006036A1090607608574050801028A0207808B0760857405080201AC0A80083030303030303030BE"
        "10040E01000000065F1F04001C0320FFFF0B877E"
    ),
    (
        "7EA0374103302179E6E7006128A109060760857405080102A203020100A305A103020100BE0F040D0800065F1F0400180220"
        "0960FA000AA87E"
    ),
    "7EA011034132E258E6E600050102FA08189E7E",
    "7EA01A02516132F001E6E600C00181000F0000280000FF0200949E7E",
    "7EA033610251520F35E6E700C402810000000001001C01010204120008110009060000010000FF0202010102030F011601009E7D7E",
)
REQUEST, SEGMENTS, ACKNOWLEDGEMENTS = SAMPLES[19], SAMPLES[20:25:2], SAMPLES[21:25:2]
# The standard's own tables 12.1, 12.3 and 13.2 have frames whose checksums were copied from other frames: as here.
OF_ANOTHER_FRAME = "7EA00802212193CA707E"
HEAD_OF_ANOTHER_FRAME = "7EA01961022174247DE6E700C401810009060100150700FF9E707E"
SAMPLE = bytes.fromhex(SAMPLES[4])


@pytest.mark.parametrize("text", SAMPLES)
def test_a_sample_is_read_and_written_to_the_same_bytes(text: str) -> None:
    wire = bytes.fromhex(text)
    assert decode_frame(wire).encode() == wire


def test_a_sample_says_who_speaks_to_whom() -> None:
    frame = decode_frame(SAMPLE)
    assert (frame.kind, frame.final, frame.send_number, frame.receive_number) == (Kind.I, True, 2, 1)
    assert frame.destination == server_address(1, 16, 2)
    assert frame.source == client_address(16)
    assert (sap_of(frame.source), sap_of(frame.destination)) == (16, 1)
    assert frame.information[:3].hex() == "e6e600"


def test_the_standards_answer_in_three_segments_is_put_together() -> None:
    link = HdlcLink(server_address(1, 16, 2), 48)
    link.open()
    link.receive(of_meter(Kind.UA))
    for number in range(2):
        # The exchanges before, of which only the numbers matter here.
        link.send(b"")
        link.receive(of_meter(Kind.I, b"\xe6\xe7\x00", send_number=number, receive_number=number + 1))
    request = bytes.fromhex(REQUEST)
    assert link.send(decode_frame(request).information[3:]) == request
    for segment, acknowledgement in zip(SEGMENTS, ACKNOWLEDGEMENTS, strict=False):
        assert link.receive(bytes.fromhex(segment)) == [WriteMore(bytes.fromhex(acknowledgement))]
    (received,) = link.receive(bytes.fromhex(SEGMENTS[-1]))
    assert isinstance(received, MessageReceived)
    # 128, 128 and 98 bytes of information, the first three of which are the LLC.
    assert len(received.message) == 354 - 3
    assert received.message[:8].hex() == "c401810001030213"
    assert received.message[-5:].hex() == "0600000027"


def of_meter(kind: Kind, information: bytes = b"", *, send_number: int = 0, receive_number: int = 0) -> bytes:
    return Frame(
        destination=client_address(48),
        source=server_address(1, 16, 2),
        kind=kind,
        final=True,
        information=information,
        send_number=send_number,
        receive_number=receive_number,
    ).encode()


@pytest.mark.parametrize(
    ("address", "wire"),
    [((1, None, 1), "03"), ((1, 16, 2), "0221"), ((1, 17, 4), "00020023"), ((1, 16_381, 4), "0002fefb")],
)
def test_addresses_have_one_two_or_four_bytes(address: tuple[int, int | None, int], wire: str) -> None:
    assert server_address(*address).hex() == wire


@pytest.mark.parametrize("address", [(1, 16, 3), (1, 128, 2), (128, 1, 2), (-1, 1, 2), (1 << 14, 0, 4)])
def test_an_address_that_does_not_fit_is_refused(address: tuple[int, int, int]) -> None:
    with pytest.raises(LocalProtocolError):
        server_address(*address)


def test_information_that_no_frame_may_have_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="at most 2030 bytes: got 2031"):
        Frame(destination=b"\x03", source=b"\x41", kind=Kind.UI, final=True, information=bytes(2031)).encode()


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        (HEAD_OF_ANOTHER_FRAME, "checksum \\(FCS\\) is wrong"),
        (OF_ANOTHER_FRAME, "checksum \\(FCS\\) is wrong"),
        ("7EA00802212193057E", "the frame says 8 bytes and has 7"),
        ("7EB0080221219305D17E", "frame format Bh"),
        ("7E7E", "at least seven bytes"),
        ("00A0080221219305D17E", "flags at both ends"),
    ],
)
def test_what_is_no_frame_is_refused_by_name(wire: str, words: str) -> None:
    with pytest.raises(RemoteProtocolError, match=words) as caught:
        decode_frame(bytes.fromhex(wire))
    assert caught.value.fault is LineFault.NOISE


def rebuilt(body: bytes) -> bytes:
    """A frame whose last checksum is right, whatever it covers."""
    head = (0xA000 | len(body) + 4).to_bytes(2, "big") + body
    return b"\x7e" + head + crc16.ibm_sdlc(head).to_bytes(2, "little") + b"\x7e"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("0221217400000102", "header's checksum"),
        ("022121740000", "header's checksum"),
        # The head's checksum is that of another frame, the last one is made right.
        ("61022174247DE6E700C401810009060100150700FF", "header's checksum"),
        # An address of three bytes.
        ("0202032173", "an address does not end"),
        ("0221219B", "control field 9Bh is none"),
        ("02020202027305", "an address does not end"),
        ("020202", "an address does not end"),
    ],
)
def test_a_frame_that_contradicts_itself_is_refused_by_name(body: str, words: str) -> None:
    with pytest.raises(RemoteProtocolError, match=words):
        decode_frame(rebuilt(bytes.fromhex(body)))


@given(st.integers(0, len(SAMPLE) * 8 - 1))
def test_no_flipped_bit_goes_unnoticed(bit: int) -> None:
    damaged = bytearray(SAMPLE)
    damaged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(RemoteProtocolError):
        decode_frame(bytes(damaged))


def frames_of(reader: FrameReader) -> list[bytes]:
    found = []
    while (frame := reader.next_frame()) is not None:
        found.append(frame.encode())
    return found


@given(st.lists(st.integers(1, 30), max_size=40))
def test_any_cut_of_the_stream_gives_the_same_frames(cuts: list[int]) -> None:
    wires = [bytes.fromhex(text) for text in SAMPLES]
    # Noise before the first flag, two flags between some frames and one between others.
    stream = b"\x00\xff\x55" + wires[0] + b"".join(wire[1:] for wire in wires[1:4]) + b"".join(wires[4:])
    reader, found, at = FrameReader(), list[bytes](), 0
    for size in [*cuts, len(stream)]:
        reader.feed(stream[at : at + size])
        found += frames_of(reader)
        at += size
    assert found == wires
    assert reader.is_empty


def test_a_line_that_only_babbles_is_given_up() -> None:
    reader = FrameReader()
    reader.feed(bytes(600))
    with pytest.raises(RemoteProtocolError, match="more than 512 bytes without a frame"):
        reader.next_frame()
    reader.feed(SAMPLE)
    assert frames_of(reader) == [SAMPLE]


def test_after_a_damaged_frame_the_next_is_read() -> None:
    reader = FrameReader()
    reader.feed(bytes.fromhex(OF_ANOTHER_FRAME) + SAMPLE)
    with pytest.raises(RemoteProtocolError):
        reader.next_frame()
    assert frames_of(reader) == [SAMPLE]
    reader.feed(SAMPLE[:9])
    assert not frames_of(reader)
    assert not reader.is_empty
    reader.clear()
    assert reader.is_empty


@given(st.binary(max_size=60), st.integers(0, len(SAMPLE)), st.integers(0, 255))
def test_whatever_comes_raises_nothing_but_protocol_errors(noise: bytes, at: int, byte: int) -> None:
    reader = FrameReader()
    reader.feed(noise + SAMPLE[:at] + bytes((byte,)) + SAMPLE[at:] + noise)
    for _ in range(200):
        with suppress(RemoteProtocolError):
            if reader.next_frame() is None:
                return
    pytest.fail("no end of frames")


def test_limits_are_read_as_meters_write_them() -> None:
    # 128 and 62 bytes, one frame each way.
    asymmetric = decode_limits(bytes.fromhex("81801205018006013E0704000000010804000000010"[:-1]))
    assert (asymmetric.transmit_info, asymmetric.receive_info) == (128, 62)
    assert decode_limits(b"") == LinkLimits()
    assert decode_limits(bytes.fromhex("818003050110")).transmit_info == 32
    wide = LinkLimits(transmit_info=2030, receive_info=300, transmit_window=7, receive_window=3)
    assert decode_limits(wide.encode()) == wide
    assert LinkLimits().encode() == b""


def test_each_end_agrees_to_what_the_other_can() -> None:
    ours = LinkLimits(transmit_info=512, receive_info=1024, transmit_window=3, receive_window=2)
    theirs = LinkLimits(transmit_info=256, receive_info=128, transmit_window=7, receive_window=1)
    assert ours.agreed_with(theirs) == LinkLimits(
        transmit_info=128, receive_info=256, transmit_window=1, receive_window=2
    )


@pytest.mark.parametrize("wire", ["8180", "818001", "81800105", "8180020500", "81800205F0", "00800105"])
def test_link_parameters_that_are_none_are_refused(wire: str) -> None:
    with pytest.raises(RemoteProtocolError):
        decode_limits(bytes.fromhex(wire))


@pytest.mark.parametrize("limits", [{"transmit_info": 31}, {"receive_info": 2031}, {"transmit_window": 8}])
def test_limits_beyond_the_standards_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(LocalProtocolError):
        LinkLimits(**limits)
