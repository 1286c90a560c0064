"""What meters said by themselves, what of it must be remembered, and callers whom nobody knows."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Push(models.Model):
    """A session that was none: the meter spoke by itself. Its frame is the session's only one."""

    session = models.OneToOneField(
        "records.Session", on_delete=models.CASCADE, primary_key=True, related_name="push", editable=False
    )
    peer = models.CharField(_("came from"), max_length=64)
    trouble = models.CharField(_("why it was not taken for true"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("push")
        verbose_name_plural = _("pushes")

    def __str__(self) -> str:
        return f"{self.session_id} {self.peer}"


class PushStanding(models.Model):
    """What must be known of a meter's pushes when the next one comes.

    `flags` were up in the latest: they stay up until somebody clears them. `heard_counter` is the highest invocation
    counter of one that was sealed with the key of `key_generation`: none that is as low is taken again.
    """

    meter = models.OneToOneField(
        "records.Meter", on_delete=models.CASCADE, primary_key=True, related_name="push_standing"
    )
    flags = models.PositiveBigIntegerField(_("flags that were up"), default=0)
    key_generation = models.PositiveSmallIntegerField(_("generation of the key"), null=True)
    heard_counter = models.PositiveBigIntegerField(_("highest invocation counter"), null=True)
    details_asked_at = models.DateTimeField(_("journals last asked for"), null=True)

    class Meta:
        verbose_name = _("standing of a meter's pushes")
        verbose_name_plural = _("standings of meters' pushes")
        constraints = [
            models.CheckConstraint(
                condition=Q(heard_counter=None) | Q(key_generation__isnull=False), name="a_counter_is_of_a_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.meter_id} {self.flags:04x}"


class UnknownCaller(models.Model):
    """Who calls and is not on record, by the name it gives itself or, without any, by where it comes from."""

    class Why(models.TextChoices):
        """What is missing."""

        NO_LINE = "no_line", _("no line has this name")
        NO_METER = "no_meter", _("which meter of the line it is does not show")
        ANOTHER_METER = "another_meter", _("it is another meter than the one on record")
        NO_NAME = "no_name", _("it does not say who it is")

    name = models.CharField(_("calls itself"), max_length=64, unique=True)
    why = models.CharField(_("why"), max_length=20, choices=Why)
    serial = models.CharField(_("serial number it tells"), max_length=32, blank=True)
    peer = models.CharField(_("last came from"), max_length=64)
    first_at = models.DateTimeField(_("first called"))
    last_at = models.DateTimeField(_("last called"))
    calls = models.PositiveIntegerField(_("times"), default=1)
    """Counted once a minute at most."""
    pushed = models.BinaryField(_("what it pushed last"), null=True)

    class Meta:
        verbose_name = _("unknown caller")
        verbose_name_plural = _("unknown callers")
        ordering = ["-last_at"]
        indexes = [models.Index(fields=["last_at"], name="unknown_callers_by_time")]

    def __str__(self) -> str:
        return f"{self.name} {self.peer}"
