"""What the operator's pages show, as texts: figures and instants as people write them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext as _

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.office.console.sentences import Sentence, sentences
from kilovatt.office.documents.figures import instant_text, kwh_text, language_of, short_date_text
from kilovatt.office.operations.standing.board import BoardRow
from kilovatt.office.operations.standing.meter_file import LatestValue, MeterFile, PastSession
from kilovatt.office.pages.outcomes import ADVICE, PARTS

SESSIONS_AT_ONCE = 5
_WHOLE, _PART, _NOTHING = "<i></i>", '<i class="part"></i>', '<i class="none"></i>'


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row of the board. `strip` has a mark for each of the last thirty days, `strip_words` the same in words."""

    row: BoardRow
    said: tuple[Sentence, ...]
    strip: SafeString
    strip_words: str
    read_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFact:
    """Something that is known of a meter: what it is, what is known, and the page that has more of it."""

    title: str
    says: str
    url: str = ""
    is_figure: bool = True


@dataclass(frozen=True, slots=True)
class ShownSessions:
    """The sessions that are seen at once, and those that are a click away."""

    newest: tuple["ShownSession", ...]
    earlier: tuple["ShownSession", ...]


@dataclass(frozen=True, slots=True)
class ShownRegister:
    """The newest value of one register."""

    quantity: str
    tariff: str
    value: str
    taken_at: str
    session_id: UUID | None
    exchange: int


@dataclass(frozen=True, slots=True)
class ShownSession:
    """How one session went."""

    started_at: str
    outcome: str
    is_whole: bool
    part: str
    took: str
    exchanges: int
    retries: int
    detail: str


def shown_row(row: BoardRow, *, now: datetime) -> ShownRow:
    """Return a row of the board as texts."""
    whole = sum(day is not None and day.is_complete for day in row.days)
    read_at = instant_text(row.read_at, row.zone, language_of(get_language())) if row.read_at else _("never")
    return ShownRow(
        row=row,
        said=sentences(row, now=now),
        strip=_strip(row),
        strip_words=_("complete on {n} of 30 days").format(n=whole),
        read_at=read_at,
    )


def _strip(row: BoardRow) -> SafeString:
    marks = (_NOTHING if day is None else _WHOLE if day.is_complete else _PART for day in row.days)
    # Nine thousand marks on a large board: put together here from our own constants, not one by one in the template.
    return mark_safe("".join(marks))  # noqa: S308  nothing of a user's is in them


def shown_register(value: LatestValue, row: BoardRow) -> ShownRegister:
    """Return a register as texts."""
    language = language_of(get_language())
    return ShownRegister(
        quantity=quantity_name(Quantity(value.quantity)),
        tariff=_("total") if value.tariff == TOTAL_TARIFF else f"T{value.tariff}",
        value=kwh_text(value.value, language, decimals=3),
        taken_at=instant_text(value.taken_at, row.zone, language),
        session_id=value.session_id,
        exchange=value.exchange,
    )


def quantity_name(quantity: Quantity) -> str:
    """Return what a register counts."""
    return {
        Quantity.A_PLUS: _("active, taken"),
        Quantity.A_MINUS: _("active, given"),
        Quantity.R_PLUS: _("reactive, taken"),
        Quantity.R_MINUS: _("reactive, given"),
    }[quantity]


def told_registers(registers: Iterable[LatestValue]) -> list[LatestValue]:
    """Return the registers that say something, energy taken first: a tariff that never counted is left out."""
    order = list(Quantity)
    told = [value for value in registers if value.value or value.tariff == TOTAL_TARIFF]
    return sorted(told, key=lambda value: (order.index(Quantity(value.quantity)), value.tariff))


def facts(row: BoardRow, file: MeterFile, *, read_at: str, next_visit: str, failures: int) -> list[ShownFact]:
    """Return what is known of a meter now."""
    language = language_of(get_language())
    account = reverse("account", args=[row.account]) if row.account else ""
    made = short_date_text(file.made_on, language) if file.made_on else "—"
    flowed = flow(file)
    return [
        ShownFact(title=_("Account"), says=row.account or "—", url=account),
        ShownFact(title=_("Line"), says=row.line.name or "—", is_figure=False),
        ShownFact(title=_("Address on the line"), says=str(file.address)),
        ShownFact(title=_("Firmware"), says=file.firmware or "—"),
        ShownFact(title=_("Made"), says=made),
        ShownFact(title=_("Last reading"), says=read_at),
        ShownFact(title=_("Next visit"), says=next_visit),
        ShownFact(title=_("Failures in a row"), says=str(failures)),
        ShownFact(title=_("Flowed then"), says=flowed or "—", url="#voltage" if file.voltage_mv is not None else ""),
        ShownFact(title=_("Relay"), says=_relay(row, file), is_figure=False),
    ]


def _relay(row: BoardRow, file: MeterFile) -> str:
    if file.relay_closed is None:
        return _("not told yet") if row.model.relay else _("none")
    return _("closed: the place is supplied") if file.relay_closed else _("open: the place is switched off")


def shown_sessions(file: MeterFile, row: BoardRow) -> ShownSessions:
    """Return the sessions of a meter as texts."""
    told = tuple(shown_session(session, row) for session in file.sessions)
    return ShownSessions(told[:SESSIONS_AT_ONCE], told[SESSIONS_AT_ONCE:])


def shown_session(session: PastSession, row: BoardRow) -> ShownSession:
    """Return a session as texts."""
    return ShownSession(
        started_at=instant_text(session.started_at, row.zone, language_of(get_language())),
        outcome=outcome_name(session.outcome),
        is_whole=session.outcome is Outcome.OK,
        part=gettext(PARTS[session.failed_part]) if session.failed_part else "",
        took=seconds_text(session.took),
        exchanges=session.exchanges,
        retries=session.retries,
        detail=session.detail,
    )


def seconds_text(took: timedelta) -> str:
    """Return how long something took in seconds with a tenth."""
    tenths = round(took.total_seconds() * 10)
    point = "." if language_of(get_language()) == "en" else ","
    return f"{tenths // 10}{point}{tenths % 10}"


def flow(file: MeterFile) -> str:
    """Return what flowed at the last reading: power and voltage."""
    parts = [] if file.power_w is None else [_("{power} W").format(power=file.power_w)]
    if file.voltage_mv is not None:
        decivolts = (file.voltage_mv + 50) // 100
        point = "." if language_of(get_language()) == "en" else ","
        parts.append(_("{voltage} V").format(voltage=f"{decivolts // 10}{point}{decivolts % 10}"))
    return ", ".join(parts)


def outcome_name(outcome: Outcome) -> str:
    """Return how a session ended, in a word or two."""
    return gettext(ADVICE[outcome].name)
