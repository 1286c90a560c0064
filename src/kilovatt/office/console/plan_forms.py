"""A reading plan as an operator fills it in. It validates, and saves nothing."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kilovatt.office.operations.reading.plan_editing import PlanFacts, facts_of, lines_to_choose
from kilovatt.office.records.models import Organisation, ReadingPlan

MINUTES_OF = {"minutes": 1, "hours": 60, "days": 1440}
EVERY_MAX_MINUTES = 31 * 1440
SERIALS_MAX = 2_000
READ = ("reads_registers", "reads_profile", "reads_samples", "reads_journals", "reads_quality")
_TIME = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class PlanForm(forms.Form):
    """What is read, how often, in which hours, of whom."""

    name = forms.CharField(max_length=80, label=gettext_lazy("Name"))
    every = forms.IntegerField(min_value=1, max_value=EVERY_MAX_MINUTES, initial=30, label=gettext_lazy("Every"))
    unit = forms.ChoiceField(
        choices=[
            ("minutes", gettext_lazy("minutes")),
            ("hours", gettext_lazy("hours")),
            ("days", gettext_lazy("days")),
        ],
        label=gettext_lazy("Unit of time"),
    )
    opens = forms.TimeField(required=False, label=gettext_lazy("Not before (local time)"), widget=_TIME)
    closes = forms.TimeField(required=False, label=gettext_lazy("Not after (local time)"), widget=_TIME)
    reads_registers = forms.BooleanField(required=False, initial=True, label=gettext_lazy("Registers"))
    reads_profile = forms.BooleanField(required=False, initial=True, label=gettext_lazy("Load profile"))
    reads_samples = forms.BooleanField(
        required=False, initial=True, label=gettext_lazy("Voltages, currents and power of the moment")
    )
    reads_journals = forms.BooleanField(required=False, initial=True, label=gettext_lazy("Journals of events"))
    reads_quality = forms.BooleanField(
        required=False, initial=True, label=gettext_lazy("Journals of the quality of supply")
    )
    priority = forms.TypedChoiceField(
        coerce=int,
        choices=ReadingPlan.Priority.choices,
        initial=ReadingPlan.Priority.USUAL,
        label=gettext_lazy("Whose turn comes first among those that are due"),
    )
    corrects_clocks = forms.BooleanField(
        required=False, label=gettext_lazy("Clocks are corrected without asking, within what their maker allows")
    )
    is_default = forms.BooleanField(
        required=False, label=gettext_lazy("It holds for every meter of the organisation that has no other plan")
    )
    lines = forms.MultipleChoiceField(required=False, label=gettext_lazy("Lines"), widget=forms.CheckboxSelectMultiple)
    serials = forms.CharField(
        required=False,
        max_length=40_000,
        label=gettext_lazy("Single meters, by their numbers"),
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )

    def __init__(
        self, posted: Mapping[str, Any] | None, *, organisation: Organisation, plan: ReadingPlan | None = None
    ) -> None:
        super().__init__(posted, initial={} if plan is None else _kept(plan))
        lines = self.fields["lines"]
        assert isinstance(lines, forms.MultipleChoiceField)
        own = "" if plan is None else plan.name
        lines.choices = [
            (str(pk), name if other in {"", own} else _("{line} (now: {plan})").format(line=name, plan=other))
            for pk, name, other in lines_to_choose(organisation)
        ]
        if plan is None and not organisation.reading_plans.exists():
            self.fields["is_default"].initial = True

    def clean_serials(self) -> tuple[str, ...]:
        """Return the numbers."""
        numbers = dict.fromkeys(self.cleaned_data["serials"].replace(",", " ").replace("№", " ").split())
        if len(numbers) > SERIALS_MAX:
            raise forms.ValidationError(
                _("At most {maximum} numbers: give their lines the plan instead.").format(maximum=SERIALS_MAX)
            )
        return tuple(numbers)

    def clean(self) -> dict[str, Any]:
        """Return the fields, with how often in whole minutes as `every_minutes`."""
        fields: dict[str, Any] = super().clean() or {}
        if fields.get("every") and fields.get("unit"):
            fields["every_minutes"] = fields["every"] * MINUTES_OF[fields["unit"]]
            if fields["every_minutes"] > EVERY_MAX_MINUTES:
                self.add_error("every", _("A meter is visited every 31 days at least: it may forget what it kept."))
        opens, closes = fields.get("opens"), fields.get("closes")
        if (opens is None) != (closes is None):
            self.add_error("closes" if closes is None else "opens", _("Give both ends of the hours, or none."))
        elif opens is not None and opens == closes:
            self.add_error("closes", _("The hours end as they begin. Leave both empty for the whole day."))
        if not any(fields.get(name) for name in READ):
            self.add_error("reads_registers", _("Choose something that is to be read."))
        return fields

    def facts(self) -> PlanFacts:
        """Return what was filled in."""
        fields = self.cleaned_data
        return PlanFacts(
            **{name: fields[name] for name in READ},
            name=fields["name"],
            is_default=fields["is_default"],
            every_minutes=fields["every_minutes"],
            opens=fields["opens"],
            closes=fields["closes"],
            priority=fields["priority"],
            corrects_clocks=fields["corrects_clocks"],
            line_ids=frozenset(map(int, fields["lines"])),
            serials=fields["serials"],
        )


def _kept(plan: ReadingPlan) -> dict[str, Any]:
    facts = facts_of(plan)
    unit = next(unit for unit in ("days", "hours", "minutes") if facts.every_minutes % MINUTES_OF[unit] == 0)
    kept = {name: getattr(facts, name) for name in (*READ, "name", "opens", "closes", "priority", "corrects_clocks")}
    return {
        **kept,
        "every": facts.every_minutes // MINUTES_OF[unit],
        "unit": unit,
        "is_default": facts.is_default,
        "lines": [str(pk) for pk in facts.line_ids],
        "serials": ", ".join(facts.serials),
    }
