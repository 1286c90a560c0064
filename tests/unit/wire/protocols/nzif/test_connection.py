"""Whose turn it is, and how what is no answer is named."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from in_pieces import outcome, pieces_of
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    LineFault,
    LocalProtocolError,
    Refusal,
    RefusalReason,
    RemoteProtocolError,
    Request,
)
from kilovatt.wire.protocols.nzif import instants, parameters, profile, session
from kilovatt.wire.protocols.nzif.connection import NzifConnection
from kilovatt.wire.protocols.nzif.energy import COUNTS, EnergyArray, EnergyCounts, EnergyPeriod, ReadEnergy
from kilovatt.wire.protocols.nzif.hearing import frame
from kilovatt.wire.protocols.nzif.meter_clock import ReadClock
from kilovatt.wire.protocols.nzif.request import NzifRequest

ADDRESS = 83
ENERGY = ReadEnergy(EnergyPeriod(EnergyArray.SINCE_RESET), 0)
VALUE = EnergyCounts(a_plus=7_990_500, a_minus=0, r_plus=751_110, r_minus=None)
ENERGY_ANSWER = frame(ADDRESS, COUNTS.encode(VALUE))
CLOSED = frame(ADDRESS, b"\x05")
DONE = frame(ADDRESS, b"\x00")
MEMORY = profile.ReadMemoryIndexed(index=7, memory_address=0x0018, size=24)
MEMORY_ANSWER = frame(ADDRESS, b"\x07" + bytes(range(24)))


def asking(request: NzifRequest[Any], address: int = ADDRESS) -> tuple[NzifConnection, bytes]:
    connection = NzifConnection(address)
    return connection, connection.send(request).data


def test_an_answer_is_taken_when_its_last_byte_comes() -> None:
    connection, _ = asking(ENERGY)
    assert connection.receive(ENERGY_ANSWER[:-1]) is None
    assert connection.receive(ENERGY_ANSWER[-1:]) == Answered(value=VALUE, data=ENERGY_ANSWER)


def test_a_status_where_data_were_wanted_is_certain_only_in_silence() -> None:
    connection, _ = asking(ENERGY)
    assert connection.receive(CLOSED) is None
    assert connection.quiet() == Answered(value=Refusal(RefusalReason.CHANNEL_CLOSED, 5), data=CLOSED)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (1, RefusalReason.UNKNOWN_REQUEST),
        (2, RefusalReason.INTERNAL_ERROR),
        (3, RefusalReason.ACCESS_DENIED),
        (4, RefusalReason.CLOCK_ALREADY_CORRECTED),
        (5, RefusalReason.CHANNEL_CLOSED),
        (6, RefusalReason.OTHER),
        (7, RefusalReason.OTHER),
        (8, RefusalReason.OTHER),
        (9, RefusalReason.OTHER),
        (10, RefusalReason.OTHER),
        (15, RefusalReason.OTHER),
    ],
)
def test_statuses_are_refusals_whatever_their_high_half(status: int, reason: RefusalReason) -> None:
    answer = frame(ADDRESS, bytes([0x50 | status]))
    for request in (ENERGY, session.CloseChannel()):
        connection, _ = asking(request)
        assert outcome(connection, [answer]) == Answered(value=Refusal(reason, status), data=answer)


def test_done_where_data_were_wanted_is_noise() -> None:
    connection, _ = asking(ENERGY)
    assert outcome(connection, [DONE]) == (LineFault.NOISE, "wanted 16 bytes of data for ReadEnergy, got 1")


def test_a_clock_without_a_season_is_taken_only_in_silence() -> None:
    short = frame(ADDRESS, bytes.fromhex("43 14 16 03 27 02 08"))
    connection, _ = asking(ReadClock())
    assert connection.receive(short) is None
    event = connection.quiet()
    assert isinstance(event, Answered)
    assert (str(event.value.time), event.value.is_winter) == ("2008-02-27 16:14:43", None)

    connection, _ = asking(ReadClock())
    whole = connection.receive(frame(ADDRESS, bytes.fromhex("43 14 16 03 27 02 08 01")))
    assert isinstance(whole, Answered)
    assert whole.value.is_winter is True


def test_an_answer_with_another_index_is_no_answer() -> None:
    connection, _ = asking(MEMORY)
    late = frame(ADDRESS, b"\x06" + bytes(24))
    with pytest.raises(RemoteProtocolError, match="index is 06, wanted 07") as noise:
        connection.receive(late)
    assert noise.value.fault is LineFault.NOISE


def test_silence_is_named() -> None:
    connection, _ = asking(ENERGY)
    assert outcome(connection, []) == (LineFault.SILENCE, "no answer to ReadEnergy")


def test_an_echo_with_nothing_behind_it_is_named() -> None:
    connection, sent = asking(ENERGY)
    assert outcome(connection, [sent]) == (LineFault.ECHO, "only ReadEnergy itself came back")


def test_only_the_answer_to_a_link_test_is_its_request() -> None:
    connection, sent = asking(session.CheckLink())
    assert connection.receive(sent) == Answered(value=None, data=sent)


@pytest.mark.parametrize(
    ("request_asked", "answer", "value"),
    [
        (ENERGY, ENERGY_ANSWER, VALUE),
        (session.OpenChannel(b"000000"), DONE, None),
        (MEMORY, MEMORY_ANSWER, bytes(range(24))),
        (ENERGY, CLOSED, Refusal(RefusalReason.CHANNEL_CLOSED, 5)),
    ],
)
def test_an_answer_behind_its_echo_is_taken(request_asked: NzifRequest[Any], answer: bytes, value: object) -> None:
    connection, sent = asking(request_asked)
    assert outcome(connection, [sent[:3], sent[3:] + answer]) == Answered(value=value, data=answer)


def test_noise_behind_an_echo_is_named() -> None:
    noise = (LineFault.NOISE, "no answer to ReadEnergy: the checksum does not fit")
    for behind in (ENERGY_ANSWER[:-1] + b"\x00", b"\x00"):
        connection, sent = asking(ENERGY)
        assert outcome(connection, [sent + behind]) == noise


def test_an_answer_of_another_meter_is_named() -> None:
    connection, _ = asking(ENERGY)
    other = frame(84, ENERGY_ANSWER[1:-2])
    with pytest.raises(RemoteProtocolError, match="asked 83 for ReadEnergy, and 84 answered") as another:
        connection.receive(other)
    assert (another.value.fault, another.value.data) == (LineFault.ANOTHER_METER, other)


def test_a_right_answer_that_is_too_short_is_noise() -> None:
    connection, _ = asking(ENERGY)
    short = frame(ADDRESS, bytes(12))
    assert outcome(connection, [short]) == (LineFault.NOISE, "wanted 16 bytes of data for ReadEnergy, got 12")


def test_digits_above_nine_are_noise_however_right_the_checksum() -> None:
    connection, _ = asking(ReadClock())
    with pytest.raises(RemoteProtocolError, match="says what cannot be: clock is 4a 14"):
        connection.receive(frame(ADDRESS, bytes.fromhex("4A 14 16 03 27 02 08 01")))


def test_one_question_at_a_time() -> None:
    connection, _ = asking(ENERGY)
    with pytest.raises(LocalProtocolError, match="ReadEnergy is not answered yet"):
        connection.send(ReadClock())


def test_nothing_is_received_before_something_is_asked() -> None:
    connection = NzifConnection(ADDRESS)
    with pytest.raises(LocalProtocolError, match="nothing was asked"):
        connection.receive(DONE)
    with pytest.raises(LocalProtocolError, match="nothing was asked"):
        connection.quiet()


@pytest.mark.parametrize("address", [-1, 1 << 32])
def test_an_address_that_no_meter_answers_at_is_refused(address: int) -> None:
    with pytest.raises(LocalProtocolError, match="an address is 0 to 4294967295"):
        NzifConnection(address)


def test_a_request_of_another_language_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="Request is no request of this language"):
        NzifConnection(ADDRESS).send(Request[None]())


def test_a_request_that_does_not_fit_is_refused_and_leaves_the_turn() -> None:
    connection = NzifConnection(ADDRESS)
    with pytest.raises(LocalProtocolError, match="cannot be asked: 134 is not in 2 to 133"):
        connection.send(profile.ReadMemory(memory_address=0, size=134))
    assert connection.send(ENERGY).secret_spans == ()


@pytest.mark.parametrize(("address", "head"), [(ADDRESS, "53"), (805_181_783, "FC 2F FE 19 57")])
def test_passwords_and_the_checksum_that_would_betray_them_are_masked(address: int, head: str) -> None:
    opening = NzifConnection(address).send(session.OpenChannel(b"271828"))
    assert opening.masked == bytes.fromhex(head) + b"\x01" + b"*" * 8
    assert "271828" not in repr(session.OpenChannel(b"271828"))


# ── Laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

EXCHANGES = (
    (ENERGY, ENERGY_ANSWER),
    (ENERGY, CLOSED),
    (session.OpenChannel(b"000000"), DONE),
    (ReadClock(), frame(ADDRESS, bytes.fromhex("43 14 16 03 27 02 08 01"))),
    (MEMORY, MEMORY_ANSWER),
    (parameters.ReadVariant(), frame(ADDRESS, bytes.fromhex("64 42 80"))),
    (instants.ReadReals(instants.ACTIVE_POWER), frame(ADDRESS, bytes(16))),
    (profile.ReadSearch(), frame(ADDRESS, bytes.fromhex("00 00 00 12 30"))),
)


@given(st.sampled_from(EXCHANGES), st.lists(st.integers(0, 200), max_size=6), st.booleans())
def test_however_the_bytes_come_in_pieces_the_event_is_the_same(
    exchange: tuple[NzifRequest[Any], bytes], cuts: list[int], is_echoed: bool
) -> None:
    request, answer = exchange
    whole, sent = asking(request)
    pieced, _ = asking(request)
    came = sent + answer if is_echoed else answer
    event = outcome(whole, [came])
    assert isinstance(event, Answered)
    assert outcome(pieced, pieces_of(came, cuts)) == event


@given(st.sampled_from(EXCHANGES), st.integers(0, 200), st.integers(1, 255))
def test_a_changed_byte_never_yields_a_value(exchange: tuple[NzifRequest[Any], bytes], place: int, change: int) -> None:
    request, answer = exchange
    damaged = bytearray(answer)
    damaged[place % len(answer)] ^= change
    connection, _ = asking(request)
    fault = outcome(connection, [bytes(damaged)])
    assert isinstance(fault, tuple)
    assert fault[0] in (LineFault.NOISE, LineFault.ANOTHER_METER)


@given(st.sampled_from(EXCHANGES), st.lists(st.binary(max_size=40), max_size=8), st.sampled_from([0, ADDRESS, 1 << 20]))
def test_whatever_comes_an_exchange_ends_with_an_answer_or_a_named_fault(
    exchange: tuple[NzifRequest[Any], bytes], junk: list[bytes], address: int
) -> None:
    connection, _ = asking(exchange[0], address)
    ended = outcome(connection, junk)
    assert isinstance(ended, tuple | Answered)
    # And it is over: one may ask again.
    assert connection.send(exchange[0]).data


@given(st.sampled_from(EXCHANGES), st.data())
def test_a_right_checksum_about_any_bytes_ends_with_an_answer_or_a_named_fault(
    exchange: tuple[NzifRequest[Any], bytes], data: st.DataObject
) -> None:
    connection, _ = asking(exchange[0])
    said = data.draw(st.binary(min_size=exchange[0].says[-1].size, max_size=exchange[0].says[-1].size))
    assert isinstance(outcome(connection, [frame(ADDRESS, said)]), tuple | Answered)


@given(st.sampled_from(EXCHANGES), st.data())
def test_a_frame_that_lost_bytes_is_never_an_answer(
    exchange: tuple[NzifRequest[Any], bytes], data: st.DataObject
) -> None:
    request, answer = exchange
    start = data.draw(st.integers(0, len(answer) - 1))
    end = data.draw(st.integers(start + 1, len(answer)))
    connection, _ = asking(request)
    assert isinstance(outcome(connection, [answer[:start] + answer[end:]]), tuple)
