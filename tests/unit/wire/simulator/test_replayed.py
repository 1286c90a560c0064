"""A transcript answers as the meter did: in its order, in another, once more; and nothing it never heard."""

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.explain.transcript import Burst, Transcript, TranscriptHead
from kilovatt.wire.protocols.framing.seven_bits import with_parity
from kilovatt.wire.simulator.bus import SILENCE_S, Delivery
from kilovatt.wire.simulator.replayed import HEARD_BYTES_MAX, ReplayedBus

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
HEAD = TranscriptHead(language="dlms", model="spodes-1ph", zone="Europe/Moscow", began_at=NOW, by="kilovatt 0.1.0")


class Line:
    """A replayed meter, and whoever talks to it: each time after a silence unless it goes on at once."""

    def __init__(
        self,
        *said: tuple[int, Sequence[int | None], Sequence[tuple[int, Sequence[int | None]]]],
        real_time: bool = False,
    ) -> None:
        bursts: list[Burst] = []
        for sent_ms, request, answers in said:
            bursts.append(Burst(at_ms=sent_ms, came=False, octets=tuple(request)))
            bursts += [Burst(at_ms=at_ms, came=True, octets=tuple(answer)) for at_ms, answer in answers]
        self.bus = ReplayedBus(Transcript(HEAD, tuple(bursts)), in_real_time=real_time)
        self.now_s = 0.0

    def deliveries(self, data: bytes, *, at_once: bool = False) -> list[Delivery]:
        self.now_s += 0 if at_once else 2 * SILENCE_S
        return self.bus.hear(data, now=NOW, at_s=self.now_s)

    def ask(self, data: bytes, *, at_once: bool = False) -> bytes:
        return b"".join(one.data for one in self.deliveries(data, at_once=at_once))


def test_requests_are_answered_in_their_order_and_in_any_other() -> None:
    line = Line((0, b"A", [(1, b"a")]), (2, b"B", [(3, b"b")]), (4, b"C", [(5, b"c")]))
    assert [line.ask(it) for it in (b"A", b"B", b"C")] == [b"a", b"b", b"c"]
    assert [line.ask(it) for it in (b"C", b"A", b"A", b"B")] == [b"c", b"a", b"a", b"b"]
    assert line.bus.unheard == 0


def test_the_same_bytes_are_answered_each_in_its_place() -> None:
    # Acknowledgements of HDLC come around every eight frames.
    said = ((0, b"A", [(1, b"a")]), (2, b"R", [(3, b"a2")]), (4, b"B", [(5, b"b")]), (6, b"R", [(7, b"b2")]))
    line = Line(*said)
    assert [line.ask(it) for it in (b"A", b"R", b"B", b"R")] == [b"a", b"a2", b"b", b"b2"]
    # A session that asks the other way round is answered from where it is.
    assert [line.ask(it) for it in (b"B", b"R", b"A", b"R")] == [b"b", b"b2", b"a", b"a2"]


def test_silence_and_noise_come_again_and_then_the_answer() -> None:
    line = Line((0, b"A", []), (2000, b"A", [(2001, b"\xff")]), (4000, b"A", [(4001, b"a")]))
    assert [line.ask(b"A") for _ in range(5)] == [b"", b"\xff", b"a", b"a", b"a"]


def test_a_hidden_byte_stands_for_any_and_an_echo_gives_back_what_was_asked() -> None:
    line = Line((0, (1, None, None, 4), [(1, (1, None, None, 4)), (2, (None, 9))]))
    assert [one.data for one in line.deliveries(bytes((1, 7, 8, 4)))] == [bytes((1, 7, 8, 4)), bytes((0, 9))]
    assert line.ask(bytes((1, 7, 8, 5))) == b""
    line.bus.fall_silent()
    assert (line.bus.unheard, line.bus.first_unheard) == (1, bytes((1, 7, 8, 5)))


def test_what_it_never_heard_is_counted_and_not_answered() -> None:
    line = Line((0, b"AB", [(1, b"a")]))
    assert [line.ask(it) for it in (b"XY", b"A", b"AB", b"Z")] == [b"", b"", b"a", b""]
    line.bus.fall_silent()
    line.bus.fall_silent()
    assert (line.bus.unheard, line.bus.first_unheard) == (3, b"XY")


def test_requests_come_in_pieces_and_several_in_one() -> None:
    line = Line((0, b"AB", [(1, b"1")]), (2, b"CD", [(3, b"2")]), (4, b"ABE", [(5, b"3")]))
    assert [line.ask(b"A"), line.ask(b"B", at_once=True)] == [b"", b"1"]
    assert line.ask(b"CDABECDAB") == b"2321"
    # Behind a request there may be noise.
    assert line.ask(b"ABxx") == b"1"
    line.bus.fall_silent()
    assert line.bus.first_unheard == b"xx"


def test_the_parity_of_seven_bits_may_be_there_or_not() -> None:
    call, hidden = b"/?!\r\n", (0x01, 0x50, 0x31, 0x02, 0x28, None)
    line = Line((0, call, [(1, b"a")]), (2, hidden, [(3, b"b")]), (4, b"\x81\x80", [(5, b"c")]))
    assert [line.ask(it) for it in (with_parity(call), with_parity(b"\x01P1\x02(7"), call)] == [b"a", b"b", b"a"]
    # What has another parity is another request.
    assert line.ask(b"/?\xa1\r\n") == b""
    parity = Line((0, with_parity(call), [(1, b"a")]))
    assert [parity.ask(it) for it in (call, with_parity(call))] == [b"a", b"a"]


def test_pieces_of_an_answer_keep_their_distance() -> None:
    said = (1000, b"A", [(1500, b"a"), (1750, b"b")])
    quick, slow = Line(said), Line(said, real_time=True)
    assert [one.delay_s for one in quick.deliveries(b"A")] == [0.0, 0.25]
    assert [one.delay_s for one in slow.deliveries(b"A")] == [0.5, 0.75]
    silent = Line((0, b"A", []), real_time=True)
    assert silent.deliveries(b"A") == []


def test_a_flood_is_not_kept() -> None:
    line = Line((0, b"AB", [(1, b"a")]))
    for _ in range(3):
        line.ask(b"x" * (HEARD_BYTES_MAX // 2), at_once=True)
    assert line.bus.unheard == 1
    empty = ReplayedBus(Transcript(HEAD, (Burst(at_ms=0, came=True, octets=(1,)),)))
    assert empty.hear(b"A", now=NOW, at_s=0) == []


@given(st.lists(st.binary(min_size=1, max_size=6), min_size=1, max_size=6, unique=True), st.data())
def test_any_order_of_requests_gets_the_answers_it_got(requests: list[bytes], data: st.DataObject) -> None:
    line = Line(*((2 * place, asked, [(2 * place + 1, b"%d." % place)]) for place, asked in enumerate(requests)))
    for asked in data.draw(st.lists(st.sampled_from(requests), max_size=8)):
        assert line.ask(asked) == b"%d." % requests.index(asked)
    assert line.bus.unheard == 0
