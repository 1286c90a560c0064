"""What an operator fills in to command a meter: a form for each kind of command. They validate, and save nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kilovatt.measure.metering.commands import (
    POWER_MAX_W,
    ChangePassword,
    CloseRelay,
    Command,
    CommandKind,
    OpenRelay,
    PermitRelay,
    SetClock,
    SetPowerLimit,
    SetTariffTable,
    TariffMark,
)
from kilovatt.measure.metering.models import MeterModel
from kilovatt.office.operations.orders.order_values import checked_password, correction, made_keys, made_password
from kilovatt.office.pages.order_figures import level_text
from kilovatt.office.records.models import Meter
from kilovatt.quantities.periods import local_midnight

MARKS = 6
"""So many marks of a day are offered."""
_TARIFFS = 4
_W_PER_KW = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of the meter when the form is filled in. `ahead_s`: how far its clock was ahead when last heard."""

    meter: Meter
    model: MeterModel
    zone: ZoneInfo
    now: datetime
    ahead_s: int | None


class OrderForm(forms.Form):
    """What every command wants: why. `order_id` is the number of this form, so that it counts once."""

    order_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    because = forms.CharField(max_length=300, label=gettext_lazy("Because"))

    def __init__(self, posted: Mapping[str, Any] | None, *, told: Told) -> None:
        super().__init__(posted)
        self.told = told

    def command(self) -> Command:
        """Return what the meter is to be told. Raises OrderRefusedError where it cannot be."""
        raise NotImplementedError


class OpenForm(OrderForm):
    """Disconnect."""

    def command(self) -> Command:
        """Return the command."""
        return OpenRelay()


class CloseForm(OrderForm):
    """Connect."""

    def command(self) -> Command:
        """Return the command."""
        return CloseRelay()


class PermitForm(OrderForm):
    """Allow to switch on."""

    def command(self) -> Command:
        """Return the command."""
        return PermitRelay()


class PowerForm(OrderForm):
    """A power limit, in kW or W."""

    power = forms.CharField(max_length=12, label=gettext_lazy("Limit"))
    unit = forms.ChoiceField(
        choices=[("kw", gettext_lazy("kW")), ("w", gettext_lazy("W"))], label=gettext_lazy("In"), initial="kw"
    )

    def clean(self) -> dict[str, Any]:
        """Return the fields with the limit in whole watts as `power_w`."""
        fields: dict[str, Any] = super().clean() or {}
        if "power" not in fields or "unit" not in fields:
            return fields
        power_w = _number(fields["power"]) * (_W_PER_KW if fields["unit"] == "kw" else 1)
        if not power_w.is_finite() or power_w != power_w.to_integral_value() or not 1 <= power_w <= POWER_MAX_W:
            self.add_error("power", _("A limit is a whole number of watts, such as 7.5 kW or 7500 W."))
        else:
            fields["power_w"] = int(power_w)
        return fields

    def command(self) -> Command:
        """Return the command."""
        return SetPowerLimit(self.cleaned_data["power_w"])


class TariffForm(OrderForm):
    """A table of tariffs, the same each day: tariff 1 or another from midnight, and what follows."""

    from_on = forms.DateField(
        required=False,
        label=gettext_lazy("From which day on (empty: at once)"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, posted: Mapping[str, Any] | None, *, told: Told) -> None:
        super().__init__(posted, told=told)
        tariffs = [(str(number), f"T{number}") for number in range(1, _TARIFFS + 1)]
        for place in range(MARKS):
            if place:
                self.fields[f"from_{place}"] = forms.TimeField(
                    required=False, label=_("From"), widget=forms.TimeInput(attrs={"type": "time"})
                )
            self.fields[f"tariff_{place}"] = forms.ChoiceField(choices=tariffs, label=_("Tariff"))

    @property
    def marks(self) -> list[tuple[forms.BoundField | None, forms.BoundField]]:
        """The rows of the table: from when (None: from midnight), and which tariff."""
        return [(self[f"from_{place}"] if place else None, self[f"tariff_{place}"]) for place in range(MARKS)]

    def clean(self) -> dict[str, Any]:
        """Return the fields with the marks of the table as `marks`, and from when it holds as `activate_at`."""
        fields: dict[str, Any] = super().clean() or {}
        filled = [(time.min, int(fields.get("tariff_0") or 1))]
        for place in range(1, MARKS):
            at, tariff = fields.get(f"from_{place}"), fields.get(f"tariff_{place}")
            if at is not None and tariff:
                filled.append((at, int(tariff)))
        minutes = [at.hour * 60 + at.minute for at, _tariff in filled]
        if minutes != sorted(set(minutes)):
            self.add_error(None, _("The times go upwards, each once, after 00:00."))
        fields["marks"] = tuple(
            TariffMark(minute, tariff) for minute, (_at, tariff) in zip(minutes, filled, strict=True)
        )
        fields["activate_at"] = None
        if fields.get("from_on") is not None:
            fields["activate_at"] = local_midnight(fields["from_on"], self.told.zone)
            if fields["activate_at"] <= self.told.now:
                self.add_error("from_on", _("That day has begun already: choose a later one, or none for at once."))
        return fields

    def command(self) -> Command:
        """Return the command."""
        return SetTariffTable(self.cleaned_data["marks"], self.cleaned_data["activate_at"])


class ClockForm(OrderForm):
    """Set the clock to our time."""

    def command(self) -> Command:
        """Return the command."""
        return SetClock(self.told.now)


class ShiftForm(OrderForm):
    """Move the clock by what it is known to be off."""

    def command(self) -> Command:
        """Return the command. Raises OrderRefusedError where nothing is known, or it is too much."""
        return correction(self.told.model, self.told.ahead_s)


class PasswordForm(OrderForm):
    """A new password: made by chance, or typed twice. It is never written into a page."""

    level = forms.TypedChoiceField(coerce=int, label=gettext_lazy("Which password"), widget=forms.RadioSelect)
    way = forms.ChoiceField(
        choices=[
            ("made", gettext_lazy("made by chance: nobody sees it")),
            ("typed", gettext_lazy("typed below, twice")),
        ],
        initial="made",
        label=gettext_lazy("The new one"),
        widget=forms.RadioSelect,
    )
    new = forms.CharField(
        required=False,
        max_length=32,
        strip=False,
        label=gettext_lazy("New password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        required=False,
        max_length=32,
        strip=False,
        label=gettext_lazy("Once more"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, posted: Mapping[str, Any] | None, *, told: Told) -> None:
        super().__init__(posted, told=told)
        levels = () if told.model.password is None else told.model.password.by_level
        choices = [(level, level_text(level)) for level in levels]
        field = self.fields["level"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = choices
        field.initial = choices[0][0] if choices else None

    def clean(self) -> dict[str, Any]:
        """Return the fields, both passwords compared."""
        fields: dict[str, Any] = super().clean() or {}
        if fields.get("way") == "typed":
            if not fields.get("new"):
                self.add_error("new", _("Type the new password."))
            elif fields["new"] != fields.get("again"):
                self.add_error("again", _("The two are not the same."))
        return fields

    def command(self) -> Command:
        """Return the command. Raises OrderRefusedError where the model cannot have such a password."""
        level = self.cleaned_data["level"]
        if self.cleaned_data["way"] == "made":
            return ChangePassword(level, made_password(self.told.model, level=level))
        return ChangePassword(level, checked_password(self.told.model, self.cleaned_data["new"], level=level))


class KeysForm(OrderForm):
    """New keys, made by chance: there is nothing to type."""

    def command(self) -> Command:
        """Return the command. Raises OrderRefusedError where the keys the meter has are not on record."""
        return made_keys(self.told.meter)


FORMS: Mapping[CommandKind, type[OrderForm]] = {
    CommandKind.OPEN_RELAY: OpenForm,
    CommandKind.PERMIT_RELAY: PermitForm,
    CommandKind.CLOSE_RELAY: CloseForm,
    CommandKind.SET_POWER_LIMIT: PowerForm,
    CommandKind.SET_TARIFF_TABLE: TariffForm,
    CommandKind.SHIFT_CLOCK: ShiftForm,
    CommandKind.SET_CLOCK: ClockForm,
    CommandKind.CHANGE_PASSWORD: PasswordForm,
    CommandKind.CHANGE_KEYS: KeysForm,
}
"""The commands that are given here, in the order they are offered."""


def offered(model: MeterModel) -> list[CommandKind]:
    """Return what a model can be told from here."""
    return [kind for kind in FORMS if kind in model.commands]


def _number(text: str) -> Decimal:
    # A blank between the thousands, and a comma or a point before what is less than one.
    bare = text.replace("\u00a0", "").replace(" ", "").replace(",", ".")
    try:
        return Decimal(bare)
    except InvalidOperation:
        return Decimal("NaN")
