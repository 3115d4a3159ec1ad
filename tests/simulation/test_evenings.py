"""Thousands of evenings, each with its own faults: every guarantee holds in all of them."""

from collections import Counter

import pytest

from tests.simulation.faults import RATES
from tests.simulation.runner import run

BLOCK = 250
BLOCKS = 8

HAPPENED: Counter[str] = Counter()
"""All that happened in the blocks that were run."""

RARE = (
    "actor_left", "answer_unavailable", "answer_unknown", "commit_fenced", "rejoin", "wake",
    "events_on_resuming", "snapshot_instead_of_events",
    "closed_1006", "closed_1012", "closed_4408",
)  # fmt: skip
"""What no fault does by itself, and what has to happen for the simulation to be worth its name."""

REFUSALS = (
    "forbidden", "idempotency_conflict", "invalid_transition", "item_unavailable", "not_found",
    "overpayment", "session_closed", "table_inactive", "table_occupied", "unsettled",
    "version_conflict",
)  # fmt: skip

CHANGES = (
    "AlertRaised", "CallChanged", "CallMade", "CallSeen", "FullyPaid", "GuestsCounted",
    "ItemsChanged", "MenuChanged", "MenuItemChanged", "MessageBroadcast",
    "NotificationAcknowledged", "NotificationAdded", "OrderArrived", "OrderBecameReady",
    "OrderNoted", "OrderPlaced", "OrderSeen", "PaymentCompleted", "PaymentReceived",
    "PaymentSeen", "Refunded",
    "RestaurantCreated", "SessionClosed", "SessionOpened", "StatusChanged", "TableChanged",
    "TableCreated", "TableGuestsChanged", "TableOccupied", "TableReleased", "TableSeen",
    "TaskRaised", "WaiterAdded", "WaiterCreated",
)  # fmt: skip
"""Every event that the rules know."""


@pytest.mark.slow
@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_guarantee_holds_whatever_goes_wrong(block: int) -> None:
    first = 1 + block * BLOCK
    total = run(range(first, first + BLOCK))
    told = [
        f"seed {report.seed}: {report.failure}\n  python -m tests.simulation {report.seed}"
        for report in total.failures
    ]
    assert not told, "\n".join(told)
    assert total.seeds == BLOCK
    HAPPENED.update(total.counts, blocks=1)


@pytest.mark.slow
def test_everything_that_can_go_wrong_did() -> None:
    """A simulation in which nothing happens shows nothing."""
    if HAPPENED["blocks"] < BLOCKS:
        pytest.skip("looks at all the evenings of this file, and not all of them were run")
    wanted = [*RATES, *RARE]
    wanted += [f"answer_{code}" for code in REFUSALS]
    wanted += [f"event_{name}" for name in CHANGES]
    assert [name for name in wanted if not HAPPENED[name]] == []
