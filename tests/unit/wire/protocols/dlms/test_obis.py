"""Logical names, as they are written and as they are sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.dlms.obis import Obis


@pytest.mark.parametrize(
    "written",
    ["1.0.1.8.0.255", "1-0:1.8.0*255", "1-0:1.8.0.255", "1.0.1.8.0", " 1-0:1.8.0 ", "001.0.01.08.0.255"],
)
def test_a_name_is_read_however_it_is_written(written: str) -> None:
    name = Obis.parse(written)
    assert name == bytes((1, 0, 1, 8, 0, 255))
    assert str(name) == "1.0.1.8.0.255"
    assert repr(name) == "Obis(1.0.1.8.0.255)"
    assert {bytes(name): "found"}[name] == "found"


@given(st.binary(min_size=6, max_size=6))
def test_any_six_bytes_are_a_name(groups: bytes) -> None:
    assert Obis.parse(str(Obis(groups))) == Obis(groups) == groups


@pytest.mark.parametrize(
    "written", ["", "1.0.1.8", "1.0.1.8.0.256", "1.0.1.8.0.255.0", "1,0,1,8,0,255", "a.0.1.8.0.255", "1.0.1.8.0.٢٥٥"]
)
def test_what_is_no_name_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"written as 1\.0\.1\.8\.0\.255"):
        Obis.parse(written)


@pytest.mark.parametrize("groups", [b"", bytes(5), bytes(7)])
def test_a_name_has_six_groups(groups: bytes) -> None:
    with pytest.raises(ValueError, match=f"six groups: got {len(groups)}"):
        Obis(groups)
