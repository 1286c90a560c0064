"""What an operator fills in of lines: a line, a search over it, a meter on it. They validate, and save nothing."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kilovatt.measure.metering.catalogue import MODELS, model_by_key
from kilovatt.measure.metering.catalogue.counters import COUNTERS
from kilovatt.measure.metering.scans import (
    ADDRESSES_MAX,
    NoAddressesError,
    ScanForesight,
    ScanWishes,
    TooManyAddressesError,
    addresses_listed,
)
from kilovatt.office.operations.new_meters import LineFacts, NewMeter
from kilovatt.office.pages import scan_words
from kilovatt.office.records.models import Line, Organisation

SERIALS_MAX = 50
SERIAL_MAX = 999_999_999_999
_RATIO_MAX = 100_000
_NO_AUTOFILL = {"autocomplete": "off"}


class LineForm(forms.Form):
    """A line: its name, where it is reached, and how patient we are there (empty: by the kind of line)."""

    organisation = forms.TypedChoiceField(coerce=int, label=gettext_lazy("Organisation"))
    name = forms.CharField(max_length=120, label=gettext_lazy("Name"))
    url = forms.CharField(
        max_length=300, label=gettext_lazy("Address"), widget=forms.TextInput(attrs={"spellcheck": "false"})
    )
    answer_timeout_ms = forms.IntegerField(
        required=False, min_value=10, max_value=60_000, label=gettext_lazy("Wait for an answer, ms")
    )
    quiet_ms = forms.IntegerField(
        required=False, min_value=5, max_value=5000, label=gettext_lazy("Silence that ends an answer, ms")
    )

    def __init__(
        self, posted: Mapping[str, Any] | None, *, organisations: list[Organisation], line: Line | None = None
    ) -> None:
        kept = {} if line is None else {name: getattr(line, name) or None for name in LineFacts.__slots__}
        super().__init__(posted, initial=kept)
        if line is not None:
            del self.fields["organisation"]
            return
        chosen = self.fields["organisation"]
        assert isinstance(chosen, forms.TypedChoiceField)
        chosen.choices = [(one.pk, one.name) for one in organisations]
        chosen.initial = organisations[0].pk

    def clean(self) -> dict[str, Any]:
        """Return the fields; a silence that ends an answer is shorter than what an answer may take to begin."""
        fields: dict[str, Any] = super().clean() or {}
        if (fields.get("quiet_ms") or 0) > (fields.get("answer_timeout_ms") or 60_000):
            self.add_error("quiet_ms", _("It cannot be longer than an answer is waited for."))
        return fields

    def facts(self) -> LineFacts:
        """Return what was filled in."""
        fields = self.cleaned_data
        return LineFacts(
            name=fields["name"],
            url=fields["url"],
            answer_timeout_ms=fields["answer_timeout_ms"] or 0,
            quiet_ms=fields["quiet_ms"] or 0,
        )


class ScanForm(forms.Form):
    """Where and how far is to be looked. Whatever is left out is looked at in full."""

    scan_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    ways = forms.MultipleChoiceField(
        required=False, label=gettext_lazy("Languages"), widget=forms.CheckboxSelectMultiple
    )
    speeds = forms.MultipleChoiceField(
        required=False, label=gettext_lazy("Speeds"), widget=forms.CheckboxSelectMultiple
    )
    serials = forms.CharField(
        required=False,
        max_length=1000,
        label=gettext_lazy("Numbers on the faces of meters that should be there"),
        widget=forms.TextInput(attrs=_NO_AUTOFILL),
    )
    addresses = forms.CharField(
        required=False,
        max_length=300,
        label=gettext_lazy("Addresses to ask one by one"),
        widget=forms.TextInput(attrs=_NO_AUTOFILL),
    )
    timeout_ms = forms.IntegerField(
        required=False, min_value=50, max_value=30_000, label=gettext_lazy("How long to wait for an answer, ms")
    )
    thorough = forms.BooleanField(
        required=False, label=gettext_lazy("Go on with other speeds and languages when somebody was found")
    )

    def __init__(self, posted: Mapping[str, Any] | None, *, foresight: ScanForesight) -> None:
        super().__init__(posted, initial={"ways": list(scan_words.WAYS), "speeds": [foresight.own_speed]})
        ways, speeds = self.fields["ways"], self.fields["speeds"]
        assert isinstance(ways, forms.MultipleChoiceField)
        assert isinstance(speeds, forms.MultipleChoiceField)
        ways.choices = [(way, _(name)) for way, name in scan_words.WAYS.items()]
        speeds.choices = [(speed, speed) for speed in foresight.speeds]
        if not foresight.speeds:
            del self.fields["speeds"]

    def clean_addresses(self) -> str:
        """Return the addresses as they were written, if they are any."""
        text: str = self.cleaned_data["addresses"].strip()
        try:
            addresses_listed(text) if text else ()
        except NoAddressesError as error:
            raise forms.ValidationError(_(scan_words.NO_ADDRESSES).format(text=f"«{error.text}»")) from error
        except TooManyAddressesError as error:
            words = _(scan_words.TOO_MANY_ADDRESSES)
            raise forms.ValidationError(words.format(count=error.count, maximum=ADDRESSES_MAX)) from error
        return text

    def clean_serials(self) -> tuple[int, ...]:
        """Return the numbers."""
        numbers = self.cleaned_data["serials"].replace(",", " ").replace("№", " ").split()
        if not all(number.isascii() and number.isdigit() and 1 <= int(number) <= SERIAL_MAX for number in numbers):
            raise forms.ValidationError(_("Write numbers, such as 41906467, 36790160."))
        if len(numbers) > SERIALS_MAX:
            raise forms.ValidationError(_("At most {maximum} numbers at once.").format(maximum=SERIALS_MAX))
        return tuple(dict.fromkeys(map(int, numbers)))

    def wishes(self) -> ScanWishes:
        """Return what was filled in."""
        fields = self.cleaned_data
        every_way = len(fields["ways"]) == len(scan_words.WAYS)
        return ScanWishes(
            ways=() if every_way else tuple(fields["ways"]),
            addresses=fields["addresses"],
            serials=fields["serials"],
            speeds=tuple(fields.get("speeds", ())),
            timeout_ms=fields["timeout_ms"],
            thorough=fields["thorough"],
        )


class NewMeterForm(forms.Form):
    """A meter on a line, and the place where it stands."""

    model = forms.ChoiceField(label=gettext_lazy("Model"))
    serial = forms.CharField(max_length=32, label=gettext_lazy("Serial number"))
    address = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=999_999_999,
        label=gettext_lazy("Address on the line (empty: the one its maker gives it by its number)"),
    )
    password = forms.CharField(
        required=False,
        max_length=32,
        strip=False,
        label=gettext_lazy("Password for reading, if it has one"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    point_name = forms.CharField(max_length=120, label=gettext_lazy("Place that is measured"))
    point_address = forms.CharField(required=False, max_length=300, label=gettext_lazy("Address of the place"))
    ratio = forms.IntegerField(min_value=1, max_value=_RATIO_MAX, initial=1, label=gettext_lazy("Transformer ratio"))

    def __init__(self, posted: Mapping[str, Any] | None, *, likely: list[str], initial: dict[str, Any]) -> None:
        super().__init__(posted, initial=initial)
        others = [(model.key, model.title) for model in (*MODELS, *COUNTERS) if model.key not in likely]
        choices: list[Any] = [("", _("Choose …"))] if not likely else []
        if likely:
            choices.append((_("May be"), [(key, model_by_key(key).title) for key in likely]))
        choices.append((_("Others"), others) if likely else (_("All models"), others))
        chosen = self.fields["model"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = choices

    def clean_serial(self) -> str:
        """Return the number without blanks."""
        return "".join(self.cleaned_data["serial"].split())

    def meter(self) -> NewMeter:
        """Return what was filled in."""
        fields = self.cleaned_data
        return NewMeter(
            model_key=fields["model"],
            serial=fields["serial"],
            address=fields["address"],
            password=fields["password"],
            point_name=fields["point_name"],
            point_address=fields["point_address"],
            ratio=fields["ratio"],
        )
