import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0015_pushes_and_callers"),
    ]

    operations = [
        migrations.CreateModel(
            name="LineScan",
            fields=[
                ("scan_id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("wishes", models.JSONField(default=dict, verbose_name="where and how far")),
                ("state", models.CharField(default="wanted", max_length=12, verbose_name="state")),
                ("asked_at", models.DateTimeField(verbose_name="asked for")),
                (
                    "claimed_fence",
                    models.PositiveBigIntegerField(null=True, verbose_name="fence of the line it is done under"),
                ),
                ("began_at", models.DateTimeField(null=True, verbose_name="began")),
                ("told_at", models.DateTimeField(null=True, verbose_name="last told of")),
                ("over_at", models.DateTimeField(null=True, verbose_name="over")),
                (
                    "takeovers",
                    models.PositiveSmallIntegerField(
                        default=0, verbose_name="how often another process went on with it"
                    ),
                ),
                ("progress", models.JSONField(default=dict, verbose_name="what is being tried")),
                ("found", models.JSONField(default=list, verbose_name="found")),
                ("verdict", models.CharField(blank=True, max_length=12, verbose_name="what it came to")),
                ("remarks", models.JSONField(default=dict, verbose_name="remarks")),
                ("walked", models.JSONField(default=list, verbose_name="where it has been")),
                ("journal", models.JSONField(default=dict, verbose_name="journal")),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="scans", to="records.line"
                    ),
                ),
                (
                    "stopped_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "search for meters",
                "verbose_name_plural": "searches for meters",
                "ordering": ["-asked_at"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["wanted", "running"])),
                        fields=("line",),
                        name="one_search_of_a_line",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["wanted", "running", "over", "stopped", "broken"])),
                        name="a_known_state_of_a_search",
                    ),
                ],
            },
        ),
    ]
