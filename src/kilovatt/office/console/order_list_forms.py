"""What an operator fills in to tell many meters the same: what, whom, and why."""

from typing import Any
from uuid import uuid4

from django import forms
from django.core.files import File
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kilovatt.measure.metering.commands import CommandKind
from kilovatt.office.console.order_list_shown import operated
from kilovatt.office.exchange.faults import FileFaultError
from kilovatt.office.exchange.listed_meters import BYTES_MAX, MeterListFile, meter_list
from kilovatt.office.operations.orders.order_lists import COMMANDS
from kilovatt.office.pages.order_words import KINDS
from kilovatt.office.records.models import Organisation, User


class ListForm(forms.Form):
    """A list of meters, from a file or typed, and what they are told. `list_id` is the number of this form."""

    list_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    organisation = forms.ModelChoiceField(
        queryset=Organisation.objects.none(), label=gettext_lazy("Organisation"), empty_label=None
    )
    kind = forms.ChoiceField(label=gettext_lazy("What they are told"), widget=forms.RadioSelect)
    file = forms.FileField(required=False, label=gettext_lazy("A file with the list"))
    numbers = forms.CharField(
        required=False,
        max_length=BYTES_MAX,
        label=gettext_lazy("Or the numbers, one in a row"),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )
    because = forms.CharField(max_length=300, label=gettext_lazy("Because"))

    def __init__(self, *given: Any, user: User, **more: Any) -> None:  # noqa: ANN401  # of a form of Django's
        super().__init__(*given, **more)
        mine = operated(user)
        organisation, kind = self.fields["organisation"], self.fields["kind"]
        assert isinstance(organisation, forms.ModelChoiceField)
        assert isinstance(kind, forms.ChoiceField)
        organisation.queryset = Organisation.objects.filter(pk__in=[one.pk for one in mine]).order_by("name")
        organisation.initial = mine[0].pk if mine else None
        self.has_choice = len(mine) > 1
        if not self.has_choice:
            organisation.widget = forms.HiddenInput()
        kind.choices = [(one.value, _(KINDS[one].name)) for one in COMMANDS]
        kind.initial = CommandKind.OPEN_RELAY.value

    def clean(self) -> dict[str, Any]:
        """Return the fields with the list as `listed`: a MeterListFile."""
        fields: dict[str, Any] = super().clean() or {}
        if fields.get("file") is not None and (fields.get("numbers") or "").strip():
            # Which of them was meant is not ours to guess, with people's supply at stake.
            self.add_error("numbers", _("Give the meters by a file or here, not by both."))
            return fields
        try:
            fields["listed"] = self._listed(fields.get("file"), fields.get("numbers") or "")
        except FileFaultError as error:
            named = error.values.get("file") or _("The list")
            self.add_error("file", _(error.sentence) % (error.values | {"file": named}))
        return fields

    def _listed(self, file: "File[bytes] | None", numbers: str) -> MeterListFile:
        if file is None:
            return meter_list(numbers.encode(), name="")
        # A file that is larger is none, and is not held in memory whole.
        return meter_list(file.read(BYTES_MAX + 1), name=file.name or "")
