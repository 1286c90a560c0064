"""The intake and what is known of each meter at once; older data are in the lake.

Rows of the intake carry `batch` once the keeper has closed them into one, and are deleted when the lake
holds that batch. Their contents are never updated (a trigger refuses).
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kilovatt.measure.metering.registers import Quantity, RegisterMoment


def _choices(enum: type) -> list[tuple[str, str]]:
    return [(member.value, member.value) for member in enum]  # type: ignore[attr-defined]  # an Enum class iterates


class Session(models.Model):
    """One session with one meter and how it ended: the history of "why is there no data"."""

    session_id = models.UUIDField(primary_key=True)
    meter = models.ForeignKey("records.Meter", on_delete=models.PROTECT, related_name="sessions")
    language = models.CharField(_("language of the meter"), max_length=20)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"))
    outcome = models.CharField(_("outcome"), max_length=20)
    failed_part = models.CharField(_("part that failed"), max_length=12, blank=True)
    detail = models.TextField(_("detail"), blank=True)
    exchanges_made = models.PositiveIntegerField(_("exchanges"))
    retries = models.PositiveIntegerField(_("retries"))

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        indexes = [models.Index(fields=["meter", "-started_at"], name="session_by_meter")]

    def __str__(self) -> str:
        return f"{self.meter_id} {self.started_at:%Y-%m-%d %H:%M:%S} {self.outcome}"


class Batch(models.Model):
    """Rows of the intake that go to the lake together. Settled when `lake_versions` is set."""

    number = models.PositiveBigIntegerField(primary_key=True)
    closed_at = models.DateTimeField(_("closed"))
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    lake_versions = models.JSONField(_("versions of the lake's tables"), null=True, blank=True)

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")

    def __str__(self) -> str:
        return str(self.number)


class IntakeMeterDay(models.Model):
    """A meter-day as it was heard. Lists are packed int32, little-endian; null where not measured."""

    meter = models.ForeignKey("records.Meter", on_delete=models.PROTECT, related_name="+")
    day_on = models.DateField()
    starts_at = models.DateTimeField()
    step_s = models.PositiveIntegerField()
    uwh_per_count = models.PositiveIntegerField()
    a_plus = models.BinaryField()
    a_minus = models.BinaryField(null=True)
    r_plus = models.BinaryField(null=True)
    r_minus = models.BinaryField(null=True)
    qualities = models.BinaryField()
    exchanges = models.BinaryField()
    source = models.CharField(max_length=10)
    heard_at = models.DateTimeField()
    digest = models.BinaryField(max_length=32)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="+", null=True)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest"], name="a_meter_day_once")]
        indexes = [models.Index(fields=["meter", "day_on"], name="intake_day_by_meter")]

    def __str__(self) -> str:
        return f"{self.meter_id} {self.day_on}"


class IntakeRegister(models.Model):
    """A register as it was read."""

    meter = models.ForeignKey("records.Meter", on_delete=models.PROTECT, related_name="+")
    quantity = models.CharField(max_length=8, choices=_choices(Quantity))
    tariff = models.PositiveSmallIntegerField()
    moment = models.CharField(max_length=12, choices=_choices(RegisterMoment))
    value = models.BigIntegerField()
    taken_at = models.DateTimeField()
    heard_at = models.DateTimeField()
    source = models.CharField(max_length=10)
    digest = models.BinaryField(max_length=32)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="+", null=True)
    exchange = models.IntegerField()
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["digest"], name="a_register_once"),
            models.CheckConstraint(condition=Q(value__gte=0), name="a_register_is_not_negative"),
        ]
        indexes = [models.Index(fields=["meter", "taken_at"], name="intake_register_by_meter")]

    def __str__(self) -> str:
        return f"{self.meter_id} {self.quantity} T{self.tariff} {self.value}"


class IntakeSample(models.Model):
    """What flowed when a meter was read. Voltages and currents by phase, packed as those of a meter-day.

    `taken_at` is by the meter's clock, or by ours where that is not to be believed.
    """

    meter = models.ForeignKey("records.Meter", on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField()
    voltages_mv = models.BinaryField()
    currents_ma = models.BinaryField()
    power_w = models.IntegerField(null=True)
    frequency_mhz = models.IntegerField(null=True)
    tariff = models.PositiveSmallIntegerField(null=True)
    relay_closed = models.BooleanField(null=True)
    digest = models.BinaryField(max_length=32)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="+")
    exchange = models.IntegerField()
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest"], name="a_sample_once")]
        indexes = [models.Index(fields=["meter", "taken_at"], name="intake_sample_by_meter")]

    def __str__(self) -> str:
        return f"{self.meter_id} {self.taken_at:%Y-%m-%d %H:%M:%S}"


class HeldApart(models.Model):
    """What a clock that was far off has stamped: not accepted or billed before a person says by how much it was.

    `facts` hold the register, day or event as it was heard; the frames that carried it are kept as any others.
    """

    class Kind(models.TextChoices):
        """What it is."""

        REGISTER = "register", _("register")
        METER_DAY = "meter_day", _("day of the load profile")
        EVENT = "event", _("event")

    class State(models.TextChoices):
        """What became of it."""

        HELD = "held", _("held apart")
        RELEASED = "released", _("accepted with its time corrected")
        DISCARDED = "discarded", _("discarded")

    meter = models.ForeignKey("records.Meter", on_delete=models.PROTECT, related_name="held_apart")
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    facts = models.JSONField(_("what exactly"))
    clock_ahead_s = models.BigIntegerField(_("the clock was ahead by, s"))
    digest = models.BinaryField(max_length=32)
    held_at = models.DateTimeField(_("held apart since"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.HELD)
    moved_by_s = models.BigIntegerField(_("its time was moved by, s"), null=True)
    because = models.CharField(_("because"), max_length=300, blank=True, default="")
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    settled_at = models.DateTimeField(_("settled"), null=True)

    class Meta:
        verbose_name = _("value held apart")
        verbose_name_plural = _("values held apart")
        constraints = [
            models.UniqueConstraint(fields=["digest"], name="a_value_held_apart_once"),
            models.CheckConstraint(
                condition=Q(state="held", settled_at=None)
                | Q(state="discarded", settled_at__isnull=False)
                | Q(state="released", settled_at__isnull=False, moved_by_s__isnull=False),
                name="what_was_settled_says_when",
            ),
        ]
        indexes = [models.Index(fields=["meter", "state"], name="held_apart_by_meter")]

    def __str__(self) -> str:
        return f"{self.meter_id} {self.kind} {self.state}"


class IntakeFrame(models.Model):
    """One exchange as it stood on the wire, secrets masked: the evidence of what it carried."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="+")
    meter = models.ForeignKey("records.Meter", on_delete=models.PROTECT, related_name="+")
    exchange = models.PositiveIntegerField()
    request = models.BinaryField()
    answer = models.BinaryField()
    sent_at = models.DateTimeField()
    took_ms = models.PositiveIntegerField()
    tries = models.PositiveSmallIntegerField()
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "exchange"], name="a_frame_once")]

    def __str__(self) -> str:
        return f"{self.session_id} #{self.exchange}"


class LatestRegister(models.Model):
    """The newest value of each register of each meter, by the instant it belongs to."""

    meter = models.ForeignKey("records.Meter", on_delete=models.PROTECT, related_name="latest_registers")
    quantity = models.CharField(max_length=8, choices=_choices(Quantity))
    tariff = models.PositiveSmallIntegerField()
    value = models.BigIntegerField()
    taken_at = models.DateTimeField()
    heard_at = models.DateTimeField()
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="+", null=True)
    exchange = models.IntegerField()

    class Meta:
        verbose_name = _("latest register")
        verbose_name_plural = _("latest registers")
        constraints = [models.UniqueConstraint(fields=["meter", "quantity", "tariff"], name="one_latest_register")]

    def __str__(self) -> str:
        return f"{self.meter_id} {self.quantity} T{self.tariff} {self.value}"


class MeterStanding(models.Model):
    """How a meter stands now: what the board shows without asking the history."""

    meter = models.OneToOneField("records.Meter", on_delete=models.CASCADE, primary_key=True, related_name="standing")
    last_session = models.ForeignKey(Session, null=True, on_delete=models.PROTECT, related_name="+")
    last_outcome = models.CharField(max_length=20, blank=True)
    last_tried_at = models.DateTimeField(null=True)
    last_read_at = models.DateTimeField(null=True)
    """The last session that brought anything."""
    silent_since_at = models.DateTimeField(null=True)
    """The first failed session of the present row of failures."""
    next_due_at = models.DateTimeField(null=True, db_index=True)
    """When it is to be visited again; None: it never was, and is due."""
    failures = models.PositiveIntegerField(default=0)
    """Failed sessions in a row."""
    gaps_noticed_until_on = models.DateField(null=True)
    """Of the days before this one, what is missing is among the gaps."""
    day_registers_until_on = models.DateField(null=True)
    """The latest day at whose beginning its registers are known."""
    clock_deviation_s = models.IntegerField(null=True)
    power_w = models.IntegerField(null=True)
    voltage_mv = models.IntegerField(null=True)
    relay_closed = models.BooleanField(null=True)
    instant_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("standing of a meter")
        verbose_name_plural = _("standings of meters")

    def __str__(self) -> str:
        return f"{self.meter_id}: {self.last_outcome}"


class ProfileGap(models.Model):
    """A local day of a meter's load profile that is not whole. It goes when the day is, or stays with why it cannot be.

    What is to be read of the past are these rows, and nothing else: no store of days is looked through for it.
    """

    class Lost(models.TextChoices):
        """Why nobody will ask the meter for it again."""

        TOO_OLD = "too_old", _("older than the meter's memory")
        NOT_IN_METER = "not_in_meter", _("the meter itself has nothing for it")

    meter = models.ForeignKey("records.Meter", on_delete=models.CASCADE, related_name="gaps")
    day_on = models.DateField(_("day"))
    noticed_at = models.DateTimeField(_("noticed"))
    answers = models.PositiveSmallIntegerField(_("times the meter answered without it"), default=0)
    lost = models.CharField(_("lost because"), max_length=12, choices=Lost.choices, blank=True)

    class Meta:
        verbose_name = _("gap in a load profile")
        verbose_name_plural = _("gaps in load profiles")
        constraints = [models.UniqueConstraint(fields=["meter", "day_on"], name="a_gap_once")]

    def __str__(self) -> str:
        return f"{self.meter_id} {self.day_on}"


class ClockDeviation(models.Model):
    """How far a meter's clock was off on a day [s], as it was last read that day; positive is ahead of ours."""

    meter = models.ForeignKey("records.Meter", on_delete=models.CASCADE, related_name="clock_deviations")
    day_on = models.DateField(_("day"))
    deviation_s = models.IntegerField(_("deviation, s"))
    heard_at = models.DateTimeField(_("heard"))

    class Meta:
        verbose_name = _("deviation of a clock")
        verbose_name_plural = _("deviations of clocks")
        constraints = [models.UniqueConstraint(fields=["meter", "day_on"], name="one_clock_deviation_a_day")]

    def __str__(self) -> str:
        return f"{self.meter_id} {self.day_on} {self.deviation_s:+d} s"


class Event(models.Model):
    """Something a meter noticed; the same event read again is the same row."""

    meter = models.ForeignKey("records.Meter", on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(_("kind"), max_length=30)
    code = models.CharField(_("code"), max_length=40, blank=True, default="")
    """What exactly a journal says, where its language has a table of codes."""
    began_at = models.DateTimeField(_("began"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    first_heard_at = models.DateTimeField(_("first heard"))
    session = models.ForeignKey(Session, null=True, on_delete=models.PROTECT, related_name="+")
    exchange = models.IntegerField()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-began_at"]
        constraints = [models.UniqueConstraint(fields=["meter", "kind", "code", "began_at"], name="an_event_once")]

    def __str__(self) -> str:
        return f"{self.meter_id} {self.kind} {self.began_at:%Y-%m-%d %H:%M:%S}"


class Finding(models.Model):
    """A doubt of the judgement about a meter's data. `figures` holds whole numbers by name with units."""

    meter = models.ForeignKey("records.Meter", on_delete=models.PROTECT, related_name="findings")
    batch = models.ForeignKey(Batch, null=True, on_delete=models.PROTECT, related_name="findings")
    rule = models.CharField(_("rule"), max_length=30)
    day_on = models.DateField(_("day"))
    slot = models.IntegerField(_("slot"), default=-1)
    figures = models.JSONField(_("figures"), default=dict)
    found_at = models.DateTimeField(_("found"))

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        constraints = [models.UniqueConstraint(fields=["meter", "rule", "day_on", "slot"], name="a_finding_once")]

    def __str__(self) -> str:
        return f"{self.meter_id} {self.rule} {self.day_on}"
