"""The Django application that owns every table."""

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class RecordsConfig(AppConfig):
    """All models of Kilovatt live under the one label `records`."""

    name = "kilovatt.office.records"
    label = "records"
    verbose_name = _("Records")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Guard the tables after every migration, and check that they are guarded."""
        from kilovatt.office.records.guards import check_guards, raise_guards  # noqa: PLC0415  needs the apps

        post_migrate.connect(raise_guards, sender=self)
        register(check_guards, Tags.database)
