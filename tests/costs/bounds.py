"""Budgets of the hot paths. Change them only on purpose.

    .venv/bin/python -m pytest tests/costs -o log_cli=true --log-level=INFO

prints the current values. Lower the budget of a path that became cheaper.
"""

import logging

from tests.costs.paths import Cost

log = logging.getLogger(__name__)

TIMES_PLAIN = {
    "parse update_status": 1.53,
    "parse place_order": 1.36,
    "turn update_status": 39.1,
    "turn place_order": 39.0,
    "transport update_status": 8.99,
    "transport place_order": 7.08,
    "encode update_status": 8.66,
    "encode place_order": 9.28,
    "fan-out": 2.29,
}
"""Instructions of one operation, as a multiple of the same job in `plain.py`, as last measured."""
TOLERANCE = 1.6
"""Allowed multiple of that value. Interpreters differ by 5 %."""

CALLS = {
    "commits of a batch": 1,
    "claims for a batch": 0,
    "writes of a burst of 500 commands": 2,
    "writes of the replies to a burst": 2,
    "validations of a command": 1,
    "decisions of update_status": 4,
    "decisions of place_order": 5,
    "encodings of update_status": 24,
    "encodings of place_order": 39,
    "encodings that another 999 sockets add": 0,
    "decodings that another 999 sockets add": 0,
    "framings that another 999 sockets add": 0,
    "encodings that another gateway adds": 0,
    "decodings that another gateway adds": 1,
    "framings that another gateway adds": 1,
}
"""Maximum numbers of calls."""

GROWTH = {
    "a later command of a batch": 1.15,
    "a command with 2,000 entities": 1.15,
    "a socket among 1,000": 1.15,
    "a command of a session with 200 orders": 1.15,
    "a command of a restaurant with 250 open orders": 1.15,
    "a changed snapshot of 250 open orders": 1.15,
}
"""Maximum ratio of the cost with many to the cost with few."""

FUNCTIONS = 12
"""Number of functions that a failure lists."""


def check(cost: Cost) -> None:
    """Raise AssertionError, with the most expensive functions, if a path exceeds its budget."""
    budget = TIMES_PLAIN[cost.name]
    log.info("%s: %.2f times plain, was %.2f", cost.name, cost.ratio, budget)
    assert cost.ratio <= budget * TOLERANCE, "\n".join(
        [
            f"{cost.name} executes {cost.ratio:.2f} times the instructions of plain Python;"
            f" the last measured value is {budget:.2f}, and {budget * TOLERANCE:.2f} is allowed.",
            f"Of {cost.each:.1f} instructions, these functions took the most:",
            *cost.taken.most(FUNCTIONS, cost.operations),
            "A function that is new, or takes far more than on the last good commit, is the cause."
            f" To print the list of that commit, lower the budget in {__name__} there.",
        ]
    )


def check_calls(name: str, calls: float) -> None:
    allowed = CALLS[name]
    log.info("%s: %g of %d", name, calls, allowed)
    assert calls <= allowed, (
        f"{name}: {calls:g}, and {allowed} is allowed. A call that was made once is now made"
        " several times; set a breakpoint there to find the caller."
    )


def check_growth(name: str, many: float, few: float) -> None:
    """`many` and `few` are instructions per operation."""
    growth, allowed = many / few, GROWTH[name]
    log.info("%s: %.3f times as much, of %.2f", name, growth, allowed)
    assert growth <= allowed, (
        f"{name} costs {growth:.2f} times as much as with few ({many:.0f}"
        f" instructions, not {few:.0f}), and {allowed} times is allowed."
        " A loop walks over all of them."
    )
