"""Passwords and keys at rest open for their meter with the site's key; one that does not open harms no other."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kilovatt.config.data_directory import DataDirectory, DataDirectoryError
from kilovatt.config.wiring import errands_by_line
from kilovatt.measure.metering.invocation_counters import counter_by_clock
from kilovatt.office.operations import vault
from kilovatt.office.operations.reading.reading_plan import lines_to_read
from kilovatt.office.operations.secrets.master_key import (
    change_master_key,
    masters,
    on_factory_passwords,
    seal_data_keys_under,
)
from kilovatt.office.operations.secrets.meter_keys import COUNTERS_AT_ONCE, put_keys, put_password, take_counters
from kilovatt.office.operations.vault import SealBrokenError, seal, seal_key, unseal, unseal_key
from kilovatt.office.records.models import DataKey, Meter, MeterSecret, Organisation
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter, Keys
from on_record import NOW

NAME = "mercury-234-artm-01-pob-r/41000001"


def test_a_password_opens_for_its_own_meter_only(association: Organisation) -> None:
    sealed = seal("123456", organisation=association, meter_name=NAME)
    assert unseal(sealed, meter_name=NAME) == "123456"
    assert b"123456" not in sealed
    with pytest.raises(SealBrokenError):
        unseal(sealed, meter_name=f"{NAME}0")
    with pytest.raises(SealBrokenError):
        unseal(sealed, meter_name=NAME, slot="writing")


def test_with_another_key_it_is_said_what_to_restore_and_not_what_was_sealed(
    association: Organisation, data: DataDirectory
) -> None:
    sealed = seal("123456", organisation=association, meter_name=NAME)
    (data.keys / "passwords.key").write_bytes(bytes(32))
    with pytest.raises(SealBrokenError) as refused:
        unseal(sealed, meter_name=NAME)
    assert str(refused.value) == refused.value.sentence % {"meter": NAME}
    assert "Restore keys/passwords.key" in str(refused.value)
    assert "123456" not in str(refused.value)


def test_a_meter_whose_password_does_not_open_keeps_no_other_from_being_read(
    meter: Meter, caplog: pytest.LogCaptureFixture
) -> None:
    Meter.objects.filter(pk=meter.pk).update(
        password_sealed=seal("111111", organisation=vault.organisation_of(meter), meter_name="another/1")
    )
    with caplog.at_level(logging.ERROR):
        ((_line, errands),) = errands_by_line(lines_to_read(now=NOW))
    assert [errand.address.serial for errand in errands] == ["41000002"]
    assert f"The password of {NAME} does not open" in caplog.text


ENCRYPTION, AUTHENTICATION, SECRET = bytes(range(16)), bytes(range(0xD0, 0xE0)), b"0000000100000001"
KEYS = {"encryption": ENCRYPTION, "authentication": AUTHENTICATION}


def test_a_key_opens_for_its_own_meter_slot_and_generation_only(association: Organisation) -> None:
    sealed = seal_key(ENCRYPTION, organisation=association, meter_name=NAME, slot="encryption", generation=2)
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


# ── The two layers ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_secret_moved_to_another_organisation_does_not_open(association: Organisation) -> None:
    other = Organisation.objects.create(code="vasilek", name="Василёк", kind="association")
    sealed = seal("123456", organisation=association, meter_name=NAME)
    of_other = seal("654321", organisation=other, meter_name=NAME)
    forged = of_other[:5] + sealed[5:]
    with pytest.raises(SealBrokenError):
        unseal(forged, meter_name=NAME)
    with pytest.raises(SealBrokenError):
        unseal(b"\x02\xff\xff\xff\xff" + sealed[5:], meter_name=NAME)
    with pytest.raises(SealBrokenError):
        unseal(b"\x09" + sealed[1:], meter_name=NAME)


def test_what_was_sealed_under_the_master_key_alone_still_opens(data: DataDirectory, db: None) -> None:
    nonce, bound_to = bytes(12), f"kilovatt:{NAME}:reading:1".encode()
    sealed = b"\x01" + nonce + AESGCM(data.key("passwords.key")).encrypt(nonce, b"123456", bound_to)
    assert unseal(sealed, meter_name=NAME) == "123456"


def test_changing_the_master_key_leaves_every_secret_as_it_is(association: Organisation, data: DataDirectory) -> None:
    sealed = seal("123456", organisation=association, meter_name=NAME)
    before = data.key("passwords.key")
    file = data.keys / "passwords.key"
    options = {"next_file": data.keys / "passwords.key.next", "before_file": data.keys / "passwords.key.before"}
    assert change_master_key(file, **options) == 1
    assert data.key("passwords.key") != before
    (data.keys / "passwords.key.before").unlink()
    assert unseal(sealed, meter_name=NAME) == "123456"
    assert seal_data_keys_under(data.key("passwords.key")) == 0


def test_a_change_of_the_master_key_broken_off_in_the_middle_goes_on(
    association: Organisation, data: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Organisation.objects.create(code="vasilek", name="Василёк", kind="association")
    sealed = [seal("123456", organisation=whose, meter_name=NAME) for whose in (association, other)]
    anew, done = vault.seal_anew, list[int]()

    def torn(row: DataKey, *, master: bytes) -> None:
        if done:
            raise KeyboardInterrupt
        anew(row, master=master)
        done.append(row.pk)

    file = data.keys / "passwords.key"
    options = {"next_file": data.keys / "passwords.key.next", "before_file": data.keys / "passwords.key.before"}
    monkeypatch.setattr(vault, "seal_anew", torn)
    with pytest.raises(KeyboardInterrupt):
        change_master_key(file, **options)
    assert [unseal(one, meter_name=NAME) for one in sealed] == ["123456"] * 2
    monkeypatch.setattr(vault, "seal_anew", anew)
    assert change_master_key(file, **options) == 1
    assert [unseal(one, meter_name=NAME) for one in sealed] == ["123456"] * 2
    assert len(masters()) == 2


def test_the_master_key_may_be_handed_in_by_a_file_or_by_systemd(
    association: Organisation, data: DataDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = seal("123456", organisation=association, meter_name=NAME)
    handed = tmp_path / "kilovatt-master-key"
    handed.write_bytes(bytes(range(32)))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert masters()[0] == vault.master_id(bytes(range(32))).hex()
    assert seal_data_keys_under(bytes(range(32))) == 1
    (data.keys / "passwords.key").unlink()
    assert unseal(sealed, meter_name=NAME) == "123456"
    monkeypatch.setenv("KILOVATT_MASTER_KEY", str(tmp_path / "none"))
    with pytest.raises(DataDirectoryError, match="cannot be read"):
        masters()


def test_a_data_key_whose_master_key_is_gone_says_what_to_hand_in(
    association: Organisation, data: DataDirectory
) -> None:
    seal("123456", organisation=association, meter_name=NAME)
    (data.keys / "passwords.key").write_bytes(bytes(32))
    with pytest.raises(SealBrokenError, match="hand in the master key"):
        vault.data_key(DataKey.objects.get())


def test_meters_on_factory_passwords_are_told(meter: Meter) -> None:
    weak = {one.serial: (one.reading, one.commanding) for one in on_factory_passwords()}
    assert weak == {"41000001": (True, True), "41000002": (True, True)}
    put_password(meter, "918273", level=1)
    assert {one.serial: (one.reading, one.commanding) for one in on_factory_passwords()}["41000001"] == (False, True)
    put_password(meter, "918274", level=2)
    assert [one.serial for one in on_factory_passwords()] == ["41000002"]


def test_a_second_data_key_of_an_organisation_seals_what_comes_after_it(association: Organisation) -> None:
    first = seal("123456", organisation=association, meter_name=NAME)
    vault.add_data_key(association)
    second = seal("123456", organisation=association, meter_name=NAME)
    assert first[1:5] != second[1:5]
    assert [unseal(one, meter_name=NAME) for one in (first, second)] == ["123456"] * 2
    assert [str(key) for key in DataKey.objects.order_by("generation")] == [f"{association} 1", f"{association} 2"]
