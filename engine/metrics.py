"""The metrics of hosts, and those that hosts and gateways share.

In Prometheus, each name has the prefix `ray_restaurant_qr_`, and that of a counter the suffix
`_total`. Ray exports the buckets of a histogram but not its sum. The dashboard and the alerts are
in `deploy/`, the responses to alerts in `docs/operations/runbook.md`.
"""

from engine.instruments import MESSAGES, Registry

HOST = Registry()

MESSAGES_DECIDED = HOST.counter("messages", "Messages decided, from gateways and other hosts.")
TURN_MESSAGES = HOST.histogram("turn_messages", "Messages decided by a turn.", MESSAGES)
TURN_SECONDS = HOST.histogram("turn_seconds", "Time from the start of a turn to its replies.")
COMMIT_SECONDS = HOST.histogram("commit_seconds", "Time that the store took to commit a turn.")
COMMANDS = HOST.counter("commands", "Decided commands by outcome: done or an error code.", "answer")
EVENTS = HOST.counter("events", "Events stored and published, by channel.", "channel")
SUBSCRIPTIONS = HOST.counter(
    "subscriptions",
    "Subscribers added: resumed, snapshot, or fallback (a snapshot although they asked to resume).",
    "result",
)
COMMIT_FAILURES = HOST.counter(
    "commit_failures",
    "Failed commits of restaurants: fenced (another host has claimed an entity) or "
    "store_unavailable.",
    "reason",
)
EVICTIONS = HOST.counter(
    "evictions", "Entities dropped because their stored state may differ from memory."
)
LOST_WRITES = HOST.counter(
    "lost_writes", "Entities whose acknowledged writes the store has lost; see the log."
)
HANDLER_ERRORS = HOST.counter(
    "handler_errors", "Failures because of a bug in a rule, view or encoding; see the log."
)
UNREADABLE = HOST.counter(
    "unreadable", "Failed loads of entities with unreadable state; see the log."
)
EFFECTS_REFUSED = HOST.counter(
    "effects_refused", "Effects that were dropped because their target refused them; see the log."
)
ENTITIES = HOST.gauge("entities", "Entities in memory.")
SUBSCRIBED_TOPICS = HOST.gauge("subscribed_topics", "Topics with at least one subscriber.")
MAILBOX_MESSAGES = HOST.gauge("mailbox_messages", "Messages that wait for a turn.")
MAILBOX_AGE = HOST.gauge("mailbox_age_seconds", "Time since the oldest undecided message arrived.")
MISPLACED_MESSAGES = HOST.gauge(
    "misplaced", "Messages for entities of other hosts that wait for the newest placement."
)
OUTBOX_EFFECTS = HOST.gauge("outbox", "Effects on other hosts that are not yet acknowledged.")
OUTBOX_AGE = HOST.gauge(
    "outbox_age_seconds", "Time since the slowest target host last accepted all pending effects."
)

COMMON = Registry()
"""Metrics of hosts and gateways alike."""

STORE_FAILURES = COMMON.counter(
    "store_failures",
    "Failed calls to the store, by cause: out_of_memory, read_only, disk or no_replica if it "
    "refused a write; connection, timeout, loading, denied or other for all other failures.",
    "cause",
)
JOB_FAILURES = COMMON.counter(
    "job_failures", "Runs of background jobs that failed because of a bug; see the log.", "job"
)

SWEEP = Registry()
"""Metrics of the sweep, which runs in gateways."""

SWEEPS = SWEEP.counter("sweeps", "Completed sweeps; one gateway sweeps at a time.")
ORPHANS_ACTIVATED = SWEEP.counter(
    "orphans_activated",
    "Entities activated by the sweep because their effects or timers were overdue on no host.",
)

WARM = Registry()
"""Metrics of the pool of idle Ray workers, which exists only with placement `entity`."""

WARM_WORKERS = WARM.gauge("warm_workers", "Idle Ray workers on the gateway's node.")
WARM_FAILURES = WARM.counter(
    "warm_failures", "Failed requests to Ray for idle workers; new actors start in new processes."
)
