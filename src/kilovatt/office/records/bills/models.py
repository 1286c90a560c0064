"""Bills. A draft may be deleted; an issued bill and all that hangs on it is never changed (triggers refuse)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kilovatt.measure.zones import Zone


class Bill(models.Model):
    """The document of a period for an account."""

    account = models.ForeignKey("records.Account", on_delete=models.PROTECT, related_name="bills")
    number = models.CharField(_("number"), max_length=40, unique=True)
    plan_code = models.CharField(_("tariff plan"), max_length=60)
    period_first_on = models.DateField(_("first day"))
    period_until_on = models.DateField(_("last day (excluded)"))
    amount_kopecks = models.BigIntegerField(_("amount, kopecks"))
    due_on = models.DateField(_("to be paid by"))
    issued_at = models.DateTimeField(_("issued"), null=True, blank=True)
    as_of_batch = models.PositiveBigIntegerField(_("newest batch it stands on"), null=True)

    class Meta:
        verbose_name = _("bill")
        verbose_name_plural = _("bills")
        ordering = ["-period_first_on"]
        constraints = [
            models.UniqueConstraint(fields=["account", "period_first_on"], name="one_bill_for_a_period"),
            models.CheckConstraint(condition=Q(period_until_on__gt=F("period_first_on")), name="bill_period_not_empty"),
        ]

    def __str__(self) -> str:
        return self.number


class BillLine(models.Model):
    """One priced line: a zone in a part of the period with one price."""

    bill = models.ForeignKey(Bill, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    zone = models.CharField(_("zone"), max_length=12, choices=[(zone.value, zone.value) for zone in Zone])
    first_on = models.DateField(_("first day"))
    until_on = models.DateField(_("last day (excluded)"))
    energy_wh = models.BigIntegerField(_("energy, Wh"))
    price_microrub_per_kwh = models.PositiveBigIntegerField(_("price, millionths of a rouble per kWh"))
    price_valid_from = models.DateField(_("price valid from"))
    price_source = models.CharField(_("source of the price"), max_length=300)
    amount_kopecks = models.BigIntegerField(_("amount, kopecks"))

    class Meta:
        verbose_name = _("line of a bill")
        verbose_name_plural = _("lines of bills")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["bill", "position"], name="one_line_at_a_position")]

    def __str__(self) -> str:
        return f"{self.bill_id} {self.zone}"


class BillLineLeg(models.Model):
    """The two readings of one meter and tariff that a line's energy is the difference of."""

    line = models.ForeignKey(BillLine, on_delete=models.CASCADE, related_name="legs")
    meter = models.ForeignKey("records.Meter", on_delete=models.PROTECT, related_name="+")
    tariff = models.PositiveSmallIntegerField(_("tariff"))
    ratio = models.PositiveIntegerField(_("transformer ratio"))
    start_value_wh = models.BigIntegerField()
    start_taken_at = models.DateTimeField()
    start_source = models.CharField(max_length=10)
    start_digest = models.BinaryField(max_length=32)
    start_session = models.UUIDField(null=True)
    start_exchange = models.IntegerField(null=True)
    end_value_wh = models.BigIntegerField()
    end_taken_at = models.DateTimeField()
    end_source = models.CharField(max_length=10)
    end_digest = models.BinaryField(max_length=32)
    end_session = models.UUIDField(null=True)
    end_exchange = models.IntegerField(null=True)

    class Meta:
        verbose_name = _("readings of a line")
        verbose_name_plural = _("readings of lines")
        constraints = [models.UniqueConstraint(fields=["line", "meter", "tariff"], name="one_leg_per_meter_and_tariff")]

    def __str__(self) -> str:
        return f"{self.line_id} T{self.tariff}"


class Unbilled(models.Model):
    """Why an account got no bill for a period. Removed when the bill is made."""

    account = models.ForeignKey("records.Account", on_delete=models.PROTECT, related_name="unbilled")
    period_first_on = models.DateField(_("first day"))
    reason = models.CharField(_("reason"), max_length=40)
    detail = models.JSONField(_("detail"), default=dict)
    noticed_at = models.DateTimeField(_("noticed"))

    class Meta:
        verbose_name = _("missing bill")
        verbose_name_plural = _("missing bills")
        constraints = [models.UniqueConstraint(fields=["account", "period_first_on"], name="one_reason_for_a_period")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.period_first_on} {self.reason}"
