"""Receivers that send saved models to the subscribed groups after the commit."""

from functools import partial
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from load_tests.bench.peer import views
from load_tests.bench.peer.orm.models import Notification, Order, Session, Table
from load_tests.bench.peer.orm.snapshots import session_of, table_of


def _send(type_: str, data: dict[str, Any], *groups: str) -> None:
    message = {"type": "event", "content": {"type": type_, "data": data}}
    send = async_to_sync(get_channel_layer().group_send)
    for group in groups:
        transaction.on_commit(partial(send, group, message))


@receiver(post_save, sender=Order)
def order_saved(instance: Order, created: bool, **_: Any) -> None:
    order, home = instance.fields, f"restaurant.{instance.restaurant_id}"
    if created:
        _send("new_order", views.card(order), home)
        return
    if instance.status == "ready":
        _send("order_items_update", views.items(order), f"order.{instance.pk}")
        _send("order_ready", views.card(order), home)
    _send("order_status", views.order(order), f"order.{instance.pk}")


@receiver(post_save, sender=Session)
def session_saved(instance: Session, **_: Any) -> None:
    _send("session_update", session_of(instance), f"session.{instance.pk}")


@receiver(post_save, sender=Table)
def table_saved(instance: Table, **_: Any) -> None:
    groups = f"table.{instance.pk}", f"restaurant.{instance.restaurant_id}"
    _send("table_update", table_of(instance), *groups)


@receiver(post_save, sender=Notification)
def notification_saved(instance: Notification, **_: Any) -> None:
    groups = [f"notifications.{instance.restaurant_id}"]
    if instance.waiter_id is not None:
        groups.append(f"waiter.{instance.waiter_id}")
    _send("order_notification", instance.body, *groups)
