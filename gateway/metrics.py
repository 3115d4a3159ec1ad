"""Metrics of a gateway, named as in `engine/metrics.py`."""

from engine.instruments import MESSAGES, Registry

GATEWAY = Registry()

CONNECTIONS = GATEWAY.gauge("connections", "Open sockets, by channel.", "channel")
MAX_CONNECTIONS = GATEWAY.gauge("max_connections", "Connections that the gateway accepts.")
ACCEPTED = GATEWAY.counter("websocket_accepted", "Sockets accepted.")
MESSAGES_RECEIVED = GATEWAY.counter("websocket_messages", "Messages received from clients.")
CLOSED = GATEWAY.counter(
    "websocket_closed", "Sockets closed, by close code; 1005 if the client left.", "code"
)
REFUSED = GATEWAY.counter("websocket_errors", "Errors sent to clients, by their code.", "code")
LIMIT_VIOLATIONS = GATEWAY.counter("limit_violations", "Limit violations, by limit.", "limit")
REJECTED_CLIENTS = GATEWAY.counter(
    "rejected_clients",
    "Requests and sockets rejected for an invalid token or a disallowed origin.",
    "reason",
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
    "Time from the commit of a batch's first event until it was written to the gateway's last "
    "socket; across machines as accurate as their clocks.",
)
REPLIES_READ = GATEWAY.histogram(
    "replies_read", "Replies of a host that arrived in one read.", MESSAGES
)
REPLY_SECONDS = GATEWAY.histogram(
    "reply_seconds",
    "Time from queueing a message for a host until its reply, lost streams included; measured for "
    "the first reply of each read.",
)
HOSTS_LOST = GATEWAY.counter(
    "hosts_lost", "Streams to hosts that were lost, and failed attempts to connect."
)
HANDLER_ERRORS = GATEWAY.counter(
    "gateway_handler_errors", "Replies and events that failed because of a bug; see the log."
)
RESUBSCRIPTIONS = GATEWAY.counter("resubscriptions", "Topics whose sockets were resubscribed.")
HTTP_REQUESTS = GATEWAY.counter("http_requests", "HTTP requests of the API, by status.", "status")
QUEUED_MESSAGES = GATEWAY.gauge(
    "queued_messages", "Messages for a host that are queued in the gateway.", "host"
)
HOSTS_EXPECTED = GATEWAY.gauge(
    "hosts_expected", "1 for each shard that must report `entities`.", "host"
)
PARTITIONED = GATEWAY.gauge(
    "partitioned", "1 if the gateway reaches neither store nor head, else 0."
)
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
