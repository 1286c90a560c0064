"""Transfers. Balanced by construction; reversed, never edited (triggers refuse UPDATE and DELETE)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Transfer(models.Model):
    """Money moved from one ledger account to another, with its cause."""

    transfer_id = models.UUIDField(primary_key=True)
    organisation = models.ForeignKey("records.Organisation", on_delete=models.PROTECT, related_name="transfers")
    debit_account = models.CharField(_("debit"), max_length=60)
    credit_account = models.CharField(_("credit"), max_length=60)
    amount_kopecks = models.BigIntegerField(_("amount, kopecks"))
    code = models.CharField(_("code"), max_length=20)
    cause = models.CharField(_("cause"), max_length=120)
    happened_on = models.DateField(_("happened on"))
    recorded_at = models.DateTimeField(_("recorded"))
    reverses = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by")

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        constraints = [
            models.CheckConstraint(condition=Q(amount_kopecks__gt=0), name="a_transfer_moves_something"),
            models.CheckConstraint(condition=~Q(debit_account=F("credit_account")), name="a_transfer_has_two_sides"),
        ]
        indexes = [
            models.Index(fields=["organisation", "debit_account"], name="transfer_by_debit"),
            models.Index(fields=["organisation", "credit_account"], name="transfer_by_credit"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.amount_kopecks}: {self.debit_account} → {self.credit_account}"
