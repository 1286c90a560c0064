"""The place that is measured, the device that measures, and the line that reaches it."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kilovatt.measure.zones import Zone


class MeteringPoint(models.Model):
    """The place whose energy is measured; it outlives its meters."""

    organisation = models.ForeignKey("records.Organisation", on_delete=models.PROTECT, related_name="points")
    name = models.CharField(_("name"), max_length=120)
    address = models.CharField(_("address"), max_length=300, blank=True)
    zone_name = models.CharField(_("time zone"), max_length=64, default="Europe/Moscow")

    class Meta:
        verbose_name = _("metering point")
        verbose_name_plural = _("metering points")
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="one_point_of_a_name")]

    def __str__(self) -> str:
        return self.name


class Line(models.Model):
    """How bytes reach meters: a gateway or a port, with its patience."""

    organisation = models.ForeignKey("records.Organisation", on_delete=models.PROTECT, related_name="lines")
    name = models.CharField(_("name"), max_length=120)
    url = models.CharField(
        _("address"),
        max_length=300,
        help_text=(
            "tcp://HOST:PORT?baud=9600, udp://HOST:PORT, serial:///dev/ttyUSB0?baud=9600&format=8N1, "
            "modem:///dev/ttyUSB0?dial=+79161234567, callin://IMEI?listen=0.0.0.0:5009"
        ),
    )
    answer_timeout_ms = models.PositiveIntegerField(
        _("wait for an answer, ms"), default=0, help_text=_("0: as long as lines of this kind need")
    )
    quiet_ms = models.PositiveIntegerField(
        _("silence that ends an answer, ms"), default=0, help_text=_("0: as long as lines of this kind need")
    )

    reading_plan = models.ForeignKey(
        "records.ReadingPlan",
        verbose_name=_("reading plan"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="lines",
    )

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="one_line_of_a_name")]

    def __str__(self) -> str:
        return self.name


class Meter(models.Model):
    """The device with a serial number. `password_sealed` is AES-256-GCM, opened only for the head-end."""

    model_key = models.CharField(_("model"), max_length=60)
    serial = models.CharField(_("serial number"), max_length=32)
    address = models.PositiveBigIntegerField(_("address on the line"))
    line = models.ForeignKey(
        Line, verbose_name=_("line"), null=True, blank=True, on_delete=models.PROTECT, related_name="meters"
    )
    invocation_counter = models.PositiveBigIntegerField(
        _("next invocation counter that is not taken"), default=0, editable=False
    )
    password_sealed = models.BinaryField(_("password, sealed"), null=True, blank=True, editable=False)
    made_on = models.DateField(_("made on"), null=True, blank=True)
    firmware = models.CharField(_("firmware"), max_length=32, blank=True)
    variant = models.CharField(_("variant word"), max_length=64, blank=True)

    reading_plan = models.ForeignKey(
        "records.ReadingPlan",
        verbose_name=_("reading plan"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="meters",
    )

    class Meta:
        verbose_name = _("meter")
        verbose_name_plural = _("meters")
        constraints = [
            models.UniqueConstraint(fields=["model_key", "serial"], name="one_meter_of_a_model_and_serial"),
            models.UniqueConstraint(fields=["line", "address"], name="one_meter_at_an_address_of_a_line"),
        ]
        # Lists and pushes name meters by their numbers alone.
        indexes = [models.Index(fields=["serial"], name="meters_by_serial")]

    def __str__(self) -> str:
        return f"{self.model_key} № {self.serial}"


class MeterSecret(models.Model):
    """A key of a meter, sealed as passwords are. A new one has the next generation; the highest of a slot holds."""

    class Slot(models.TextChoices):
        """What it is for."""

        ENCRYPTION = "encryption", _("encryption key")
        AUTHENTICATION = "authentication", _("authentication key")
        SECRET = "secret", _("secret of the configurator")
        COMMANDING = "commanding", _("password of the second access level")
        MASTER = "master", _("master key that new keys are wrapped with")

    meter = models.ForeignKey(Meter, on_delete=models.CASCADE, related_name="secrets")
    slot = models.CharField(_("slot"), max_length=20, choices=Slot.choices)
    generation = models.PositiveSmallIntegerField(_("generation"), default=1)
    sealed = models.BinaryField(_("sealed"), editable=False)

    class Meta:
        verbose_name = _("secret of a meter")
        verbose_name_plural = _("secrets of meters")
        constraints = [
            models.UniqueConstraint(fields=["meter", "slot", "generation"], name="one_secret_of_a_generation"),
            models.CheckConstraint(condition=Q(generation__gte=1), name="generations_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.meter} {self.slot} {self.generation}"


class Installation(models.Model):
    """A meter at a metering point from one instant to another, with its transformer ratio."""

    point = models.ForeignKey(MeteringPoint, on_delete=models.PROTECT, related_name="installations")
    meter = models.ForeignKey(Meter, on_delete=models.PROTECT, related_name="installations")
    ratio = models.PositiveIntegerField(_("transformer ratio"), default=1)
    installed_at = models.DateTimeField(_("installed"))
    removed_at = models.DateTimeField(_("removed (excluded)"), null=True, blank=True)

    class Meta:
        verbose_name = _("installation")
        verbose_name_plural = _("installations")
        constraints = [
            models.UniqueConstraint(fields=["meter"], condition=Q(removed_at=None), name="a_meter_stands_at_one_point"),
            models.UniqueConstraint(fields=["point"], condition=Q(removed_at=None), name="a_point_has_one_meter"),
            models.CheckConstraint(condition=Q(ratio__gte=1), name="ratio_at_least_one"),
            models.CheckConstraint(
                condition=Q(removed_at=None) | Q(removed_at__gt=F("installed_at")), name="removed_after_installed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.meter} @ {self.point}"


class TariffMap(models.Model):
    """Which of the meter's tariffs counts which zone at an installation, from a day on."""

    installation = models.ForeignKey(Installation, on_delete=models.PROTECT, related_name="tariff_maps")
    valid_from = models.DateField(_("valid from"))
    tariff = models.PositiveSmallIntegerField(_("tariff of the meter (1..4)"))
    zone = models.CharField(_("zone"), max_length=12, choices=[(zone.value, zone.value) for zone in Zone])

    class Meta:
        verbose_name = _("tariff of a meter")
        verbose_name_plural = _("tariffs of meters")
        constraints = [
            models.UniqueConstraint(fields=["installation", "valid_from", "tariff"], name="one_zone_for_a_tariff")
        ]

    def __str__(self) -> str:
        return f"T{self.tariff} = {self.zone}"
