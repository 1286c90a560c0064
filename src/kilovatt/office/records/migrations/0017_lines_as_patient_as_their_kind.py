from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0016_searches"),
    ]

    operations = [
        migrations.AlterField(
            model_name="line",
            name="answer_timeout_ms",
            field=models.PositiveIntegerField(
                default=0, help_text="0: as long as lines of this kind need", verbose_name="wait for an answer, ms"
            ),
        ),
        migrations.AlterField(
            model_name="line",
            name="quiet_ms",
            field=models.PositiveIntegerField(
                default=0,
                help_text="0: as long as lines of this kind need",
                verbose_name="silence that ends an answer, ms",
            ),
        ),
        migrations.AlterField(
            model_name="line",
            name="url",
            field=models.CharField(
                help_text=(
                    "tcp://HOST:PORT?baud=9600, udp://HOST:PORT, serial:///dev/ttyUSB0?baud=9600&format=8N1, "
                    "modem:///dev/ttyUSB0?dial=+79161234567, callin://IMEI?listen=0.0.0.0:5009"
                ),
                max_length=300,
                verbose_name="address",
            ),
        ),
    ]
