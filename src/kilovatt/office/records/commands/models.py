"""A command to a meter on record, from the request to the proof; lists of them, and who approves them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kilovatt.measure.metering.commands import CommandKind
from kilovatt.measure.metering.orders import OrderPart, OrderState, VisitResult

_LIST_STATES = [OrderState.REQUESTED, OrderState.APPROVED, OrderState.EXPIRED, OrderState.DECLINED]


class SecondPersonRule(models.Model):
    """Which commands of an organisation whoever asked for them cannot approve, from when it was said until the next.

    Without any: see `operations.approval_rules`. Rows are never changed: they are the record of who said what.
    """

    organisation = models.ForeignKey("records.Organisation", on_delete=models.PROTECT, related_name="approval_rules")
    kinds = models.JSONField(_("kinds of commands"), default=list)
    lists = models.BooleanField(_("lists of commands"), default=True)
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    said_at = models.DateTimeField(_("said"))

    class Meta:
        verbose_name = _("rule of approval")
        verbose_name_plural = _("rules of approval")
        indexes = [models.Index(fields=["organisation", "-said_at"], name="approval_rule_newest")]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.said_at:%Y-%m-%d}: {', '.join(self.kinds)}"


class OrderList(models.Model):
    """The same command to many meters, from a file, approved as a whole.

    `left_out` are the rows that became no order: [row, what it says, the stable name of why].
    """

    list_id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    organisation = models.ForeignKey("records.Organisation", on_delete=models.PROTECT, related_name="order_lists")
    kind = models.CharField(_("command"), max_length=20)
    because = models.CharField(_("because"), max_length=300)
    file_name = models.CharField(_("file"), max_length=200)
    digest = models.BinaryField(_("SHA-256 of the file"), max_length=32, editable=False)
    left_out = models.JSONField(_("rows left out"), default=list)
    state = models.CharField(_("state"), max_length=12, default=OrderState.REQUESTED)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(_("requested"))
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(_("approved"), null=True)
    expires_at = models.DateTimeField(_("not to be sent after"))
    over_at = models.DateTimeField(_("over"), null=True)

    class Meta:
        verbose_name = _("list of commands")
        verbose_name_plural = _("lists of commands")
        ordering = ["-requested_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in _LIST_STATES]), name="a_known_state_of_a_list"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.file_name} {self.state}"


class MeterOrder(models.Model):
    """What a meter is to be told, who wanted it and why, and what came of it; `measure.metering.orders` has the states.

    `facts` hold what is not secret, `secret_sealed` what is: nothing of it is shown to anybody.
    """

    order_id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    meter = models.ForeignKey("records.Meter", on_delete=models.PROTECT, related_name="orders")
    kind = models.CharField(_("command"), max_length=20)
    facts = models.JSONField(_("what exactly"), default=dict)
    secret_sealed = models.BinaryField(null=True, editable=False)
    point = models.ForeignKey("records.MeteringPoint", null=True, on_delete=models.PROTECT, related_name="+")
    """Where the meter stood when it was given: elsewhere it is not carried out."""
    order_list = models.ForeignKey(OrderList, null=True, on_delete=models.PROTECT, related_name="orders")
    """The list it is approved with; None: it is approved by itself."""
    because = models.CharField(_("because"), max_length=300)
    state = models.CharField(_("state"), max_length=12, default=OrderState.REQUESTED)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    """None: the site itself, by a rule that its organisation has agreed to."""
    requested_at = models.DateTimeField(_("requested"))
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(_("approved"), null=True)
    expires_at = models.DateTimeField(_("not to be sent after"))
    due_at = models.DateTimeField(_("the next visit"), null=True)
    claimed_fence = models.PositiveBigIntegerField(_("fence of the line it was claimed under"), null=True)
    claimed_at = models.DateTimeField(_("claimed"), null=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    over_at = models.DateTimeField(_("over"), null=True)
    visits = models.PositiveSmallIntegerField(_("visits"), default=0)
    not_so = models.PositiveSmallIntegerField(_("visits that found it not so"), default=0)
    result = models.CharField(_("what the last visit brought"), max_length=12, blank=True)
    shown = models.CharField(_("what the meter showed"), max_length=200, blank=True)
    detail = models.CharField(_("detail"), max_length=300, blank=True)
    session = models.ForeignKey("records.Session", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("command to a meter")
        verbose_name_plural = _("commands to meters")
        ordering = ["-requested_at"]
        constraints = [
            # Two commands under way would prove each other's state.
            models.UniqueConstraint(
                fields=["meter"],
                condition=Q(state__in=["requested", "approved", "claimed", "sent"]),
                name="one_order_under_way",
            ),
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in CommandKind]), name="a_known_command"),
            models.CheckConstraint(condition=Q(state__in=[state.value for state in OrderState]), name="a_known_state"),
            models.CheckConstraint(
                condition=Q(result__in=["", *(result.value for result in VisitResult)]), name="a_known_result"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "unknown", "confirmed"]) | Q(sent_at__isnull=False),
                name="what_was_sent_says_when",
            ),
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="order_due")]

    def __str__(self) -> str:
        return f"{self.meter_id} {self.kind} {self.state}"


class OrderFrame(models.Model):
    """An exchange that an order was brought with: what was asked before, what was told, what it was read back with."""

    order = models.ForeignKey(MeterOrder, on_delete=models.PROTECT, related_name="frames")
    session = models.ForeignKey("records.Session", on_delete=models.PROTECT, related_name="+")
    exchange = models.PositiveIntegerField(_("exchange"))
    part = models.CharField(_("what it was for"), max_length=10)

    class Meta:
        verbose_name = _("exchange of a command")
        verbose_name_plural = _("exchanges of commands")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["session", "exchange"], name="an_exchange_of_one_order"),
            models.CheckConstraint(condition=Q(part__in=[part.value for part in OrderPart]), name="a_known_part"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.session_id}/{self.exchange} {self.part}"
