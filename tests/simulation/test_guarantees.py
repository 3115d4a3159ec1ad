"""Runs a thousand seeds with random faults: every guarantee holds in all of them."""

from collections import Counter
from functools import cache

import pytest

from tests.simulation.faults import RATES
from tests.simulation.runner import Total, run

BLOCK = 125
BLOCKS = 8
COVERING_BLOCKS = 4
"""In so many blocks everything that the simulation claims to cover occurs."""

RARE = (
    "actor_stopped", "response_unavailable", "response_unknown", "commit_fenced", "resubscribe",
    "activate", "events_on_resuming", "snapshot_instead_of_events",
    "closed_1006", "closed_1012", "closed_4408", "portions_ran_out",
)  # fmt: skip
"""Rare events that must occur for the simulation to be meaningful."""

REJECTIONS = (
    "forbidden", "idempotency_conflict", "invalid_options", "invalid_transition",
    "item_unavailable", "not_found", "overpayment", "price_changed", "session_closed",
    "table_inactive", "table_occupied", "unsettled", "version_conflict",
)  # fmt: skip

EVENTS = (
    "AlertRaised", "CallChanged", "CallMade", "CallSeen", "FullyPaid", "GuestsCounted",
    "ItemsChanged", "MenuChanged", "MenuItemChanged", "MessageBroadcast",
    "NotificationAcknowledged", "NotificationAdded", "OrderArrived", "OrderBecameReady",
    "OrderingChanged",
    "OrderNoted", "OrderPlaced", "OrderSeen", "PaymentCompleted", "PaymentReceived",
    "PaymentSeen", "PortionsReserved", "PortionsReturned", "Refunded", "ReservationEnded",
    "ReservationVoided",
    "RestaurantCreated", "SessionClosed", "SessionOpened", "StatusChanged", "TableChanged",
    "TableCreated", "TableGuestsChanged", "TableOccupied", "TableReleased", "TableSeen",
    "TaskRaised", "WaiterAdded", "WaiterCreated",
)  # fmt: skip
"""Every event type of the domain."""


@cache
def total_of(block: int) -> Total:
    first = 1 + block * BLOCK
    return run(range(first, first + BLOCK))


@pytest.mark.slow
@pytest.mark.parametrize("block", range(BLOCKS))
def test_guarantees_hold_under_random_faults(block: int) -> None:
    total = total_of(block)
    failures = [
        f"seed {report.seed}: {report.failure}\n  ./restaurant-qr simulate {report.seed}"
        for report in total.failures
    ]
    assert not failures, "\n".join(failures)
    assert total.seeds == BLOCK


@pytest.mark.slow
def test_every_fault_rejection_and_event_occurred() -> None:
    """Otherwise the simulation would not cover what it claims."""
    occurred: Counter[str] = Counter()
    for block in range(COVERING_BLOCKS):
        occurred.update(total_of(block).counts)
    wanted = [*RATES, *RARE]
    wanted += [f"response_{code}" for code in REJECTIONS]
    wanted += [f"event_{name}" for name in EVENTS]
    assert [name for name in wanted if not occurred[name]] == []
