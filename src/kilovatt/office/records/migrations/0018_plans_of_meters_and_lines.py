import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0017_lines_as_patient_as_their_kind"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReadingPlanChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("changed_at", models.DateTimeField(verbose_name="changed")),
                ("before", models.JSONField(default=dict, verbose_name="before")),
                ("after", models.JSONField(default=dict, verbose_name="after")),
            ],
            options={
                "verbose_name": "change of a reading plan",
                "verbose_name_plural": "changes of reading plans",
                "ordering": ["-changed_at", "-pk"],
            },
        ),
        migrations.AddField(
            model_name="line",
            name="reading_plan",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="lines",
                to="records.readingplan",
                verbose_name="reading plan",
            ),
        ),
        migrations.AddField(
            model_name="meter",
            name="reading_plan",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="meters",
                to="records.readingplan",
                verbose_name="reading plan",
            ),
        ),
        migrations.AddField(
            model_name="readingplan",
            name="is_default",
            field=models.BooleanField(default=True, verbose_name="holds for meters that have no other"),
        ),
        migrations.AddField(
            model_name="readingplan",
            name="name",
            field=models.CharField(default="", max_length=80, verbose_name="name"),
        ),
        migrations.AddField(
            model_name="readingplan",
            name="priority",
            field=models.PositiveSmallIntegerField(
                choices=[(0, "before others"), (1, "as usual"), (2, "after others")],
                default=1,
                verbose_name="whose turn comes first",
            ),
        ),
        migrations.AddField(
            model_name="readingplan",
            name="reads_journals",
            field=models.BooleanField(default=True, verbose_name="journals"),
        ),
        migrations.AddField(
            model_name="readingplan",
            name="reads_profile",
            field=models.BooleanField(default=True, verbose_name="load profile"),
        ),
        migrations.AddField(
            model_name="readingplan",
            name="reads_quality",
            field=models.BooleanField(default=True, verbose_name="journals of the quality of supply"),
        ),
        migrations.AddField(
            model_name="readingplan",
            name="reads_registers",
            field=models.BooleanField(default=True, verbose_name="registers"),
        ),
        migrations.AddField(
            model_name="readingplan",
            name="reads_samples",
            field=models.BooleanField(default=True, verbose_name="voltages, currents and power"),
        ),
        migrations.AlterField(
            model_name="readingplan",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="reading_plans", to="records.organisation"
            ),
        ),
        migrations.AddConstraint(
            model_name="readingplan",
            constraint=models.UniqueConstraint(fields=("organisation", "name"), name="one_reading_plan_of_a_name"),
        ),
        migrations.AddConstraint(
            model_name="readingplan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)), fields=("organisation",), name="one_default_reading_plan"
            ),
        ),
        migrations.AddConstraint(
            model_name="readingplan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reads_registers", True),
                    ("reads_profile", True),
                    ("reads_samples", True),
                    ("reads_journals", True),
                    ("reads_quality", True),
                    _connector="OR",
                ),
                name="a_plan_reads_something",
            ),
        ),
        migrations.AddField(
            model_name="readingplanchange",
            name="changed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="readingplanchange",
            name="plan",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="changes", to="records.readingplan"
            ),
        ),
    ]
