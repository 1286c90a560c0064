"""Strangers where calls are received: garbage, slow bytes, crowds, and names that are not theirs."""

import asyncio

import pytest

from called_in import ATM21, PUSH, calling, calls_of, endings, line_of, reception, until
from kilovatt.wire.headend.call_in.happenings import (
    CallEnded,
    Happening,
    ModemCalled,
    ModemGone,
    PushCame,
    TurnedAway,
)
from kilovatt.wire.headend.call_in.reception import CallInLimits
from kilovatt.wire.headend.channels import NoRouteError
from kilovatt.wire.protocols.dlms.apdu.notifications import DataNotification
from kilovatt.wire.protocols.dlms.values import DoubleLongUnsigned
from kilovatt.wire.protocols.framing.call_in import IRZ_HEARTBEAT
from kilovatt.wire.protocols.framing.wrapper import wrapped
from kilovatt.wire.simulator.calling import IMEI, CallingModem
from kilovatt.wire.simulator.spodes.pushing import flags_pushed, framed


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"A" * 600, bytes(100)])
def test_garbage_is_hung_up_on(garbage: bytes) -> None:
    async def job() -> list[Happening]:
        async with reception() as (_, port, happened):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(garbage)
            with pytest.raises(ConnectionError):
                await _read_to_the_end(reader)
            writer.close()
            return happened

    (ended,) = asyncio.run(job())
    assert isinstance(ended, CallEnded)
    assert ended.why is TurnedAway.NO_HELLO
    assert ended.heard


async def _read_to_the_end(reader: asyncio.StreamReader) -> None:
    async with asyncio.timeout(5):
        if not await reader.read():
            raise ConnectionError("hung up")


def test_slow_bytes_win_no_time() -> None:
    async def job() -> list[TurnedAway]:
        async with reception(limits=CallInLimits(hello_s=0.3)) as (_, port, happened):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            for byte in ATM21[:60]:
                writer.write(bytes((byte,)))
                await asyncio.sleep(0.03)
                if happened:
                    break
            await until(lambda: bool(happened))
            writer.close()
            return endings(happened)

    assert asyncio.run(job()) == [TurnedAway.TOO_SLOW]


def test_half_a_hello_is_told_of_without_the_password_in_it() -> None:
    async def job() -> Happening:
        async with reception(limits=CallInLimits(hello_s=0.1)) as (_, port, happened):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ATM21[: ATM21.index(b"TYP") - 1])
            await until(lambda: bool(happened))
            writer.close()
            return happened[0]

    ended = asyncio.run(job())
    assert isinstance(ended, CallEnded)
    assert ended.why is TurnedAway.TOO_SLOW
    heard = bytes.fromhex(ended.heard)
    assert (b"PSW=*" in heard, b"5492" in heard) == (True, False)


def test_who_pushes_too_much_is_heard_no_more_though_more_of_it_has_come() -> None:
    async def job() -> list[Happening]:
        async with reception(limits=CallInLimits(pushes_per_minute_max=3)) as (_, port, happened):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ATM21 + b"\n" + framed(flags_pushed(8)) * 20)
            await until(lambda: any(isinstance(one, ModemGone) for one in happened))
            writer.close()
            return list(happened)

    happened = asyncio.run(job())
    assert endings(happened) == [TurnedAway.TOO_MANY_PUSHES]
    assert sum(isinstance(one, PushCame) for one in happened) == 3


def test_what_an_impostor_pushes_is_not_handed_on() -> None:
    async def job() -> list[Happening]:
        async with reception(limits=CallInLimits(replacements_max=1)) as (_, port, happened):
            writers = []
            for number in range(3):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(wrapped(PUSH, source=1, destination=32))
                writers.append(writer)
                await until(lambda seen=number + 1: len(calls_of(happened)) + len(endings(happened)) == seen)  # type: ignore[misc]
            for writer in writers:
                writer.close()
            return list(happened)

    happened = asyncio.run(job())
    assert endings(happened) == [TurnedAway.CONTESTED]
    assert sum(isinstance(one, PushCame) for one in happened) == 2


def test_of_too_many_strangers_the_oldest_go_and_a_modem_stays() -> None:
    limits = CallInLimits(strangers_max=20, strangers_per_address_max=10, settling_s=0.0)

    async def job() -> tuple[int, list[str], list[TurnedAway]]:
        place = reception(limits=limits)
        async with place as (received, port, happened), calling(CallingModem(line_of()), port):
            channel = await received.line_to(IMEI, 5.0)
            await channel.close()
            writers = [(await asyncio.open_connection("127.0.0.1", port))[1] for _ in range(100)]
            await until(lambda: len(endings(happened)) == 90)
            there = len(received), received.names(), endings(happened)
            for writer in writers:
                writer.close()
            return there

    calls, names, ended = asyncio.run(job())
    assert (calls, names, set(ended)) == (11, [IMEI], {TurnedAway.TOO_MANY})


@pytest.mark.parametrize(
    "limits",
    [
        CallInLimits(calls_max=5),
        CallInLimits(calls_per_address_max=5),
        CallInLimits(strangers_max=5, settling_s=0.0),
    ],
)
def test_every_limit_holds(limits: CallInLimits) -> None:
    async def job() -> tuple[int, int]:
        async with reception(limits=limits) as (received, port, happened):
            writers = [(await asyncio.open_connection("127.0.0.1", port))[1] for _ in range(12)]
            await until(lambda: len(endings(happened)) == 7)
            there = len(received), len(endings(happened))
            for writer in writers:
                writer.close()
            return there

    assert asyncio.run(job()) == (5, 7)


def test_a_modem_that_is_read_is_never_hung_up_on_for_a_stranger() -> None:
    async def job() -> tuple[list[str], list[TurnedAway]]:
        place = reception(limits=CallInLimits(calls_max=1))
        async with place as (received, port, happened), calling(CallingModem(line_of()), port):
            channel = await received.line_to(IMEI, 5.0)
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            await until(lambda: bool(endings(happened)))
            read_on = received.names(), endings(happened)
            await channel.close()
            writer.close()
            # Once it is idle it has to make room for who comes.
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            await until(lambda: not received.names())
            writer.close()
            return read_on

    assert asyncio.run(job()) == ([IMEI], [TurnedAway.TOO_MANY])


def test_a_modem_without_a_heartbeat_is_given_up() -> None:
    async def job() -> list[Happening]:
        async with reception(limits=CallInLimits(idle_s=0.3)) as (received, port, happened):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ATM21 + b"\n")
            for _ in range(4):
                await asyncio.sleep(0.1)
                writer.write(IRZ_HEARTBEAT)
            assert received.names() == [IMEI]
            await until(lambda: not received.names())
            writer.close()
            return happened

    called, ended, gone = asyncio.run(job())
    assert isinstance(called, ModemCalled)
    assert isinstance(ended, CallEnded)
    assert ended.why is TurnedAway.FELL_SILENT
    assert isinstance(gone, ModemGone)
    assert gone.because == "it fell silent"


def test_a_forged_imei_is_turned_away_and_told_of_while_the_modem_is_connected() -> None:
    async def job() -> tuple[list[str], list[Happening]]:
        async with reception() as (received, port, happened), calling(CallingModem(line_of()), port):
            channel = await received.line_to(IMEI, 5.0)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ATM21.replace(b"5492", b"0000") + b"\n")
            with pytest.raises(ConnectionError):
                await _read_to_the_end(reader)
            writer.close()
            assert channel.lost_because is None
            await channel.close()
            return received.names(), list(happened)

    names, (called, ended) = asyncio.run(job())
    assert names == [IMEI]
    assert isinstance(called, ModemCalled)
    assert isinstance(ended, CallEnded)
    assert (ended.why, ended.name) == (TurnedAway.ANOTHER_PASSWORD, IMEI)


def test_where_two_take_a_name_from_each_other_the_one_that_is_there_is_kept() -> None:
    async def job() -> list[TurnedAway]:
        async with reception(limits=CallInLimits(replacements_max=3)) as (_, port, happened):
            writers = []
            for number in range(5):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(ATM21 + b"\n")
                writers.append(writer)
                await until(lambda seen=number + 1: len(calls_of(happened)) + len(endings(happened)) == seen)  # type: ignore[misc]
            for writer in writers:
                writer.close()
            return endings(happened)

    assert asyncio.run(job()) == [TurnedAway.CONTESTED]


def test_a_sealed_or_senseless_push_is_handed_on_with_what_is_wrong_with_it() -> None:
    async def job() -> list[Happening]:
        async with reception() as (_, port, happened):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            for message in (b"\xdb\x08" + bytes(20), b"\x0f\x00", PUSH[:30]):
                writer.write(wrapped(message, source=1, destination=32))
            await until(lambda: len(happened) == 3)
            writer.close()
            return happened

    sealed, *senseless = asyncio.run(job())
    assert isinstance(sealed, PushCame)
    assert (sealed.said, sealed.fault) == (None, "a sealed message, and no keys to open it")
    assert all(isinstance(one, PushCame) and one.said is None and one.fault for one in senseless)


def test_a_hello_that_proves_wrong_once_it_is_over_is_hung_up_on() -> None:
    async def job() -> list[TurnedAway]:
        async with reception() as (_, port, happened):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"AT$IMEI=12345,PSW=5492,")
            await until(lambda: bool(happened))
            (ended,) = happened
            assert isinstance(ended, CallEnded)
            assert "5492" not in ended.heard
            writer.close()
            return endings(happened)

    assert asyncio.run(job()) == [TurnedAway.NO_HELLO]


def test_a_modem_that_takes_nothing_is_lost() -> None:
    async def job() -> str:
        async with reception() as (received, port, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writer.write(ATM21 + b"\n")
            channel = await received.line_to(IMEI, 5.0)
            losses: asyncio.Queue[str] = asyncio.Queue()
            channel.on_lost = losses.put_nowait
            async with asyncio.timeout(10):
                while losses.empty():
                    channel.write(bytes(100_000))
                    await asyncio.sleep(0)
            channel.write(b"nobody hears this")
            await channel.close()
            writer.close()
            del reader
            return await losses.get()

    assert asyncio.run(job()) == "the modem takes nothing"


def test_a_push_without_a_name_is_handed_on_without_one() -> None:
    async def job() -> list[Happening]:
        async with reception() as (received, port, happened):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            push = DataNotification(1, b"", DoubleLongUnsigned(16)).encode()
            writer.write(wrapped(push, source=1, destination=32) * 2)
            await until(lambda: len(happened) == 2)
            assert (len(received), received.names()) == (1, [])
            writer.close()
            return list(happened)

    assert [(one.name, one.fault) for one in asyncio.run(job()) if isinstance(one, PushCame)] == [("", "")] * 2


def test_only_so_many_who_went_are_remembered() -> None:
    async def job() -> tuple[str, str]:
        async with reception(limits=CallInLimits(names_remembered_max=1)) as (received, port, happened):
            for name in (IMEI, IMEI[:-1] + "4"):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(ATM21.replace(IMEI.encode(), name.encode()) + b"\n")
                await until(lambda name=name: received.names() == [name])  # type: ignore[misc]
                writer.close()
                await until(lambda: not received.names())
            del happened
            said = []
            for name in (IMEI, IMEI[:-1] + "4"):
                with pytest.raises(NoRouteError) as offline:
                    await received.line_to(name, 0.01)
                said.append(str(offline.value))
            return said[0], said[1]

    forgotten, remembered = asyncio.run(job())
    assert "it has not called since" in forgotten
    assert "the modem closed the connection" in remembered


def test_modems_that_all_call_at_once_are_let_be_until_they_have_said_who_they_are() -> None:
    many = 300

    async def job() -> tuple[int, list[TurnedAway]]:
        async with reception(limits=CallInLimits(strangers_per_address_max=10)) as (received, port, happened):
            calls = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(many)))
            for number, (_, writer) in enumerate(calls):
                writer.write(ATM21.replace(IMEI.encode(), b"%015d" % number) + b"\n")
            await until(lambda: len(received.names()) == many)
            there = len(received), endings(happened)
            for _, writer in calls:
                writer.close()
            return there

    assert asyncio.run(job()) == (many, [])


@pytest.mark.timeout(120)
def test_thousands_of_idle_connections_leave_room_for_a_modem() -> None:
    many, limits = 3_000, CallInLimits(settling_s=0.0)

    async def job() -> tuple[int, int, list[str]]:
        async with reception(limits=limits) as (received, port, happened):
            writers = []
            for _ in range(many // 100):
                calls = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(100)))
                writers += [writer for _, writer in calls]
            async with calling(CallingModem(line_of()), port):
                channel = await received.line_to(IMEI, 10.0)
                await channel.close()
                there = len(received), len(endings(happened)), received.names()
            for writer in writers:
                writer.transport.abort()
            return there

    most = limits.strangers_per_address_max
    assert asyncio.run(job()) == (most, many + 1 - most, [IMEI])
