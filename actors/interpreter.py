"""The interpreter's own settings, for processes that share it with many threads of Ray's."""

import gc
import sys

YOUNG, MIDDLE, OLD = 50_000, 20, 20
"""Net allocations before a collection, and how many of those before one of the next generation."""
SWITCH_S = 0.0005
"""How long a thread may keep the interpreter's lock while another waits for it."""


def tune() -> None:
    """Collect garbage less often, and give way to Ray's threads sooner.

    With the interpreter's own thresholds a sixth of a busy gateway's time goes into looking at
    objects that are all in use, and each reply waits up to 5 ms for the lock of a busy event loop.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    sys.setswitchinterval(SWITCH_S)
