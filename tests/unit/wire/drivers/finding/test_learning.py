"""Who answered is asked who it is: what is asked, and what is made of the answers."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import Language
from kilovatt.wire.drivers.conversation import Answer, Conversation, SendOnce
from kilovatt.wire.drivers.finding.dlms import reader_acquaintance
from kilovatt.wire.drivers.finding.learning import acquaintance, further_acquaintance
from kilovatt.wire.drivers.finding.probes import Acquaintance, PasswordState, Place, Say, Sighting, Told, Trait, Way
from kilovatt.wire.protocols.dlms.association.requests import Associate, CloseLink, GetAttribute, OpenLink
from kilovatt.wire.protocols.energomera.requests import ReadSerial, Version
from kilovatt.wire.protocols.framing.connection import LineSpeed, Refusal, RefusalReason, Request
from kilovatt.wire.protocols.framing.crc16 import append_crc
from kilovatt.wire.protocols.framing.seven_bits import with_parity
from kilovatt.wire.protocols.iec62056_21.frames import BlockCheck, Command, answer_frame
from kilovatt.wire.protocols.mercury_v1.answers import Firmware, ModelCode
from kilovatt.wire.protocols.mercury_v1.requests import ReadFirmware

NOW = datetime(2026, 11, 24, tzinfo=UTC)
DENIED = Refusal(RefusalReason.ACCESS_DENIED, 2)


def taught(conversation: Conversation[Any], *answers: object) -> tuple[Any, list[Request[Any]]]:
    """Carry a conversation with answers (bytes are what comes back over the line) and return its end and requests."""
    requests: list[Request[Any]] = []
    coming: Iterator[object] = iter(answers)
    reply: Answer[Any] | None = None
    while True:
        try:
            request = conversation.send(reply)  # type: ignore[arg-type]  # None starts it
        except StopIteration as stop:
            assert next(coming, None) is None, "an answer was not wanted"
            return stop.value, requests
        requests.append(request)
        said = request.request if isinstance(request, SendOnce) else request
        value = next(coming)
        if isinstance(said, Say) and isinstance(value, bytes):
            value = said.recognise(value)
            assert value is not None, "what came is no answer"
        reply = Answer(value, len(requests), NOW)


def sighting(
    way: Way,
    *languages: Language,
    address: int | None = 17,
    asked: int | None = 17,
    password: PasswordState = PasswordState.NOT_TRIED,
) -> Sighting:
    return Sighting(place=Place(way=way, address=asked), languages=languages, address=address, password=password)


def met(one: Sighting, *, factory_password: bool = False) -> Acquaintance:
    known = acquaintance(one, factory_password=factory_password)
    assert known is not None
    return known


def said_by(request: Request[Any]) -> bytes:
    assert isinstance(request, Say)
    return request.data


# ── Меркурий of the second language, and НЗиФ ───────────────────────────────────────────────────────────────────────

ANYBODY = sighting(Way.SHORT, Language.MERCURY_V2, address=None, asked=None)
EITHER = sighting(Way.SHORT, Language.MERCURY_V2, Language.NZIF)


def test_a_mercury_that_answered_anybody_is_asked_for_its_address() -> None:
    # The maker's example: 00 08 05 B6 03 is answered by 00 00 80 70 60.
    own_address = met(ANYBODY).lessons[0]
    one, (asked,) = taught(own_address(ANYBODY), bytes.fromhex("0000807060"))
    assert said_by(asked) == bytes.fromhex("000805B603")
    assert one.address == 128


@pytest.mark.parametrize("came", [append_crc(b"\x00\x05"), append_crc(b"\x00\x00\xf5")], ids=["closed", "no address"])
def test_a_mercury_that_keeps_its_address_to_itself_stays_anybody(came: bytes) -> None:
    one, _ = taught(met(ANYBODY).lessons[0](ANYBODY), came)
    assert one == ANYBODY


def test_who_has_told_an_address_and_who_is_nzif_is_not_asked_for_it() -> None:
    nzif = sighting(Way.SHORT, Language.NZIF, address=None)
    for one in (EITHER, nzif):
        assert taught(met(one).lessons[0](one)) == (one, [])


def test_the_variant_word_tells_the_two_languages_apart() -> None:
    variant = met(EITHER).lessons[1]
    # The maker's passport of a 230, and the captured variant of a СЭТ-4ТМ.03М.
    mercury, _ = taught(variant(EITHER), append_crc(bytes.fromhex("11B4E3C297DF58")))
    nzif, _ = taught(variant(EITHER), append_crc(bytes.fromhex("11644280")))
    unknown, _ = taught(variant(EITHER), append_crc(b"\x11\x05"))
    assert (mercury.languages, mercury.told[Told.VARIANT]) == ((Language.MERCURY_V2,), "b4e3c297df58")
    assert mercury.traits == {Trait.PHASES: "3", Trait.RELAY: "yes", Trait.DAYS_KEPT: "yes"}
    assert (nzif.languages, nzif.told[Told.TYPE], nzif.traits) == (
        (Language.NZIF,),
        "СЭТ-4ТМ.02М/03М",
        {Trait.CODE: "8"},
    )
    assert unknown == EITHER
    assert taught(variant(mercury)) == (mercury, [])


def test_a_type_of_nzif_that_nobody_has_named_is_told_by_its_number() -> None:
    one = sighting(Way.SHORT, Language.NZIF)
    known, _ = taught(met(one).lessons[1](one), append_crc(bytes.fromhex("116442E0")))
    assert (Told.TYPE in known.told, known.traits) == (False, {Trait.CODE: "14"})


def test_a_longer_variant_is_a_single_phase_meter_without_a_relay_too() -> None:
    one = sighting(Way.SHORT, Language.MERCURY_V2)
    known, _ = taught(met(one).lessons[1](one), append_crc(bytes.fromhex("11B4132297002800000000FFFF")))
    assert known.traits == {Trait.PHASES: "1", Trait.RELAY: "no", Trait.DAYS_KEPT: "no"}


def test_another_meters_answer_is_no_answer() -> None:
    asking = met(EITHER).lessons[1](EITHER)
    request = next(asking)
    assert isinstance(request, Say)
    assert request.recognise(append_crc(bytes.fromhex("12644280"))) is None
    assert request.recognise(b"\x11\x05") is None


@pytest.mark.parametrize(
    ("language", "opening", "masked"),
    [
        (Language.MERCURY_V2, "11 01 01 01 01 01 01 01 01", b"\x11\x01\x01********"),
        (Language.NZIF, "11 01 30 30 30 30 30 30", b"\x11\x01********"),
    ],
)
def test_the_factorys_password_is_sent_once_and_kept_from_who_listens(
    language: Language, opening: str, masked: bytes
) -> None:
    one = sighting(Way.SHORT, language)
    known = met(one, factory_password=True)
    opened, (request,) = taught(known.lessons[2](one), append_crc(b"\x11\x00"))
    assert isinstance(request, SendOnce)
    said = known.connection.send(request.request)
    assert (said.data, said.masked) == (append_crc(bytes.fromhex(opening)), masked)
    assert opened.password is PasswordState.FACTORY
    _, (farewell,) = taught(known.farewell(), append_crc(b"\x11\x00"))
    assert said_by(farewell) == append_crc(b"\x11\x02")


@pytest.mark.parametrize(
    ("status", "state"), [(3, PasswordState.OTHER), (1, PasswordState.OTHER), (8, PasswordState.BARRED)]
)
def test_a_refused_password_is_told_and_a_barred_meter_too(status: int, state: PasswordState) -> None:
    one = sighting(Way.SHORT, Language.NZIF)
    known = met(one, factory_password=True)
    refused, _ = taught(known.lessons[2](one), append_crc(bytes([17, status])))
    assert refused.password is state
    assert taught(known.lessons[3](refused)) == (refused, [])
    assert taught(known.farewell()) == (None, [])


def test_whose_language_is_not_sure_is_sent_no_password() -> None:
    assert taught(met(EITHER, factory_password=True).lessons[2](EITHER)) == (EITHER, [])


def test_an_opened_meter_of_nzif_tells_its_number_and_a_strange_answer_adds_nothing() -> None:
    one = sighting(Way.SHORT, Language.NZIF)
    known = met(one, factory_password=True)
    opened, _ = taught(known.lessons[2](one), append_crc(b"\x11\x00"))
    numbered, _ = taught(known.lessons[3](opened), append_crc(bytes.fromhex("112FFE1957170518")))
    strange, _ = taught(known.lessons[3](opened), append_crc(b"\x11\x05"))
    assert (numbered.serial, strange.serial) == ("805181783", None)
    assert taught(known.lessons[3](numbered)) == (numbered, [])


# ── Меркурий of the first language, Энергомера, Modbus ──────────────────────────────────────────────────────────────


def test_a_206_tells_its_firmware_and_its_model() -> None:
    one = sighting(Way.MERCURY_V1, Language.MERCURY_V1, address=41_906_467)
    firmware, model = met(one).lessons
    dated, requests = taught(firmware(one), Firmware(major=8, minor=3, released_on=date(2010, 3, 1)))
    coded, _ = taught(model(dated), ModelCode(model=8, features=0))
    assert requests == [ReadFirmware()]
    assert coded.told[Told.FIRMWARE].startswith("8.3")
    assert coded.traits == {Trait.CODE: "8"}


CE = sighting(Way.ENERGOMERA, Language.ENERGOMERA, address=46_950)


def test_energomera_wants_a_password_and_is_left_alone_without_leave() -> None:
    assert acquaintance(CE, factory_password=False) is None
    everybody = sighting(Way.ENERGOMERA, Language.ENERGOMERA, address=None)
    assert acquaintance(everybody, factory_password=True) is None


def test_energomera_that_takes_the_factorys_password_tells_number_and_firmware() -> None:
    known = met(CE, factory_password=True)
    said = known.connection.send(ReadSerial(0))
    assert said.data[6:10] == bytes.fromhex("31DE0B00")
    assert b"\x31\xde" not in said.masked
    numbered, requests = taught(known.lessons[0](CE), "11046950", "00000000")
    assert requests == [SendOnce(ReadSerial(0)), ReadSerial(1)]
    assert (numbered.serial, numbered.password) == ("11046950", PasswordState.FACTORY)
    version = Version(kernel=10, kind=27, major=1, released_on=date(2017, 3, 14))
    dated, _ = taught(known.lessons[1](numbered), version)
    assert (dated.told[Told.FIRMWARE], dated.traits) == ("10.27.1", {Trait.STAMPED: "yes"})
    assert taught(known.lessons[1](numbered), DENIED)[0] == numbered


@pytest.mark.parametrize(
    ("refusal", "state"),
    [(DENIED, PasswordState.OTHER), (Refusal(RefusalReason.OTHER, 5), PasswordState.BARRED)],
)
def test_energomera_that_refuses_the_password_is_asked_nothing_more(refusal: Refusal, state: PasswordState) -> None:
    known = met(CE, factory_password=True)
    refusing, _ = taught(known.lessons[0](CE), refusal)
    assert refusing.password is state
    assert taught(known.lessons[1](refusing)) == (refusing, [])


def test_energomera_that_answers_without_a_password_is_asked_without_one() -> None:
    free = sighting(Way.ENERGOMERA, Language.ENERGOMERA, address=46_950, password=PasswordState.NOT_NEEDED)
    known = met(free, factory_password=True)
    assert known.connection.send(ReadSerial(0)).data[6:10] == bytes(4)
    assert taught(known.lessons[0](free), DENIED)[0] == free
    numbered, _ = taught(known.lessons[0](free), "11046950", "00000000")
    assert (numbered.serial, numbered.password) == ("11046950", PasswordState.NOT_NEEDED)


def test_of_a_counter_there_is_nothing_more_to_know() -> None:
    assert acquaintance(sighting(Way.MODBUS, Language.MODBUS, address=1), factory_password=True) is None


# ── IEC 62056-21 ────────────────────────────────────────────────────────────────────────────────────────────────────


def called(maker: str, type_name: str, *, parity_bits: bool = False) -> Sighting:
    return Sighting(
        place=Place(way=Way.IEC62056_21, parity_bits=parity_bits),
        languages=(Language.IEC62056_21,),
        address=None,
        told={Told.MAKER: maker, Told.TYPE: type_name, Told.SPEED_LETTER: "5"},
    )


def test_energomera_tells_its_number_when_it_asks_for_a_password_and_is_sent_away() -> None:
    # wb-mqtt-serial: 06 30 35 31 0D 0A is answered by 01 50 30 02 28 … 29 03 28.
    one = called("EKT", "CE102Mv01")
    known = met(one)
    came = bytes.fromhex("01 50 30 02 28 31 34 31 36 32 38 33 34 35 29 03 28")
    numbered, (choice,) = taught(known.lessons[0](one), came)
    assert said_by(choice) == bytes.fromhex("06 30 35 31 0D 0A")
    assert isinstance(choice, Say)
    assert choice.answer_speed == LineSpeed(9600, 7, "E")
    assert numbered.serial == "141628345"
    _, (farewell,) = taught(known.farewell(), None)
    assert isinstance(farewell, Say)
    assert (farewell.data, farewell.speed, farewell.awaits_answer) == (
        b"\x01B0\x03\x75",
        LineSpeed(9600, 7, "E"),
        False,
    )
    assert farewell.recognise(b"x") is None


def test_parity_is_added_where_the_gateway_does_not_and_a_number_that_is_none_is_not_one() -> None:
    one = called("EKT", "CE301v12", parity_bits=True)
    known = met(one)
    asked = Command("P0", "(no number)").encode(BlockCheck.XOR)
    numbered, (choice,) = taught(known.lessons[0](one), with_parity(asked))
    assert said_by(choice) == with_parity(b"\x06051\r\n")
    assert numbered.serial is None
    _, (farewell,) = taught(known.farewell(), None)
    assert said_by(farewell) == with_parity(Command("B0").encode(BlockCheck.XOR))


def test_a_question_without_a_number_and_another_command_are_no_number() -> None:
    one = called("EKT", "CE301v12")
    bare, _ = taught(met(one).lessons[0](one), Command("P0").encode(BlockCheck.SUM))
    assert bare == one
    request = next(met(one).lessons[0](one))
    assert isinstance(request, Say)
    for came in (Command("B0").encode(BlockCheck.SUM), b"\x01P0\x02(1)\x03\x00", b"\xfe"):
        assert request.recognise(came) is None


def test_others_read_themselves_out() -> None:
    one = called("LGZ", "ZMG405000b.P07")
    known = met(one)
    numbered, (choice,) = taught(known.lessons[0](one), answer_frame("0.0.0(36790160)\r\n!\r\n", BlockCheck.XOR))
    nameless, _ = taught(known.lessons[0](one), answer_frame("1.8.0(1*kWh)\r\n!\r\n", BlockCheck.XOR))
    assert said_by(choice) == b"\x06050\r\n"
    assert (numbered.serial, nameless.serial) == ("36790160", None)
    assert taught(known.farewell()) == (None, [])
    request = next(known.lessons[0](one))
    assert isinstance(request, Say)
    assert request.recognise(b"\x02nonsense") is None


# ── DLMS ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def told_of(requests: list[Request[Any]]) -> list[type]:
    return [type(one.request if isinstance(one, SendOnce) else one) for one in requests]


HDLC = Sighting(
    place=Place(way=Way.HDLC, address=16, form=4),
    languages=(Language.SPODES,),
    address=16,
    traits={Trait.CARRIER: "hdlc-4", Trait.FLAG: "EMR"},
)
WRAPPED = Sighting(
    place=Place(way=Way.WRAPPER), languages=(Language.SPODES,), address=1, traits={Trait.CARRIER: "wrapper"}
)


def test_the_public_client_is_told_the_name_of_the_device_and_with_it_the_maker() -> None:
    known = met(HDLC)
    assert known.is_one_talk
    linked, associated, named = known.lessons
    assert told_of(taught(linked(HDLC), None)[1]) == [OpenLink]
    assert told_of(taught(associated(HDLC), None)[1]) == [Associate]
    one, requests = taught(named(HDLC), b"NRT0000022000001")
    assert told_of(requests) == [GetAttribute]
    assert (one.told[Told.DEVICE_NAME], one.traits[Trait.FLAG]) == ("NRT0000022000001", "NRT")
    assert taught(named(HDLC), DENIED)[0] == HDLC
    assert told_of(taught(known.farewell(), None)[1]) == [CloseLink]


def test_in_the_wrapper_there_is_no_link_to_open_and_whose_address_is_not_known_is_not_asked() -> None:
    known = met(WRAPPED)
    assert len(known.lessons) == 2
    assert taught(known.farewell()) == (None, [])
    nowhere = Sighting(place=HDLC.place, languages=HDLC.languages, address=None)
    assert acquaintance(nowhere, factory_password=True) is None
    assert reader_acquaintance(nowhere, model_by_key("spodes-1ph")) is None


def read_as_reader(one: Sighting) -> list[Callable[[Sighting], Conversation[Sighting]]]:
    known = further_acquaintance(one, factory_password=True)
    assert known is not None
    return list(known.lessons)


def test_a_reader_gives_the_password_of_the_maker_once_and_is_told_number_and_type() -> None:
    linked, associated, told = read_as_reader(HDLC)
    assert told_of(taught(linked(HDLC), None)[1]) == [OpenLink]
    inside, (request,) = taught(associated(HDLC), None)
    assert isinstance(request, SendOnce)
    assert isinstance(request.request, Associate)
    assert request.request.secret == b"12345678"
    known, _ = taught(told(inside), b"011046950", "СЕ208".encode("cp1251"))
    assert (known.serial, known.told[Told.TYPE], known.password) == ("011046950", "СЕ208", PasswordState.FACTORY)


@pytest.mark.parametrize(("diagnostic", "state"), [(13, PasswordState.OTHER), (1, PasswordState.BARRED)])
def test_a_reader_who_is_refused_asks_nothing(diagnostic: int, state: PasswordState) -> None:
    _, associated, told = read_as_reader(HDLC)
    refused, _ = taught(associated(HDLC), Refusal(RefusalReason.ACCESS_DENIED, diagnostic))
    assert refused.password is state
    assert taught(told(refused)) == (refused, [])


def test_the_list_of_devices_tells_a_concentrator() -> None:
    associated, _, devices = read_as_reader(WRAPPED)
    inside, _ = taught(associated(WRAPPED), None)
    one, _ = taught(devices(inside), ((1, b"KLV"), (200, b"EMR1"), "nonsense", (1, 2, 3), (b"x", b"y")))
    assert one.told[Told.DEVICES] == "1 KLV, 200 EMR1"
    assert taught(devices(inside), ((1, b"KLV"),))[0] == inside
    assert taught(devices(inside), DENIED)[0] == inside
    assert taught(devices(inside), 5)[0] == inside
    assert taught(devices(WRAPPED)) == (WRAPPED, [])


def test_no_reader_asks_without_leave_or_where_no_row_has_a_password() -> None:
    assert further_acquaintance(HDLC, factory_password=False) is None
    assert further_acquaintance(CE, factory_password=True) is None
    short = Sighting(place=HDLC.place, languages=HDLC.languages, address=0, traits={Trait.CARRIER: "hdlc-1"})
    assert further_acquaintance(short, factory_password=True) is None
