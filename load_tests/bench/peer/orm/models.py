"""The tuned peer's tables as models."""

from typing import Any

from django.db import models


class _Record(models.Model):
    class Meta:
        abstract = True
        managed = False  # the tuned peer's schema creates the tables

    @property
    def fields(self) -> dict[str, Any]:
        """The columns by name."""
        return dict(vars(self))


def _to(model: str, **options: Any) -> Any:
    return models.ForeignKey(model, models.DO_NOTHING, related_name="+", **options)


class Restaurant(_Record):
    name = models.TextField()
    currency = models.TextField()
    timezone = models.TextField()
    version = models.IntegerField(default=1)

    class Meta(_Record.Meta):
        db_table = "restaurants"


class MenuItem(_Record):
    pk = models.CompositePrimaryKey("restaurant_id", "id")
    restaurant = _to("Restaurant")
    id = models.IntegerField()
    name = models.TextField()
    price = models.IntegerField()
    available = models.BooleanField()

    class Meta(_Record.Meta):
        db_table = "menu_items"


class Waiter(_Record):
    restaurant = _to("Restaurant")
    name = models.TextField()

    class Meta(_Record.Meta):
        db_table = "waiters"


class Table(_Record):
    restaurant = _to("Restaurant")
    number = models.TextField()
    zone = models.TextField()
    seats = models.IntegerField()
    waiter = _to("Waiter", null=True)
    is_active = models.BooleanField(default=True)
    session = _to("Session", null=True)
    version = models.IntegerField(default=1)

    class Meta(_Record.Meta):
        db_table = "tables"


class Session(_Record):
    restaurant = _to("Restaurant")
    table = _to("Table")
    table_number = models.TextField()
    zone = models.TextField()
    waiter = _to("Waiter", null=True)
    currency = models.TextField()
    session_code = models.TextField()
    guests_count = models.IntegerField()
    started_at = models.TextField()
    version = models.IntegerField(default=1)

    class Meta(_Record.Meta):
        db_table = "sessions"


class Order(_Record):
    restaurant = _to("Restaurant")
    session = _to("Session")
    table = _to("Table")
    table_number = models.TextField()
    waiter = _to("Waiter", null=True)
    currency = models.TextField()
    status = models.TextField(default="pending")
    items = models.JSONField()
    items_count = models.IntegerField()
    total = models.IntegerField()
    created_at = models.TextField()
    confirmed_at = models.TextField(null=True)
    ready_at = models.TextField(null=True)
    delivered_at = models.TextField(null=True)
    cancelled_at = models.TextField(null=True)
    version = models.IntegerField(default=1)

    class Meta(_Record.Meta):
        db_table = "orders"


class Notification(_Record):
    restaurant = _to("Restaurant")
    waiter = _to("Waiter", null=True)
    body = models.JSONField()

    class Meta(_Record.Meta):
        db_table = "notifications"
