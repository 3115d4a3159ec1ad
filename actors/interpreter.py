"""The interpreter's own settings, for processes that share it with many threads of Ray's."""

import gc
import sys

YOUNG, MIDDLE, OLD = 50_000, 20, 20
"""Net allocations before a collection, and how many of those before one of the next generation."""
SWITCH_S = 0.0005
"""How long a thread may keep the interpreter's lock while another waits for it."""


def tune() -> None:
    """Collect garbage less often, and give way to Ray's threads sooner.

    With the interpreter's own thresholds about a sixth of a busy gateway's time went into looking
    at objects that are all in use. A reply may wait for the lock as long as the switch interval,
    which is 5 ms by itself; what the shorter one gains was not measurable beside the noise.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    sys.setswitchinterval(SWITCH_S)
