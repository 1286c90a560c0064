"""Work: jobs, errands, lines and outbox, taken by one conditional UPDATE."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Work(models.Model):
    """Something to be done once by whoever holds its lease. Every write of the holder checks `fence`."""

    kind = models.CharField(_("kind"), max_length=30)
    key = models.CharField(_("key"), max_length=120)
    due_at = models.DateTimeField(_("due"))
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    fence = models.PositiveBigIntegerField(_("fence"), default=0)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    payload = models.JSONField(_("payload"), default=dict)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    trouble = models.TextField(_("trouble"), blank=True)

    class Meta:
        verbose_name = _("work")
        verbose_name_plural = _("work")
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="one_work_of_a_key")]
        indexes = [models.Index(fields=["kind", "due_at"], name="work_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
