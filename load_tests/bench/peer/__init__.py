"""The peer: an alternative to the product on Django Channels with Redis, tuned.

It serves the benchmarked subset of the protocol, so that one client drives both: creating
restaurants, their channels, guest counts, and order lifecycles. How it is tuned:

* Two uvicorn workers share the port: uvloop, httptools, the fastest of its WebSocket protocols, no
  access log, no compression.
* Every event is encoded once and goes out as a string, through the pub/sub layer of
  `channels_redis`. A worker publishes its pending events in one write to Redis (`layer.py`).
* Consumers use raw ASGI, without middleware, tasks for each message, or the check for stale
  database connections that Channels makes before each message in a thread (`consumers.py`).
* A change is one short transaction of SQLite (WAL, synchronous=NORMAL) in the event loop: no thread
  hop. Django's ORM is bypassed, since its asynchronous calls are all thread hops.

Every change is stored before it is published. The peer lacks the product's other guarantees: it has
no journals to resume from, no idempotent retries, no tokens and no limits, and two workers' events
of one entity may overtake each other.

    python -m load_tests.bench.peer --port 9500 --redis redis://127.0.0.1:6379 --data DIRECTORY
"""
