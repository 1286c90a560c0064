"""The vocabulary of commands: what cannot be meant cannot be said, and no secret shows."""

from datetime import UTC, datetime, timedelta

import pytest

from kilovatt.measure.metering.commands import (
    POWER_MAX_W,
    ChangeKeys,
    ChangePassword,
    CommandKind,
    SetClock,
    SetPowerLimit,
    SetTariffTable,
    ShiftClock,
    TariffMark,
)

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize("power_w", [0, -5, POWER_MAX_W + 1])
def test_a_limit_of_no_power_is_none(power_w: int) -> None:
    with pytest.raises(ValueError, match="a power limit is 1 to"):
        SetPowerLimit(power_w)


@pytest.mark.parametrize(
    "marks",
    [
        (),
        (TariffMark(60, 1),),
        (TariffMark(0, 1), TariffMark(0, 2)),
        (TariffMark(0, 1), TariffMark(90, 2), TariffMark(60, 1)),
        (TariffMark(0, 1), TariffMark(1440, 2)),
    ],
)
def test_marks_ascend_from_midnight(marks: tuple[TariffMark, ...]) -> None:
    with pytest.raises(ValueError, match="marks ascend"):
        SetTariffTable(marks)


@pytest.mark.parametrize("tariff", [0, 9])
def test_a_tariff_is_one_of_eight(tariff: int) -> None:
    with pytest.raises(ValueError, match="a tariff is 1 to 8"):
        SetTariffTable((TariffMark(0, tariff),))


def test_a_clock_is_set_to_our_time_unless_another_is_said() -> None:
    assert SetClock(NOW).ahead == timedelta(0)
    assert SetClock(NOW + timedelta(hours=1), at=NOW).ahead == timedelta(hours=1)


def test_a_shift_by_nothing_is_none() -> None:
    with pytest.raises(ValueError, match="by nothing"):
        ShiftClock(0)


def test_a_change_of_no_keys_is_none() -> None:
    with pytest.raises(ValueError, match="changes none"):
        ChangeKeys(master=bytes(16))


def test_no_secret_of_a_command_shows() -> None:
    keys = ChangeKeys(encryption=b"secret-1", authentication=b"secret-2", master=b"secret-3")
    assert "secret" not in repr(keys) + repr(ChangePassword(1, "secret"))
    assert keys.kind is CommandKind.CHANGE_KEYS
