"""Runs a thousand seeds with random faults: every guarantee holds in all of them."""

from collections import Counter

import pytest

from tests.simulation.faults import RATES
from tests.simulation.runner import run

BLOCK = 125
BLOCKS = 8

OCCURRED: Counter[str] = Counter()
"""Counts of everything that occurred in the blocks that ran."""

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


@pytest.mark.slow
@pytest.mark.parametrize("block", range(BLOCKS))
def test_guarantees_hold_under_random_faults(block: int) -> None:
    first = 1 + block * BLOCK
    total = run(range(first, first + BLOCK))
    failures = [
        f"seed {report.seed}: {report.failure}\n  ./restaurant-qr simulate {report.seed}"
        for report in total.failures
    ]
    assert not failures, "\n".join(failures)
    assert total.seeds == BLOCK
    OCCURRED.update(total.counts, blocks=1)


@pytest.mark.slow
def test_every_fault_rejection_and_event_occurred() -> None:
    """Otherwise the simulation would not cover what it claims."""
    if OCCURRED["blocks"] < BLOCKS:
        pytest.skip("needs all blocks of this file to have run")
    wanted = [*RATES, *RARE]
    wanted += [f"response_{code}" for code in REJECTIONS]
    wanted += [f"event_{name}" for name in EVENTS]
    assert [name for name in wanted if not OCCURRED[name]] == []
