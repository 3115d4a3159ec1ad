"""Imported by Ray's workers when they start, with placement `entity`, so that the code of actors is
already loaded.

The imported objects are exempted from garbage collection here, so that an actor on a warm worker
does not first spend 50 ms on a collection.
"""

from actors import gc_tuning
from actors import host_actor as host_actor

gc_tuning.tune()
