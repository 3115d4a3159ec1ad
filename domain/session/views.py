"""Snapshots of a session, and the events that its subscribers receive."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.entity import Publication
from domain.messages import OrderSummary
from domain.session.call import Call
from domain.session.state import Session, SessionClosed, SessionOpened
from protocol.codec import timestamp
from protocol.ids import Channel
from protocol.values import format_money
from restaurant_qr_wire import messages


def publish(event: Any, session: Session) -> Iterable[Publication]:
    if isinstance(event, SessionOpened):
        return ()
    closed = isinstance(event, SessionClosed)
    type_ = "session_status" if closed else "session_update"
    return (Publication(Channel.SESSION, type_, data_of(session)),)


def snapshot(session: Session, channel: Channel) -> tuple[str, Mapping[str, Any]]:
    return "session_status", data_of(session)


def data_of(session: Session) -> messages.Session:
    """The fields of `session_status` and `session_update`."""
    return {
        "id": session.id,
        "session_code": session.session_code,
        "status": session.status.value,
        "guests_count": session.guests_count,
        "started_at": timestamp(session.started_at),
        "closed_at": timestamp(session.closed_at),
        "restaurant_id": session.restaurant_id,
        "table_id": session.table_id,
        "table_number": session.table_number,
        "zone": session.zone,
        "waiter_id": session.waiter_id,
        "currency": session.currency,
        "orders": session.orders.encoded_rows(_order_row),
        "total_amount": format_money(session.orders.total),
        "balance": format_money(session.orders.balance),
        "calls": session.calls.encoded_rows(Call.row),
    }


def _order_row(summary: OrderSummary) -> messages.SessionOrder:
    return {
        "order_id": summary.order_id,
        "number": summary.number,
        "status": summary.status.value,
        "payment_status": summary.payment_status.value,
        "total_amount": format_money(summary.total),
        "balance": format_money(summary.balance),
        "items_count": summary.items_count,
        "created_at": timestamp(summary.created_at),
    }
