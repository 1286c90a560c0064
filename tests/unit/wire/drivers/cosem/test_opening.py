"""How a session with a СПОДЭС meter is opened by a configurator: counter, link, proof, in this order."""

from dataclasses import replace
from typing import Any

import pytest

from asked_spodes import NOW, address
from commanded_spodes import with_dialect
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.cosem import ConfiguratorProof
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.drivers.conversation import Answer, MeterAddress, MeterRefusedError
from kilovatt.wire.drivers.spodes.driver import SpodesDriver
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.apdu.acse import Context, Mechanism
from kilovatt.wire.protocols.dlms.association.requests import Associate, OpenLink, ReadInvocationCounter
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter, Keys
from kilovatt.wire.protocols.framing.connection import LocalProtocolError, Refusal, RefusalReason

DRIVER = SpodesDriver()
KEYS = Keys(bytes(range(16)), bytes(range(16, 32)))
SECRET = b"0000000100000001"
AES = with_dialect(configurator_proof=ConfiguratorProof.AES)


def configurator(model: MeterModel | None = None, **more: Any) -> MeterAddress:  # noqa: ANN401  # fields of an address
    given: dict[str, Any] = {"keys": KEYS, "counter": InvocationCounter(1)} | more
    return address(model, **given)


def opened(meter: MeterAddress, counter_refused: RefusalReason | None = None) -> list[Any]:
    conversation, asked = DRIVER.opening(meter), list[Any]()
    answer: Answer[Any] | None = None
    try:
        while True:
            asked.append(conversation.send(answer))  # type: ignore[arg-type]  # None starts a generator
            is_refused = counter_refused is not None and isinstance(asked[-1], ReadInvocationCounter)
            answer = Answer(Refusal(counter_refused, 3) if is_refused and counter_refused else None, len(asked), NOW)
    except StopIteration:
        return asked


def test_a_configurator_learns_his_counter_opens_the_link_and_proves_that_he_has_the_keys() -> None:
    counter, link, association = opened(configurator())
    assert counter == ReadInvocationCounter(Descriptor(1, Obis.parse("0.0.43.1.0.255"), 2))
    assert link == OpenLink()
    assert (association.mechanism, association.context) == (Mechanism.HLS_GMAC, Context.LOGICAL_NAMES_CIPHERED)


def test_a_meter_that_tells_no_counter_is_taken_by_ours_and_one_that_hangs_up_is_opened_anew() -> None:
    assert len(opened(configurator(), RefusalReason.ACCESS_DENIED)) == 3
    with pytest.raises(MeterRefusedError) as refused:
        opened(configurator(), RefusalReason.CHANNEL_CLOSED)
    assert refused.value.outcome is Outcome.CHANNEL_CLOSED
    assert len(opened(configurator(with_dialect(counter_obis=None)))) == 2


def test_no_challenge_comes_twice_and_none_can_be_told_without_the_key() -> None:
    meter = configurator()
    challenges = [opened(meter)[-1].challenge for _ in range(3)]
    challenges.append(opened(configurator(keys=replace(KEYS, authentication=bytes(16))))[-1].challenge)
    challenges.append(opened(configurator(client_title=b"KVT\0\0\0\0\2"))[-1].challenge)
    assert len(set(challenges)) == 5
    assert {len(challenge) for challenge in challenges} == {16}


def test_a_secret_proves_a_configurator_with_and_without_ciphering() -> None:
    *_, plain = opened(configurator(AES, keys=None, hls_secret=SECRET))
    *_, ciphered = opened(configurator(AES, hls_secret=SECRET))
    assert (plain.mechanism, plain.context) == (Mechanism.HLS_AES, Context.LOGICAL_NAMES)
    assert (ciphered.mechanism, ciphered.context) == (Mechanism.HLS_AES, Context.LOGICAL_NAMES_CIPHERED)
    assert plain.secret == ciphered.secret == SECRET


def test_above_reading_a_password_is_the_secret_given_or_of_the_factory() -> None:
    nartis = model_by_key("nartis-i300")
    *_, factory = opened(configurator(nartis, keys=None, access_level=2))
    *_, given = opened(configurator(nartis, keys=None, access_level=2, password="1234567890123456"))
    assert (factory.secret, given.secret) == (SECRET, b"1234567890123456")


@pytest.mark.parametrize(
    ("meter", "words"),
    [
        (configurator(keys=None, access_level=2), "needs its keys"),
        (configurator(counter=None), "invocation counter that was never used"),
        (configurator(AES, keys=None, hls_secret=SECRET, counter=None), "invocation counter that was never used"),
    ],
)
def test_a_configurator_who_lacks_what_he_needs_has_no_connection(meter: MeterAddress, words: str) -> None:
    with pytest.raises(LocalProtocolError, match=words):
        DRIVER.connection(meter)


@pytest.mark.parametrize("model", [model_by_key("spodes-3ph"), model_by_key("rim-489-spodes"), AES])
def test_with_what_he_needs_he_has_one(model: MeterModel) -> None:
    assert DRIVER.connection(configurator(model)) is not None
    assert DRIVER.connection(configurator(AES, keys=None, hls_secret=SECRET)) is not None


def test_nothing_secret_of_an_address_or_a_request_shows() -> None:
    shown = repr(configurator(hls_secret=SECRET)) + repr(opened(configurator(AES, hls_secret=SECRET)))
    for secret in (KEYS.encryption, KEYS.authentication, SECRET):
        assert repr(secret) not in shown
        assert secret.hex() not in shown
    assert isinstance(opened(configurator())[-1], Associate)
