"""A search for meters over a line: who wished for what, how far it is, and what it found."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kilovatt.measure.metering.scans import ScanState


class LineScan(models.Model):
    """A search over a line, done by whichever process holds the line, between visits.

    `journal` is what was asked and heard, enough for another process to go on from there; `found`, `remarks` and
    `walked` are what people are shown of it.
    """

    scan_id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    line = models.ForeignKey("records.Line", on_delete=models.CASCADE, related_name="scans")
    wishes = models.JSONField(_("where and how far"), default=dict)
    state = models.CharField(_("state"), max_length=12, default=ScanState.WANTED)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked for"))
    stopped_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    claimed_fence = models.PositiveBigIntegerField(_("fence of the line it is done under"), null=True)
    began_at = models.DateTimeField(_("began"), null=True)
    told_at = models.DateTimeField(_("last told of"), null=True)
    over_at = models.DateTimeField(_("over"), null=True)
    takeovers = models.PositiveSmallIntegerField(_("how often another process went on with it"), default=0)
    progress = models.JSONField(_("what is being tried"), default=dict)
    found = models.JSONField(_("found"), default=list)
    verdict = models.CharField(_("what it came to"), max_length=12, blank=True)
    remarks = models.JSONField(_("remarks"), default=dict)
    walked = models.JSONField(_("where it has been"), default=list)
    journal = models.JSONField(_("journal"), default=dict)

    class Meta:
        verbose_name = _("search for meters")
        verbose_name_plural = _("searches for meters")
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["line"], condition=Q(state__in=["wanted", "running"]), name="one_search_of_a_line"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ScanState]), name="a_known_state_of_a_search"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} {self.state}"
