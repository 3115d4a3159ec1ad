"""What a host counts. In Prometheus each name has `ray_restaurant_qr_` before it, and a counter's
`_total` after it. Of histograms, Ray passes on the buckets and not the sum. Dashboard and alerts:
`deploy/`; what to do about these: `docs/runbook.md`."""

from actors.meters import MESSAGES, Meters

HOST = Meters()

MESSAGES_TAKEN = HOST.counter("messages", "Messages decided, of gateways and of other hosts.")
TURN_MESSAGES = HOST.histogram("turn_messages", "Messages that a turn decided.", MESSAGES)
TURN_SECONDS = HOST.histogram("turn_seconds", "From the start of a turn to its replies.")
COMMIT_SECONDS = HOST.histogram("commit_seconds", "What the store took to commit a turn.")
COMMANDS = HOST.counter("commands", "Commands answered: done, or an error code.", "answer")
EVENTS = HOST.counter("events", "Events stored and told, by channel.", "channel")
JOINS = HOST.counter(
    "joins",
    "Subscribers that joined: resumed, with a snapshot, or with a snapshot though they asked to "
    "resume (fallback).",
    "how",
)
COMMITS_REFUSED = HOST.counter(
    "commits_refused",
    "Restaurants whose commit was not stored: fenced (another host owns them), or the store away.",
    "why",
)
EVICTIONS = HOST.counter(
    "evictions", "Entities dropped and loaded again: their state was in doubt."
)
LOST_WRITES = HOST.counter(
    "lost_writes", "Entities of which the store has lost what it had acknowledged."
)
RULES_FAILED = HOST.counter(
    "rules_failed", "Messages that failed because of a bug in the rules; see the log."
)
UNREADABLE = HOST.counter(
    "unreadable", "Failed loads of entities with unreadable state; see the log."
)
EFFECTS_REFUSED = HOST.counter(
    "effects_refused", "Effects that their target refused, which are dropped; see the log."
)
ENTITIES = HOST.gauge("entities", "Entities in memory.")
SUBSCRIBED = HOST.gauge("topics", "Channels of entities that somebody listens to.")
INBOX = HOST.gauge("inbox", "Messages that wait for a turn.")
OUTBOX = HOST.gauge("outbox", "Effects on other hosts that are not stored there yet.")
OUTBOX_AGE = HOST.gauge("outbox_age_seconds", "For how long the oldest of them has waited.")

STORE = Meters()
"""Metrics of every process that uses the store: hosts and gateways."""

STORE_FAILURES = STORE.counter(
    "store_failures",
    "Failed calls to the store. Causes of refused writes: out_of_memory, read_only, disk and "
    "no_replica; causes of missing answers: connection, timeout, loading, denied and other.",
    "cause",
)

SWEEP = Meters()
"""Runs beside each gateway, which counts for it."""

SWEEPS = SWEEP.counter("sweeps", "Completed sweeps; one gateway at a time sweeps.")
WOKEN = SWEEP.counter(
    "woken", "Entities woken by the sweep: their effects or timers were overdue, carried by nobody."
)
