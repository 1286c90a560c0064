"""What the driver asks a Mercury V2 and what it makes of the answers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import Identity, InstantValues, Learnt
from kilovatt.wire.drivers.conversation import MeterRefusedError
from kilovatt.wire.drivers.mercury_v2.driver import MercuryV2Driver
from kilovatt.wire.protocols.framing.connection import LocalProtocolError, Refusal, RefusalReason
from kilovatt.wire.protocols.mercury_v2 import instants, parameters, session
from kilovatt.wire.protocols.mercury_v2.connection import MercuryV2Connection
from kilovatt.wire.protocols.mercury_v2.fields import Directed
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from told_v2 import (
    CLOSED,
    DENIED,
    HEARD_AT,
    M234_R,
    METER,
    NOTHING,
    OLD_METER,
    OLDER,
    UNKNOWN,
    Asked,
    carried,
    learnt,
    saying,
)

# ── Opening and closing ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_channel_is_opened_in_the_form_of_the_model() -> None:
    asked: Asked = []
    carried(MercuryV2Driver().opening(METER), lambda _: None, asked)
    assert asked == [session.OpenChannel(1, bytes([3, 1, 4, 1, 5, 9]))]

    asked.clear()
    carried(MercuryV2Driver().opening(replace(METER, model=M234_R, access_level=2)), lambda _: None, asked)
    assert asked == [session.OpenChannel(2, b"314159")]


def test_a_refused_form_is_followed_by_the_other() -> None:
    asked: Asked = []
    taken = session.OpenChannel(1, b"314159")
    carried(MercuryV2Driver().opening(METER), lambda it: None if it == taken else CLOSED, asked)
    assert asked == [session.OpenChannel(1, bytes([3, 1, 4, 1, 5, 9])), taken]


def test_a_password_refused_in_both_forms_is_one_wrong_password() -> None:
    with pytest.raises(MeterRefusedError, match=r"level 1 was refused in every form \(status 3, 3\)") as refused:
        carried(MercuryV2Driver().opening(METER), lambda _: DENIED)
    assert refused.value.outcome is Outcome.WRONG_PASSWORD
    assert "314159" not in str(refused.value)


def test_an_internal_error_is_no_wrong_password() -> None:
    said = Refusal(RefusalReason.INTERNAL_ERROR, 2)
    with pytest.raises(MeterRefusedError, match="internal error instead of opening") as refused:
        carried(MercuryV2Driver().opening(METER), lambda _: said)
    assert refused.value.outcome is Outcome.REFUSED


def test_letters_are_sent_as_ascii_alone() -> None:
    asked: Asked = []
    carried(MercuryV2Driver().opening(replace(METER, password="secret")), lambda _: None, asked)
    assert asked == [session.OpenChannel(1, b"secret")]


def test_a_password_that_no_meter_can_have_is_a_wrong_one() -> None:
    with pytest.raises(MeterRefusedError, match="six characters of ASCII") as refused:
        carried(MercuryV2Driver().opening(replace(METER, password="12345")), lambda _: None)
    assert refused.value.outcome is Outcome.WRONG_PASSWORD


def test_without_a_password_the_factorys_is_tried() -> None:
    asked: Asked = []
    carried(MercuryV2Driver().opening(replace(METER, password=None, access_level=2)), lambda _: None, asked)
    assert asked == [session.OpenChannel(2, bytes([2] * 6))]


def test_the_channel_is_closed_and_a_refusal_of_that_does_not_matter() -> None:
    asked: Asked = []
    carried(MercuryV2Driver().closing(METER), lambda _: CLOSED, asked)
    assert asked == [session.CloseChannel()]


def test_a_connection_is_for_the_meters_address() -> None:
    assert isinstance(MercuryV2Driver().connection(METER), MercuryV2Connection)
    with pytest.raises(LocalProtocolError, match="an address is 0 to 240"):
        MercuryV2Driver().connection(replace(METER, address=255))


# ── Identity and clock ───────────────────────────────────────────────────────────────────────────────────────────────

SERIAL = parameters.SerialNumber(serial="41906467", made_on=date(2020, 6, 22))
IDENTITY_ONLY = replace(NOTHING, identity=True)


def test_a_meter_tells_who_it_is() -> None:
    said = saying({parameters.ReadSerial(): SERIAL, parameters.ReadFirmware(): "9.0.0"})
    assert learnt(IDENTITY_ONLY, said) == Learnt(
        identity=Identity(
            serial="41906467", made_on=date(2020, 6, 22), firmware="9.0.0", variant="b460c1975340", exchange=1
        )
    )


def test_what_a_meter_does_not_know_of_itself_is_left_open() -> None:
    said = saying(
        {parameters.ReadSerial(): SERIAL, parameters.ReadFirmware(): UNKNOWN, parameters.ReadVariant(): UNKNOWN}
    )
    identity = learnt(IDENTITY_ONLY, said, meter=replace(METER, serial=None)).identity
    assert identity is not None
    assert (identity.serial, identity.firmware, identity.variant) == ("41906467", None, None)


def test_another_serial_number_is_another_meter() -> None:
    said = saying({parameters.ReadSerial(): replace(SERIAL, serial="41906468")})
    with pytest.raises(MeterRefusedError, match="meter 41906467 was asked, and meter 41906468 answered") as another:
        learnt(IDENTITY_ONLY, said)
    assert another.value.outcome is Outcome.ANOTHER_METER


def test_the_clock_is_told_with_its_deviation() -> None:
    clock = learnt(replace(NOTHING, clock=True), saying({})).clock
    assert clock is not None
    assert clock.taken_at == datetime(2026, 11, 24, 5, 32, 37, tzinfo=UTC)
    assert clock.deviation == timedelta(seconds=7)


def test_a_refusal_that_leaves_no_way_on_is_raised() -> None:
    with pytest.raises(MeterRefusedError, match="ReadFirmware was refused: channel_closed") as closed:
        learnt(IDENTITY_ONLY, saying({parameters.ReadSerial(): SERIAL, parameters.ReadFirmware(): CLOSED}))
    assert closed.value.outcome is Outcome.CHANNEL_CLOSED


# ── What flows ───────────────────────────────────────────────────────────────────────────────────────────────────────

EVERYTHING = instants.Everything(
    active_mw=(Directed(5_530_950, active_reversed=True), Directed(0), Directed(0), Directed(0)),
    reactive_mvar=(Directed(0),) * 4,
    apparent_mva=(Directed(0),) * 4,
    voltages_mv=(241_280, 240_430, None),
    angles_mdeg=(120_000,) * 3,
    currents_ma=(69, 96, 0),
    factors_permille=(Directed(1000),) * 4,
    frequency_mhz=49_990,
    distortions_permyriad=(None,) * 3,
    temperature_c=24,
)
INSTANT_ONLY = replace(NOTHING, instant=True)
TARIFF_3 = parameters.TariffState(tariff=3, is_single=False)


def measured(quantity: instants.Quantity, phase: int = 0) -> instants.ReadInstants:
    return instants.ReadInstants(instants.Measured(quantity, phase))


def test_newer_meters_tell_all_that_flows_at_once() -> None:
    said = saying({instants.ReadEverything(): EVERYTHING, parameters.ReadTariffState(): TARIFF_3})
    task = replace(INSTANT_ONLY, clock=True)
    assert learnt(task, said).instant == InstantValues(
        taken_at=datetime(2026, 11, 24, 5, 32, 37, tzinfo=UTC),
        power_w=-5_530,
        voltages_mv=(241_280, 240_430),
        currents_ma=(69, 96, 0),
        frequency_mhz=49_990,
        tariff=3,
        relay_closed=None,
        exchange=2,
    )


SEPARATE: dict[MercuryV2Request[Any], object] = {
    measured(instants.Quantity.POWER): (Directed(1_234_560), Directed(0), Directed(0), Directed(0)),
    measured(instants.Quantity.VOLTAGE, 1): (230_000, 231_000, 232_000),
    measured(instants.Quantity.CURRENT, 1): (1_000, 2_000, 3_000),
    measured(instants.Quantity.FREQUENCY, 1): (50_000,),
}


def test_older_meters_are_asked_for_one_quantity_after_another() -> None:
    asked: Asked = []
    said = saying({**SEPARATE, parameters.ReadVariant(): OLDER, parameters.ReadTariffState(): UNKNOWN})
    instant = learnt(INSTANT_ONLY, said, meter=OLD_METER, asked=asked).instant
    assert instant is not None
    assert (instant.power_w, instant.voltages_mv) == (1_234, (230_000, 231_000, 232_000))
    assert (instant.frequency_mhz, instant.tariff, instant.exchange) == (50_000, None, 2)
    # The clock was not read: ours is believed.
    assert instant.taken_at == HEARD_AT
    assert instants.ReadEverything() not in asked


def test_what_a_newer_meter_will_not_tell_at_once_is_asked_one_by_one() -> None:
    masked: dict[MercuryV2Request[Any], object] = {measured(instants.Quantity.POWER): (None,) * 4}
    said = saying({**SEPARATE, **masked, instants.ReadEverything(): UNKNOWN, parameters.ReadTariffState(): TARIFF_3})
    instant = learnt(INSTANT_ONLY, said).instant
    assert instant is not None
    assert (instant.power_w, instant.currents_ma) == (None, (1_000, 2_000, 3_000))


@pytest.mark.parametrize(("bits", "closed"), [(frozenset({0}), True), (frozenset({0, 3, 9}), False)])
def test_a_relay_tells_whether_it_is_closed(bits: frozenset[int], closed: bool) -> None:
    said = saying(
        {
            instants.ReadEverything(): EVERYTHING,
            parameters.ReadTariffState(): TARIFF_3,
            parameters.ReadLoadControl(): bits,
        }
    )
    instant = learnt(INSTANT_ONLY, said, meter=replace(METER, model=M234_R)).instant
    assert instant is not None
    assert instant.relay_closed is closed
