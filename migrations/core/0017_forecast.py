from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from webapp.domain.forecast.scores import Method
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("core", "0016_sketch")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CameraForecast",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "organisation",
                    fields.ForeignKeyField(
                        "core.Organisation",
                        source_field="organisation_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="camera_forecasts",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "camera",
                    fields.OneToOneField(
                        "core.Camera",
                        source_field="camera_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="forecast",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("time_zone", fields.CharField(default="", db_default="", max_length=64)),
                ("since", fields.DateField(null=True)),
                ("through", fields.DateField(null=True)),
                ("dates", fields.IntField(default=0, db_default=0)),
                (
                    "published",
                    fields.CharEnumField(
                        default=Method.PLAIN, description="a word", enum_type=Method, max_length=16
                    ),
                ),
                ("scored_days", fields.FloatField(default=0.0, db_default=0.0)),
                ("plain_miss", fields.FloatField(default=0.0, db_default=0.0)),
                ("calendar_miss", fields.FloatField(default=0.0, db_default=0.0)),
                ("means", fields.BinaryField(default=b"")),
                ("knowledge", fields.BinaryField(default=b"")),
                ("made_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("claim", fields.CharField(default="", db_default="", max_length=32)),
                (
                    "lease_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "camera_forecast",
                "app": "core",
                "indexes": [Index(fields=["organisation_id", "through"])],
                "pk_attr": "id",
                "table_description": "The forecast of one camera (F1, B5), as ``jobs/forecast.py`` made it last.",
            },
            bases=["Model"],
        ),
    ]
