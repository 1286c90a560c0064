"""Tariff plans, their price versions, and the price of each zone."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kilovatt.measure.zones import Zone, ZoneScheme


class TariffPlan(models.Model):
    """A plan an account can be on: one, two or three zones."""

    code = models.SlugField(_("code"), max_length=60, unique=True)
    title_en = models.CharField(_("title in English"), max_length=200)
    title_ru = models.CharField(_("title in Russian"), max_length=200)
    scheme = models.CharField(_("zones"), max_length=8, choices=[(scheme.value, scheme.value) for scheme in ZoneScheme])

    class Meta:
        verbose_name = _("tariff plan")
        verbose_name_plural = _("tariff plans")

    def __str__(self) -> str:
        return self.code


class PriceVersion(models.Model):
    """Prices of a plan between two days, with the document they come from."""

    plan = models.ForeignKey(TariffPlan, on_delete=models.PROTECT, related_name="versions")
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until (excluded)"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("price version")
        verbose_name_plural = _("price versions")
        ordering = ["valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "valid_from"], name="one_price_version_from_a_day"),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")), name="prices_end_after_they_begin"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} {self.valid_from}"


class ZonePrice(models.Model):
    """The price of a zone in a version [millionths of a rouble per kWh]."""

    version = models.ForeignKey(PriceVersion, on_delete=models.PROTECT, related_name="prices")
    zone = models.CharField(_("zone"), max_length=12, choices=[(zone.value, zone.value) for zone in Zone])
    price_microrub_per_kwh = models.PositiveBigIntegerField(_("price, millionths of a rouble per kWh"))

    class Meta:
        verbose_name = _("price of a zone")
        verbose_name_plural = _("prices of zones")
        constraints = [models.UniqueConstraint(fields=["version", "zone"], name="one_price_per_zone")]

    def __str__(self) -> str:
        return f"{self.zone}: {self.price_microrub_per_kwh}"
