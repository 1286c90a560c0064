"""Accounts and the tariff plans they are on."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Account(models.Model):
    """A personal account (лицевой счёт) at one metering point."""

    organisation = models.ForeignKey("records.Organisation", on_delete=models.PROTECT, related_name="accounts")
    number = models.CharField(_("account number"), max_length=20)
    point = models.ForeignKey("records.MeteringPoint", on_delete=models.PROTECT, related_name="accounts")
    person = models.ForeignKey("records.Person", on_delete=models.PROTECT, related_name="accounts")
    opened_on = models.DateField(_("opened on"))
    closed_on = models.DateField(_("closed on (excluded)"), null=True, blank=True)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["organisation", "number"], name="one_account_of_a_number")]

    def __str__(self) -> str:
        return self.number


class AccountPlan(models.Model):
    """The tariff plan of an account from a day on; it holds until the next one begins."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="plans")
    plan = models.ForeignKey("records.TariffPlan", on_delete=models.PROTECT, related_name="accounts")
    valid_from = models.DateField(_("valid from"))

    class Meta:
        verbose_name = _("plan of an account")
        verbose_name_plural = _("plans of accounts")
        ordering = ["valid_from"]
        constraints = [models.UniqueConstraint(fields=["account", "valid_from"], name="one_plan_from_a_day")]

    def __str__(self) -> str:
        return f"{self.account}: {self.plan} ({self.valid_from})"
