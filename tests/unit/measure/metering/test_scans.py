"""What is wished for of a search: addresses as people write them, and states that are over or not."""

import pytest

from kilovatt.measure.metering.scans import (
    ADDRESSES_MAX,
    NoAddressesError,
    ScanState,
    TooManyAddressesError,
    addresses_listed,
)


def test_addresses_are_written_one_by_one_and_from_to_each_once() -> None:
    assert addresses_listed("17, 41,100-103,41") == (17, 41, 100, 101, 102, 103)


@pytest.mark.parametrize("text", ["", "1-", "240-1", "seven", "1;2", "-5", "1234567890"])
def test_what_names_no_addresses_is_said_with_its_words(text: str) -> None:
    with pytest.raises(NoAddressesError) as refused:
        addresses_listed(text)
    assert refused.value.text == text


def test_more_addresses_than_are_asked_are_counted_and_not_listed() -> None:
    assert len(addresses_listed(f"1-{ADDRESSES_MAX}")) == ADDRESSES_MAX
    with pytest.raises(TooManyAddressesError) as refused:
        addresses_listed("1,1-999999999")
    assert refused.value.count == 1_000_000_000


def test_a_search_that_is_stopped_or_broken_is_over_as_one_that_ended() -> None:
    assert [state for state in ScanState if state.is_over] == [ScanState.OVER, ScanState.STOPPED, ScanState.BROKEN]
