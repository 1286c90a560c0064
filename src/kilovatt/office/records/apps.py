"""The Django application that owns every table."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecordsConfig(AppConfig):
    """All models of Kilovatt live under the one label `records`."""

    name = "kilovatt.office.records"
    label = "records"
    verbose_name = _("Records")
    default_auto_field = "django.db.models.BigAutoField"
