"""Exchanges that change the speed of their line, and words that are not answered."""

from dataclasses import dataclass, field

from kilovatt.wire.drivers.conversation import Conversation, ask
from kilovatt.wire.headend.channels import Channel
from kilovatt.wire.protocols.framing.connection import LineSpeed
from kilovatt.wire.protocols.iec62056_21.connection import Iec62056Connection
from kilovatt.wire.protocols.iec62056_21.frames import BlockCheck, answer_frame
from kilovatt.wire.protocols.iec62056_21.requests import Break, ReadOut, ReadParameter
from unit.wire.headend.bench import Bench, Delivery, ScriptedChannel, run

FAST = LineSpeed(9600, data_bits=7, parity="E")
CALL, CHOICE = b"/?7!\r\n", b"\x06050\r\n"
READOUT = answer_frame("1.8.0(12.34*kWh)\r\n!\r\n", BlockCheck.XOR)
VOLTS = answer_frame("VOLTA(237.58)\r\n", BlockCheck.SUM)
ANSWERS = {
    CALL: b"/LGZ5X\r\n",
    CHOICE: READOUT,
    b"\x06051\r\n": b"\x01P0\x02(7)\x03" + bytes([sum(b"P0\x02(7)\x03") & 0x7F]),
    b"\x01P1\x02(1)\x03" + bytes([sum(b"P1\x02(1)\x03") & 0x7F]): b"\x06",
    b"\x01R1\x02VOLTA()\x03\x5f": VOLTS,
}


@dataclass
class ChangingChannel(ScriptedChannel):
    """Remembers what was written and where the speed changed, in order."""

    story: list[object] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        self.story.append(data)
        super().write(data)

    def go_at(self, speed: LineSpeed | None, *, once_sent: bool = False) -> None:
        self.story.append((speed, once_sent))


def answered(_: int, request: bytes) -> list[Delivery]:
    answer = ANSWERS.get(request)
    return [] if answer is None else [(0.01, answer)]


def bench(check: BlockCheck, **settings: float) -> tuple[Bench, ChangingChannel]:
    desk = Bench(answered, **settings)
    channel = ChangingChannel(answered)
    desk.channel = channel
    desk.connection = Iec62056Connection("7", "1", check=check)
    return desk, channel


def test_a_readout_is_called_at_the_lines_own_speed_and_comes_at_another_each_time() -> None:
    def twice() -> Conversation[None]:
        yield from ask(ReadOut())
        yield from ask(ReadOut())

    async def job() -> list[object]:
        desk, channel = bench(BlockCheck.XOR)
        await desk.carry(twice())
        return channel.story

    # A line that has not changed its speed is not told to.
    once = [CALL, CHOICE, (FAST, True)]
    assert run(job()) == [*once, (None, False), *once]


def test_what_is_asked_within_a_session_goes_at_the_speed_of_the_session() -> None:
    def volts() -> Conversation[tuple[str, ...]]:
        answer = yield from ask(ReadParameter("VOLTA"))
        return answer.value

    async def job() -> tuple[tuple[str, ...], list[object]]:
        desk, channel = bench(BlockCheck.SUM)
        return await desk.carry(volts()), channel.story

    values, story = run(job())
    assert values == ("237.58",)
    assert [told for told in story if isinstance(told, tuple)] == [(FAST, True), (FAST, False)]


def test_a_farewell_is_not_waited_for_and_the_next_word_keeps_its_distance() -> None:
    def part_and_meet() -> Conversation[None]:
        farewell = yield from ask(Break())
        assert farewell.value is None
        yield from ask(ReadOut())

    async def job() -> tuple[list[tuple[float, bytes]], int]:
        desk, channel = bench(BlockCheck.SUM, answer_timeout_s=30.0, quiet_s=0.2)
        desk.connection = Iec62056Connection("7", "1", check=BlockCheck.XOR)
        await desk.carry(part_and_meet())
        return channel.written, desk.record.exchanges_made

    written, exchanges = run(job())
    assert [data for _, data in written] == [b"\x01B0\x03\x71", CALL, CHOICE]
    assert (written[0][0], written[1][0]) == (0.0, 0.2)
    assert exchanges == 2


def test_a_gateway_keeps_its_speed() -> None:
    class Gateway(Channel):
        written = b""

        def write(self, data: bytes) -> None:
            self.written += data

        async def close(self) -> None:
            self.lost_because = "closed"

    gateway = Gateway()
    gateway.go_at(FAST, once_sent=True)
    gateway.write(b"1")
    assert (gateway.written, gateway.lost_because) == (b"1", None)
