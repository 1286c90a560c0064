"""Organisations, their roles at metering points, and their staff."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Organisation(models.Model):
    """A garden association, managing company, retailer or grid company, with the calendar it bills by."""

    class Kind(models.TextChoices):
        ASSOCIATION = "association", _("garden or house association")
        MANAGING_COMPANY = "managing_company", _("managing company")
        RETAILER = "retailer", _("retailer")
        GRID_COMPANY = "grid_company", _("grid company")

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    zone_name = models.CharField(_("time zone"), max_length=64, default="Europe/Moscow")
    inn = models.CharField(_("taxpayer number (INN)"), max_length=12, blank=True)
    bank_name = models.CharField(_("bank"), max_length=200, blank=True)
    bic = models.CharField(_("bank's BIC"), max_length=9, blank=True)
    settlement_account = models.CharField(_("settlement account"), max_length=20, blank=True)
    correspondent_account = models.CharField(_("correspondent account"), max_length=20, blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    payment_due_day = models.PositiveSmallIntegerField(_("payment due on the day of the next month"), default=15)

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        constraints = [
            models.CheckConstraint(
                condition=Q(payment_due_day__gte=1, payment_due_day__lte=28), name="due_day_in_every_month"
            )
        ]

    def __str__(self) -> str:
        return self.name


class VatStatus(models.Model):
    """Which value added tax an organisation's amounts contain, from a day until the next row's.

    Without any, an association contains none and others the general rate of the day.
    The rates of the simplified system: НК РФ, ст. 164 п. 8.
    """

    class Rate(models.TextChoices):
        GENERAL = "general", _("the general rate")
        FIVE = "five", _("5 %, simplified tax system")
        SEVEN = "seven", _("7 %, simplified tax system")
        NONE = "none", _("no VAT")

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="vat_statuses")
    valid_from = models.DateField(_("valid from"))
    rate = models.CharField(_("value added tax"), max_length=12, choices=Rate)

    class Meta:
        verbose_name = _("value added tax of an organisation")
        verbose_name_plural = _("value added tax of organisations")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "valid_from"], name="one_vat_status_from_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.rate} {self.valid_from}"


class DataKey(models.Model):
    """The key under which an organisation's meters' secrets are sealed, itself sealed under the site's master key.

    `master` names the master key (the first bytes of its SHA-256), so that a change of it can stop half-way and go on.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="data_keys")
    generation = models.PositiveSmallIntegerField(_("generation"), default=1)
    master = models.BinaryField(_("master key"), max_length=8, editable=False)
    sealed = models.BinaryField(_("sealed"), editable=False)
    made_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("data key")
        verbose_name_plural = _("data keys")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "generation"], name="one_data_key_of_a_generation")
        ]

    def __str__(self) -> str:
        return f"{self.organisation} {self.generation}"


class ReadingPlan(models.Model):
    """What is read of meters, how often, and in which local hours.

    The plan of a meter holds before that of its line, and that before the default of the organisation; without any,
    everything is read every half-hour. A window may run over midnight. What is asked for by somebody who waits is read
    at any hour, and whole.
    """

    class Priority(models.IntegerChoices):
        """Whose turn comes first among meters that are due."""

        FIRST = 0, _("before others")
        USUAL = 1, _("as usual")
        LAST = 2, _("after others")

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="reading_plans")
    name = models.CharField(_("name"), max_length=80, default="")
    is_default = models.BooleanField(_("holds for meters that have no other"), default=True)
    every_minutes = models.PositiveIntegerField(_("every so many minutes"), default=30)
    opens = models.TimeField(_("not before (local)"), null=True, blank=True)
    closes = models.TimeField(_("not after (local)"), null=True, blank=True)
    reads_registers = models.BooleanField(_("registers"), default=True)
    reads_profile = models.BooleanField(_("load profile"), default=True)
    reads_samples = models.BooleanField(_("voltages, currents and power"), default=True)
    reads_journals = models.BooleanField(_("journals"), default=True)
    reads_quality = models.BooleanField(_("journals of the quality of supply"), default=True)
    priority = models.PositiveSmallIntegerField(_("whose turn comes first"), choices=Priority, default=Priority.USUAL)
    corrects_clocks = models.BooleanField(_("clocks are corrected without asking"), default=False)
    """Else a correction waits for an operator's approval."""

    class Meta:
        verbose_name = _("reading plan")
        verbose_name_plural = _("reading plans")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="one_reading_plan_of_a_name"),
            models.UniqueConstraint(
                fields=["organisation"], condition=Q(is_default=True), name="one_default_reading_plan"
            ),
            models.CheckConstraint(condition=Q(every_minutes__gte=1), name="read_once_a_minute_at_most"),
            models.CheckConstraint(
                condition=Q(opens=None, closes=None)
                | Q(opens__isnull=False, closes__isnull=False) & ~Q(opens=F("closes")),
                name="a_window_has_two_ends",
            ),
            models.CheckConstraint(
                condition=Q(reads_registers=True)
                | Q(reads_profile=True)
                | Q(reads_samples=True)
                | Q(reads_journals=True)
                | Q(reads_quality=True),
                name="a_plan_reads_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.name or self.every_minutes}"


class ReadingPlanChange(models.Model):
    """Who changed a reading plan, when, and how it was before and after; never changed itself."""

    plan = models.ForeignKey(ReadingPlan, on_delete=models.CASCADE, related_name="changes")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(_("changed"))
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)

    class Meta:
        verbose_name = _("change of a reading plan")
        verbose_name_plural = _("changes of reading plans")
        ordering = ["-changed_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.changed_at}"


class OrganisationRole(models.Model):
    """What an organisation is at a metering point, from one day to another."""

    class Role(models.TextChoices):
        KEEPER = "keeper", _("keeps the installation's data")
        SELLER = "seller", _("sells the energy")
        GRID = "grid", _("owns the grid")
        MANAGER = "manager", _("manages the building")

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="roles")
    point = models.ForeignKey("records.MeteringPoint", on_delete=models.PROTECT, related_name="roles")
    role = models.CharField(_("role"), max_length=20, choices=Role)
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until (excluded)"), null=True, blank=True)

    class Meta:
        verbose_name = _("role of an organisation")
        verbose_name_plural = _("roles of organisations")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "point", "role", "valid_from"], name="one_role_from_a_day"),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")), name="role_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.role} @ {self.point}"


class StaffRole(models.Model):
    """What a user may do for an organisation."""

    class Role(models.TextChoices):
        OPERATOR = "operator", _("operator")
        BOOKKEEPER = "bookkeeper", _("bookkeeper")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="staff_roles")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="staff")
    role = models.CharField(_("role"), max_length=20, choices=Role)

    class Meta:
        verbose_name = _("staff role")
        verbose_name_plural = _("staff roles")
        constraints = [models.UniqueConstraint(fields=["user", "organisation", "role"], name="one_staff_role_each")]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} @ {self.organisation}"
