"""The meters that a concentrator has on its list, as it told of them last."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ListedMeter(models.Model):
    """A meter on a concentrator's list; `measure.metering.concentrators` says what each fact means.

    `known` is the meter on record that it is, where serial number and line agree.
    """

    concentrator = models.ForeignKey("records.Meter", on_delete=models.CASCADE, related_name="listed_meters")
    name = models.CharField(_("name"), max_length=64)
    model_name = models.CharField(_("model as the concentrator calls it"), max_length=120, blank=True)
    address = models.PositiveBigIntegerField(_("address of its direct channel"), null=True)
    channels = models.CharField(_("how it is reached"), max_length=200, blank=True)
    hearing = models.CharField(_("does the concentrator hear it"), max_length=10)
    last_heard_at = models.DateTimeField(_("last heard"), null=True)
    last_tried_at = models.DateTimeField(_("last tried"), null=True)
    last_exchange = models.CharField(_("how the last task went"), max_length=20, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), null=True)
    told_at = models.DateTimeField(_("told"))
    known = models.ForeignKey("records.Meter", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("meter behind a concentrator")
        verbose_name_plural = _("meters behind concentrators")
        ordering = ["address", "name"]
        constraints = [models.UniqueConstraint(fields=["concentrator", "name"], name="one_name_of_a_concentrator")]

    def __str__(self) -> str:
        return f"{self.name} behind {self.concentrator_id}"
