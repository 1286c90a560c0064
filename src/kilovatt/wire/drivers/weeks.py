"""Days to be read, cut so that a failure loses a week at most."""

from collections.abc import Iterable, Iterator
from datetime import date

DAYS_OF_A_PART = 7


def runs_of_days(days: Iterable[date]) -> Iterator[list[date]]:
    """Return the days in order, in runs of consecutive ones, none longer than a week."""
    run: list[date] = []
    for day_on in sorted(set(days)):
        if run and (len(run) == DAYS_OF_A_PART or (day_on - run[-1]).days > 1):
            yield run
            run = []
        run.append(day_on)
    if run:
        yield run
