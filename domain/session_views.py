"""What is seen of a session: its snapshot, and what its subscribers hear of an event."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.entity import Publication
from domain.messages import OrderCard
from domain.session_state import Session, SessionClosed, SessionOpened
from protocol import told
from protocol.ids import Channel
from protocol.values import format_money


def publish(event: Any, session: Session) -> Iterable[Publication]:
    if isinstance(event, SessionOpened):
        return ()
    closed = isinstance(event, SessionClosed)
    type_ = "session_status" if closed else "session_update"
    return (Publication(Channel.SESSION, type_, data_of(session)),)


def snapshot(session: Session, channel: Channel) -> tuple[str, Mapping[str, Any]]:
    return "session_status", data_of(session)


def data_of(session: Session) -> told.Session:
    """The fields of `session_status` and `session_update`."""
    return {
        "id": session.id,
        "session_code": session.session_code,
        "status": session.status,
        "guests_count": session.guests_count,
        "started_at": session.started_at,
        "closed_at": session.closed_at,
        "restaurant_id": session.restaurant_id,
        "table_id": session.table_id,
        "table_number": session.table_number,
        "zone": session.zone,
        "waiter_id": session.waiter_id,
        "currency": session.currency,
        "orders": [_order_row(card) for _, card in sorted(session.orders.items())],
        "total_amount": format_money(session.total),
        "balance": format_money(session.balance),
        "calls": [
            call.row() for call in sorted(session.calls.values(), key=lambda call: call.number)
        ],
    }


def _order_row(card: OrderCard) -> told.SessionOrder:
    return {
        "order_id": card.order_id,
        "status": card.status,
        "payment_status": card.payment_status,
        "total_amount": format_money(card.total),
        "balance": format_money(card.balance),
        "items_count": card.items_count,
        "created_at": card.created_at,
    }
