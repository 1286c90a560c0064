from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0019_days_whose_registers_are_known"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="meter",
            index=models.Index(fields=["serial"], name="meters_by_serial"),
        ),
    ]
