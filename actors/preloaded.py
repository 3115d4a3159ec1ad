"""The code of actors, which Ray's workers import as they start, with placement `entity`.

All that it imports is taken out of garbage collection, so that an actor on a warm worker need not
collect it first, which takes 50 ms.
"""

from actors import gc_tuning
from actors import host_actor as host_actor

gc_tuning.tune()
