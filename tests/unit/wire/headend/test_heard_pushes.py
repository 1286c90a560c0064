"""Pushes as a caller's bytes bring them: in the wrapper, in blocks, in frames of HDLC, in the clear or sealed."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from called_in import PUSH
from kilovatt.wire.headend.call_in.pushes import HeardPush, PushesOfACaller, Unasked, UnaskedFrames
from kilovatt.wire.protocols.dlms.apdu.general_block import GeneralBlock
from kilovatt.wire.protocols.dlms.association.ciphering import Ciphering
from kilovatt.wire.protocols.dlms.security.sealing import Keys, Sealer
from kilovatt.wire.protocols.framing.call_in import WrappedMessage
from kilovatt.wire.protocols.framing.hdlc.frames import Frame, Kind
from kilovatt.wire.protocols.framing.wrapper import wrapped
from kilovatt.wire.simulator.spodes.pushing import flags_pushed, framed

TITLE = bytes.fromhex("454D520000BC614E")
ANSWER = Frame(destination=b"\x21", source=b"\x02\x23", kind=Kind.RR, final=True, information=b"").encode()
ALARM = framed(flags_pushed(8))


def heard(*messages: bytes) -> list[HeardPush | None]:
    pushes = PushesOfACaller()
    return [
        pushes.hear(Unasked(WrappedMessage(1, 16, one), wrapped(one, source=1, destination=16))) for one in messages
    ]


def found(pieces: Sequence[bytes]) -> list[Unasked]:
    frames = UnaskedFrames()
    return [one for piece in pieces for one in frames.hear(piece)]


def sealed() -> bytes:
    sealer = Sealer(Keys(bytes(16), bytes(16)), title=TITLE, counter=1)
    return Ciphering(sealer, general=True).seal(PUSH)


def test_a_push_in_the_clear_tells_the_name_of_its_device() -> None:
    (push,) = heard(PUSH)
    assert push is not None
    assert (push.name, push.fault, push.frame) == ("EMR0222173608710", "", wrapped(PUSH, source=1, destination=16))


def test_a_sealed_push_is_known_by_the_title_it_bears() -> None:
    (push,) = heard(sealed())
    assert push is not None
    assert (push.said, push.name, push.title) == (None, TITLE.hex().upper(), TITLE)
    assert push.fault == "a sealed message, and no keys to open it"


def test_what_looks_sealed_and_is_cut_short_has_no_title() -> None:
    (push,) = heard(sealed()[:12])
    assert push is not None
    assert (push.said, push.name, push.title) == (None, "", None)


def test_a_push_in_blocks_is_one_and_its_frame_is_of_the_whole() -> None:
    parts = [PUSH[at : at + 100] for at in range(0, len(PUSH), 100)]
    blocks = [
        GeneralBlock(is_last=part is parts[-1], streaming=True, window=0, number=number, acknowledged=0, part=part)
        for number, part in enumerate(parts, start=1)
    ]
    *before, push = heard(*(block.encode() for block in blocks))
    assert before == [None, None]
    assert push is not None
    assert (push.message, push.frame) == (PUSH, wrapped(PUSH, source=1, destination=16))


def test_a_push_in_blocks_without_end_is_given_up_and_the_next_is_heard() -> None:
    def block(number: int, *, is_last: bool = False) -> bytes:
        part = bytes(30_000)
        made = GeneralBlock(
            is_last=is_last, streaming=True, window=0, number=number, acknowledged=0, part=b"" if is_last else part
        )
        return made.encode()

    first, second, third, after = heard(block(1), block(2), block(3), PUSH)
    assert (first, second) == (None, None)
    assert third is not None
    assert third.fault == "a push of more than 65536 bytes in all its blocks"
    assert after is not None
    assert after.name == "EMR0222173608710"


def test_a_caller_may_say_so_much_a_minute() -> None:
    pushes = PushesOfACaller()
    assert [pushes.are_too_many(1000.0 + second, 3) for second in (0, 1, 2, 3, 60, 61)] == [
        False,
        False,
        False,
        True,
        False,
        False,
    ]


def test_an_alarm_of_flags_alone_has_no_name() -> None:
    (push,) = heard(flags_pushed(8))
    assert push is not None
    assert push.name == ""


def test_a_frame_that_nobody_asked_for_is_found_beside_answers_and_noise() -> None:
    (unasked,) = found([b"\x00\x11", ANSWER + ALARM + ANSWER])
    assert unasked.frame == ALARM
    assert unasked.message == WrappedMessage(1, 16, flags_pushed(8))
    assert found([ANSWER, b"\x7e\xa0\x00\x7e", b"no flag here"]) == []


def test_an_unnumbered_frame_that_is_no_message_is_left() -> None:
    bare = Frame(destination=b"\x21", source=b"\x02\xfd", kind=Kind.UI, final=True, information=b"hello")
    assert found([bare.encode()]) == []


@given(st.lists(st.integers(0, len(ANSWER + ALARM)), max_size=4))
def test_any_split_of_the_stream_gives_the_same(cuts: list[int]) -> None:
    stream = ANSWER + ALARM
    ends = sorted({0, len(stream), *cuts})
    assert [one.frame for one in found([stream[a:b] for a, b in pairwise(ends)])] == [ALARM]


@given(st.binary(max_size=300))
def test_no_bytes_of_another_language_do_harm(noise: bytes) -> None:
    frames = UnaskedFrames()
    list(frames.hear(noise))
    # Whatever was begun there is over at the latest when as much came as a frame can have.
    list(frames.hear(b"\x7e" * 5000))
    assert [one.frame for one in frames.hear(ALARM)] == [ALARM]
