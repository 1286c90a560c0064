"""Passwords at rest open for their meter with the site's key; one that does not open harms no other."""

import logging

import pytest

from kilovatt.config.data_directory import DataDirectory
from kilovatt.config.wiring import errands_by_line
from kilovatt.office.operations.reading_plan import lines_to_read
from kilovatt.office.operations.vault import SealBrokenError, seal, unseal
from kilovatt.office.records.models import Meter
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
