"""What passes a line is written down as it goes on, and no secret is in it: not sent, not echoed, not damaged."""

import io
from datetime import UTC, datetime

from hypothesis import assume, given
from hypothesis import strategies as st

from kilovatt.wire.explain.transcript import Octets, Transcript, TranscriptHead, parse_transcript
from kilovatt.wire.headend.captured import BURST_S, Capture, hidden_in
from kilovatt.wire.protocols.framing.connection import Outgoing

HEAD = TranscriptHead(
    language="mercury-v2",
    model="mercury-234-art-03",
    zone="Europe/Moscow",
    began_at=datetime(2026, 11, 24, 6, 0, tzinfo=UTC),
    by="kilovatt 0.1.0",
)
# Mercury: address, code, level, six digits of a password, checksum.
OPENING = Outgoing(bytes.fromhex("43010107030802090155AA"), ((3, 9), (9, 11)))
ZEROS = Outgoing(bytes.fromhex("43010100000000000055AA"), ((3, 9), (9, 11)))
ASKING = Outgoing(bytes.fromhex("43080087D4"))
ANSWER = bytes.fromhex("43003080")


class Stopwatch:
    """Real seconds, by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def captured() -> tuple[Capture, io.StringIO, Stopwatch]:
    file, stopwatch = io.StringIO(), Stopwatch()
    return Capture(file, HEAD, stopwatch_s=stopwatch), file, stopwatch


def read(file: io.StringIO) -> Transcript:
    return parse_transcript(file.getvalue())


def masked(octets: Octets) -> str:
    return " ".join("**" if octet is None else f"{octet:02X}" for octet in octets)


def test_a_session_is_written_as_it_goes_on() -> None:
    capture, file, stopwatch = captured()
    capture.sent(OPENING)
    stopwatch.now_s += 0.25
    capture.heard(ANSWER[:1])
    stopwatch.now_s += BURST_S / 2
    capture.heard(ANSWER[1:])
    # What is not over yet is not in the file; what was before is.
    assert len(read(file).bursts) == 1
    stopwatch.now_s += 1
    capture.heard(b"late")
    capture.sent(ASKING)
    capture.sent(ASKING)
    assert not read(file).finished
    capture.remark("the connection was lost")
    capture.end()
    transcript = read(file)
    assert transcript.head == HEAD
    assert transcript.finished
    assert [(burst.at_ms, burst.came, masked(burst.octets)) for burst in transcript.bursts] == [
        (0, False, "43 01 01 ** ** ** ** ** ** ** **"),
        (250, True, "43 00 30 80"),
        (1275, True, "6C 61 74 65"),
        (1275, False, "43 08 00 87 D4"),
        (1275, False, "43 08 00 87 D4"),
    ]
    assert "# the connection was lost\n" in file.getvalue()


def test_nothing_sent_is_nothing_written() -> None:
    capture, file, _ = captured()
    capture.sent(Outgoing(b""))
    capture.flush()
    assert read(file).bursts == ()


def test_a_file_that_fails_ends_the_capture_and_not_the_session() -> None:
    class FullDisk(io.StringIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    capture = Capture(FullDisk(), HEAD)
    assert capture.failed is not None
    capture.sent(ASKING)
    capture.end()
    assert capture.failed.strerror == "No space left on device"


def test_of_a_clean_echo_the_secret_alone_is_hidden() -> None:
    hidden = "43 01 01 ** ** ** ** ** ** ** **"
    assert masked(hidden_in(OPENING.data, [OPENING])) == hidden
    assert masked(hidden_in(OPENING.data + ANSWER, [OPENING])) == f"{hidden} 43 00 30 80"
    assert masked(hidden_in(b"\xff" + OPENING.data + ANSWER, [OPENING])) == f"FF {hidden} 43 00 30 80"
    assert masked(hidden_in(OPENING.data + ZEROS.data, [ZEROS, OPENING])) == f"{hidden} {hidden}"


def test_a_damaged_or_cut_echo_is_hidden_whole() -> None:
    for echo in (
        OPENING.data[:4] + b"\xff" + OPENING.data[5:],
        OPENING.data[:8],
        OPENING.data[2:],
    ):
        assert hidden_in(echo, [OPENING]) == (None,) * len(echo)


def test_answers_are_kept_whatever_the_password() -> None:
    zeros = bytes.fromhex("43 00 00 00 00 00 00 00 00 FF 12 34")
    for secrets in ([OPENING], [ZEROS], [ZEROS, OPENING, ASKING]):
        assert hidden_in(ANSWER, secrets) == tuple(ANSWER)
        assert hidden_in(ASKING.data, secrets) == tuple(ASKING.data)
        assert hidden_in(b"", secrets) == ()
        assert hidden_in(zeros, [OPENING]) == tuple(zeros)
    # Of a password of zeros an echo is known by what stands around it.
    assert None in hidden_in(ZEROS.data[:5] + b"\x11" + ZEROS.data[6:], [ZEROS])


secrets = st.lists(st.integers(0, 9), min_size=6, max_size=6).map(bytes).filter(lambda told: len(set(told)) > 2)


@given(secrets, st.binary(max_size=12), st.binary(max_size=12), st.integers(0, 10), st.integers(1, 255))
def test_no_whole_secret_and_no_echo_with_a_changed_byte_is_left(
    secret: bytes, before: bytes, behind: bytes, place: int, change: int
) -> None:
    asked = Outgoing(b"\x43\x01\x01" + secret + b"\x55\xaa", ((3, 9), (9, 11)))
    left = hidden_in(before + secret + behind, [asked])
    assert secret not in bytes(octet for octet in left if octet is not None)
    echo = bytearray(asked.data)
    echo[place] ^= change
    assume(not bytes(echo).startswith(asked.data))
    assert set(hidden_in(bytes(echo), [asked])) == {None}
