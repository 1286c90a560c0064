"""A session on its way into the records, and what of it is noted where by which of those who take it over."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias
from uuid import UUID

from kilovatt.measure.metering.meter_days import Source
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.records.models import Session


@dataclass(slots=True, kw_only=True)
class Accepting:
    """What may be believed of a session. `carrying` grows: the exchanges that carried what is new."""

    session: Session
    learnt: Learnt
    apart: Learnt = field(default_factory=Learnt)
    source: Source = Source.METER
    asked_on: Collection[date] = ()
    """Days of the load profile that the meter was asked for."""
    carrying: set[int] = field(default_factory=set)

    @property
    def meter_id(self) -> int:
        """Whose session it is."""
        meter_id: int = self.session.meter_id
        return meter_id

    @property
    def session_id(self) -> UUID:
        """Its name."""
        session_id: UUID = self.session.session_id
        return session_id


Together: TypeAlias = Sequence[Accepting]
"""Sessions that are accepted together: of each meter one at most."""


def meter_ids_of(together: Together) -> list[int]:
    """Return the meters of sessions that are accepted together."""
    return [one.meter_id for one in together]
