"""All that the hot paths are allowed: the only numbers to change here, and only on purpose.

    .venv/bin/python -m pytest tests/costs -o log_cli=true --log-level=INFO

shows what each of them is by now. A path that became cheaper for good gets its new, lower number.
"""

import logging

from tests.costs.paths import Cost

log = logging.getLogger(__name__)

TIMES_PLAIN = {
    "parse update_status": 1.53,
    "parse place_order": 1.36,
    "turn update_status": 39.1,
    "turn place_order": 35.8,
    "transport update_status": 8.99,
    "transport place_order": 7.08,
    "encode update_status": 8.66,
    "encode place_order": 9.28,
    "fan-out": 2.29,
}
"""Instructions of one operation, as a multiple of the same job in `plain.py`: today's."""
TOLERANCE = 1.6
"""How much of that may be added before it is a regression. Interpreters differ by a twentieth."""

CALLS = {
    "commits of a batch": 1,
    "claims for a batch": 0,
    "writes of a burst of 500 commands": 2,
    "writes of the replies to a burst": 2,
    "validations of a command": 1,
    "decisions of update_status": 4,
    "decisions of place_order": 5,
    "encodings of update_status": 23,
    "encodings of place_order": 36,
    "encodings that another 999 sockets add": 0,
    "decodings that another 999 sockets add": 0,
    "framings that another 999 sockets add": 0,
    "encodings that another gateway adds": 0,
    "decodings that another gateway adds": 1,
    "framings that another gateway adds": 1,
}
"""What is called this often, and no oftener."""

GROWTH = {
    "a later command of a batch": 1.15,
    "a command beside 2,000 entities": 1.15,
    "a socket among 1,000": 1.15,
    "a command of a session with 200 orders": 1.15,
    "a command of a restaurant with 250 open orders": 1.15,
    "a changed snapshot of 250 open orders": 1.15,
}
"""How many times as much something may cost where there is more of it."""

FUNCTIONS = 12
"""How many of the costliest functions a failure names."""


def check(cost: Cost) -> None:
    """Fails with the functions that took the most, to compare with those of an older commit."""
    today = TIMES_PLAIN[cost.name]
    log.info("%s: %.2f times plain, was %.2f", cost.name, cost.ratio, today)
    assert cost.ratio <= today * TOLERANCE, "\n".join(
        [
            f"{cost.name} executes {cost.ratio:.2f} times the instructions of plain Python;"
            f" it was {today:.2f}, and {today * TOLERANCE:.2f} is allowed.",
            f"Of {cost.each:.1f} instructions, these functions took the most:",
            *cost.taken.most(FUNCTIONS, cost.operations),
            "A function that should not be there, or takes far more than on the last good commit,"
            " is the cause:",
            f"lower its number in {__name__} there, and the same list is printed for it.",
        ]
    )


def check_calls(name: str, calls: float) -> None:
    allowed = CALLS[name]
    log.info("%s: %g of %d", name, calls, allowed)
    assert calls <= allowed, (
        f"{name}: {calls:g}, and {allowed} is allowed. Something that was done once for all is now"
        " done for each; a breakpoint there shows from where."
    )


def check_growth(name: str, among_many: float, alone: float) -> None:
    """Both are instructions an operation."""
    growth, allowed = among_many / alone, GROWTH[name]
    log.info("%s: %.3f times as much, of %.2f", name, growth, allowed)
    assert growth <= allowed, (
        f"{name} costs {growth:.2f} times as much as where there are few ({among_many:.0f}"
        f" instructions, not {alone:.0f}), and {allowed} times is allowed."
        " Something walks over what there is many of."
    )
