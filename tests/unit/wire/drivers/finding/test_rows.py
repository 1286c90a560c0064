"""What a meter that was found may be, and how it is read."""

import pytest

from kilovatt.measure.metering.catalogue import ROWS, model_by_key
from kilovatt.measure.metering.models import Language
from kilovatt.wire.drivers.finding.probes import Place, Sighting, Told, Trait, Way
from kilovatt.wire.drivers.finding.rows import fitting, reading_arguments, row_traits


def found(
    language: Language, traits: dict[Trait, str] | None = None, *, serial: str = "", address: int | None = 17
) -> Sighting:
    told = {Told.SERIAL: serial} if serial else {}
    return Sighting(place=Place(way=Way.SHORT), languages=(language,), address=address, told=told, traits=traits or {})


def keys(language: Language, traits: dict[Trait, str] | None = None) -> list[str]:
    return [row.key for row in fitting(found(language, traits))]


def test_a_meter_that_says_nothing_may_be_any_of_its_language_the_best_known_first() -> None:
    # A СЭТ-4ТМ.03М was captured, the other is read by its likeness to it.
    assert keys(Language.NZIF) == ["set-4tm-03m", "psch-4tm-05mk-16-02"]
    assert set(keys(Language.MODBUS)) == {row.key for row in ROWS if row.language is Language.MODBUS}


@pytest.mark.parametrize(
    ("language", "traits", "expected"),
    [
        (Language.MERCURY_V1, {Trait.CODE: "8"}, ["mercury-206-prlsno"]),
        (Language.MERCURY_V2, {Trait.PHASES: "3", Trait.RELAY: "yes"}, ["mercury-234-artm-01-pob-r"]),
        (Language.MERCURY_V2, {Trait.PHASES: "1"}, []),
        (Language.NZIF, {Trait.CODE: "8"}, ["set-4tm-03m"]),
        (Language.ENERGOMERA, {Trait.STAMPED: "yes"}, ["energomera-ce102-r5-1", "energomera-ce307-r33"]),
        (Language.IEC62056_21, {Trait.NAME: "CE301"}, ["energomera-ce301"]),
        (Language.IEC62056_21, {Trait.NAME: "ZMG40"}, ["landis-gyr-zmg405"]),
        (Language.MODBUS, {}, ["pulse-counter-modbus"]),
    ],
)
def test_what_it_says_narrows_the_rows(language: Language, traits: dict[Trait, str], expected: list[str]) -> None:
    assert keys(language, traits) == expected


def test_rows_of_its_maker_come_before_those_of_any_and_others_makers_are_left_out() -> None:
    rows = keys(Language.SPODES, {Trait.CARRIER: "hdlc-4", Trait.FLAG: "NRT"})
    assert rows[0] == "nartis-i300"
    assert "spodes-3ph" in rows
    assert not [key for key in rows if key.startswith("energomera")]
    assert keys(Language.SPODES, {Trait.CARRIER: "hdlc-1"}) == []


def test_who_is_found_in_the_wrapper_is_taken_for_a_meter_until_it_lists_meters() -> None:
    alone = Sighting(
        place=Place(way=Way.WRAPPER),
        languages=(Language.SPODES,),
        address=1,
        traits={Trait.CARRIER: "wrapper", Trait.FLAG: "EMR"},
    )
    listing = alone.with_told({Told.DEVICES: "1 KLV, 200 EMR"}, {Trait.FLAG: "KLV"})
    rows = [row.key for row in fitting(alone)]
    assert rows[0] == "energomera-ce207-spds@uspd"
    assert {"spodes-1ph@uspd", "spodus-uspd"} <= set(rows)
    assert not [key for key in rows if key.startswith("rim")]
    assert next(row.key for row in fitting(listing)) == "spodus-uspd"
    model = fitting(alone)[0]
    assert reading_arguments(alone, model) == ("--model", "energomera-ce207-spds@uspd", "--address", "1")


def test_every_row_says_only_what_can_be_told_of_it() -> None:
    assert all(set(row_traits(row)) <= set(Trait) for row in ROWS)
    assert row_traits(model_by_key("matrica-np71")) == {}


@pytest.mark.parametrize(
    ("key", "serial", "address", "arguments"),
    [
        ("mercury-230-art-01-cln", "40123017", 17, ["--serial", "40123017"]),
        ("mercury-230-art-01-cln", "40123017", 41, ["--serial", "40123017", "--address", "41"]),
        ("mercury-230-art-01-cln", "40123017", None, ["--serial", "40123017", "--address", "0"]),
        ("mercury-206-prlsno", "00790160", 790_160, ["--serial", "790160"]),
        ("nartis-i100", "", 17, ["--address", "17"]),
        ("energomera-ce102-r5", "", None, []),
        ("mercury-230-art-01-cln", "99999999999", 17, ["--address", "17"]),
        ("energomera-ce301", "A1", None, ["--address", "0"]),
    ],
)
def test_a_command_names_what_reading_needs_and_no_more(
    key: str, serial: str, address: int | None, arguments: list[str]
) -> None:
    model = model_by_key(key)
    one = found(model.language, serial=serial, address=address)
    assert list(reading_arguments(one, model)) == ["--model", key, *arguments]
