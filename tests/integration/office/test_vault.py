"""Passwords and keys at rest open for their meter with the site's key; one that does not open harms no other."""

import logging
from datetime import timedelta

import pytest

from kilovatt.config.data_directory import DataDirectory
from kilovatt.config.wiring import errands_by_line
from kilovatt.measure.metering.invocation_counters import counter_by_clock
from kilovatt.office.operations.meter_keys import COUNTERS_AT_ONCE, put_keys, take_counters
from kilovatt.office.operations.reading_plan import lines_to_read
from kilovatt.office.operations.vault import SealBrokenError, seal, seal_key, unseal, unseal_key
from kilovatt.office.records.models import Meter, MeterSecret
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter, Keys
from on_record import NOW

NAME = "mercury-234-artm-01-pob-r/41000001"


def test_a_password_opens_for_its_own_meter_only(data: DataDirectory) -> None:
    sealed = seal("123456", meter_name=NAME)
    assert unseal(sealed, meter_name=NAME) == "123456"
    assert b"123456" not in sealed
    with pytest.raises(SealBrokenError):
        unseal(sealed, meter_name=f"{NAME}0")
    with pytest.raises(SealBrokenError):
        unseal(sealed, meter_name=NAME, slot="writing")


def test_with_another_key_it_is_said_what_to_restore_and_not_what_was_sealed(data: DataDirectory) -> None:
    sealed = seal("123456", meter_name=NAME)
    (data.keys / "passwords.key").write_bytes(bytes(32))
    with pytest.raises(SealBrokenError) as refused:
        unseal(sealed, meter_name=NAME)
    assert str(refused.value) == refused.value.sentence % {"meter": NAME}
    assert "Restore keys/passwords.key" in str(refused.value)
    assert "123456" not in str(refused.value)


def test_a_meter_whose_password_does_not_open_keeps_no_other_from_being_read(
    meter: Meter, caplog: pytest.LogCaptureFixture
) -> None:
    Meter.objects.filter(pk=meter.pk).update(password_sealed=seal("111111", meter_name="another/1"))
    with caplog.at_level(logging.ERROR):
        ((_line, errands),) = errands_by_line(lines_to_read(now=NOW))
    assert [errand.address.serial for errand in errands] == ["41000002"]
    assert f"The password of {NAME} does not open" in caplog.text


ENCRYPTION, AUTHENTICATION, SECRET = bytes(range(16)), bytes(range(0xD0, 0xE0)), b"0000000100000001"
KEYS = {"encryption": ENCRYPTION, "authentication": AUTHENTICATION}


def test_a_key_opens_for_its_own_meter_slot_and_generation_only(data: DataDirectory) -> None:
    sealed = seal_key(ENCRYPTION, meter_name=NAME, slot="encryption", generation=2)
    assert unseal_key(sealed, meter_name=NAME, slot="encryption", generation=2) == ENCRYPTION
    assert ENCRYPTION not in sealed
    for name, slot, generation in (
        (f"{NAME}0", "encryption", 2),
        (NAME, "authentication", 2),
        (NAME, "encryption", 1),
    ):
        with pytest.raises(SealBrokenError, match="The keys of "):
            unseal_key(sealed, meter_name=name, slot=slot, generation=generation)


def test_the_head_end_gets_the_keys_that_hold_and_counters_that_nobody_had(meter: Meter) -> None:
    put_keys(meter, {"encryption": bytes(16), "authentication": bytes(16), "secret": SECRET})
    put_keys(meter, KEYS)
    ((_line, errands),) = errands_by_line(lines_to_read(now=NOW))
    with_keys, without = errands
    assert with_keys.address.keys == Keys(ENCRYPTION, AUTHENTICATION)
    assert with_keys.address.hls_secret == SECRET
    assert (without.address.keys, without.address.counter) == (None, None)
    assert with_keys.address.counter == InvocationCounter(counter_by_clock(NOW))
    ((_line, again),) = errands_by_line(lines_to_read(now=NOW))
    assert again[0].address.counter == InvocationCounter(counter_by_clock(NOW) + COUNTERS_AT_ONCE)
    later = NOW + timedelta(days=30)
    assert take_counters([meter.pk], now=later) == {meter.pk: counter_by_clock(later)}
    assert list(meter.secrets.filter(slot="encryption").values_list("generation", flat=True)) == [1, 2]


@pytest.mark.parametrize("keys", [{"encryption": ENCRYPTION}, {"encryption": b"1", "authentication": b"1"}])
def test_a_meter_whose_keys_are_none_keeps_no_other_from_being_read_and_shows_none(
    meter: Meter, keys: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    put_keys(meter, keys)
    with caplog.at_level(logging.ERROR):
        ((_line, errands),) = errands_by_line(lines_to_read(now=NOW))
    assert [errand.address.serial for errand in errands] == ["41000002"]
    assert f"meter {meter.pk}:" in caplog.text
    assert ENCRYPTION.hex() not in caplog.text


def test_a_key_of_another_site_keeps_no_other_meter_from_being_read(
    meter: Meter, data: DataDirectory, caplog: pytest.LogCaptureFixture
) -> None:
    put_keys(meter, KEYS)
    MeterSecret.objects.filter(slot="encryption").update(generation=7)
    with caplog.at_level(logging.ERROR):
        ((_line, errands),) = errands_by_line(lines_to_read(now=NOW))
    assert [errand.address.serial for errand in errands] == ["41000002"]
    assert f"The keys of {NAME} do not open" in caplog.text
    assert str(MeterSecret.objects.get(slot="encryption")) == f"{meter} encryption 7"
