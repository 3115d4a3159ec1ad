"""What a gateway counts, named as in `actors/metrics.py`."""

from actors.meters import MESSAGES, Meters

GATEWAY = Meters()

CONNECTIONS = GATEWAY.gauge("connections", "Open sockets, by channel.", "channel")
MAX_CONNECTIONS = GATEWAY.gauge("max_connections", "Connections that the gateway accepts.")
ACCEPTED = GATEWAY.counter("accepted", "Sockets accepted.")
RECEIVED = GATEWAY.counter("received", "Messages of clients, good or bad.")
CLOSED = GATEWAY.counter(
    "closed", "Sockets closed, by close code; 1005 where the client went.", "code"
)
REFUSED = GATEWAY.counter("refused", "Errors sent to clients, by their code.", "code")
LIMITED = GATEWAY.counter("limited", "What was over a limit, by limit.", "limit")
TURNED_AWAY = GATEWAY.counter(
    "turned_away", "Tokens that are not good, and web pages of other hosts, by cause.", "cause"
)
FORWARDS_IGNORED = GATEWAY.counter(
    "forwards_ignored",
    "Requests and sockets whose X-Forwarded-For was ignored: its sender is not in trusted_proxies, "
    "or it has no valid address.",
    "reason",
)
WRONG_CODES = GATEWAY.counter(
    "wrong_codes",
    "Invalid codes for joining or signing in: of a session, a table or a device.",
    "kind",
)
PREVIOUS_KEY = GATEWAY.counter(
    "previous_key", "Accepted tokens and codes signed with the second of two keys.", "kind"
)
DELIVERED = GATEWAY.counter("delivered", "Events handed to sockets, counted by socket.")
FAN_OUT_SECONDS = GATEWAY.histogram(
    "fan_out_seconds",
    "From the commit of a batch's first event until the last socket here had all of it; across "
    "machines as true as their clocks.",
)
BATCH_MESSAGES = GATEWAY.histogram(
    "batch_messages", "Messages that left for a host in one call.", MESSAGES
)
BATCH_SECONDS = GATEWAY.histogram(
    "batch_seconds", "From sending such a batch to its replies, lost hosts included."
)
HOSTS_LOST = GATEWAY.counter("hosts_lost", "Calls to hosts that failed or were given up.")
REJOINS = GATEWAY.counter("rejoins", "Topics whose sockets were subscribed again.")
HTTP = GATEWAY.counter("http", "HTTP requests of the API, by status.", "status")
WAITING = GATEWAY.gauge("waiting", "Messages for a host that are queued in the gateway.", "host")
HOSTS_EXPECTED = GATEWAY.gauge(
    "hosts_expected", "1 for each shard that must report `entities`.", "host"
)
CUT_OFF = GATEWAY.gauge("cut_off", "1 if the gateway reaches neither store nor head, else 0.")
PROVIDER_KEYS = GATEWAY.gauge("provider_keys", "Usable keys of the chain's identity provider.")
PROVIDER_RENEWED_AT = GATEWAY.gauge(
    "provider_renewed_timestamp_seconds",
    "When the provider's keys were last fetched, in epoch seconds; initially, the gateway's start.",
)
CLOCK_OFFSET = GATEWAY.gauge(
    "clock_offset_seconds", "Seconds by which this machine's clock is ahead of the store's."
)
STORE_MEMORY_USED = GATEWAY.gauge(
    "store_memory_used", "Used share of the store's `maxmemory`, or of its machine's memory."
)
STORE_REPLICAS = GATEWAY.gauge("store_replicas", "Replicas connected to the store.")
STORE_REPLICA_LAG = GATEWAY.gauge(
    "store_replica_lag_bytes", "Bytes that the slowest replica has not received."
)
BACKED_UP_AT = GATEWAY.gauge(
    "backup_timestamp_seconds", "When the store was last backed up, in epoch seconds; 0 if never."
)
