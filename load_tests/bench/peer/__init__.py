"""The peer: what a user would build instead, Django Channels with Redis, tuned as far as it goes.

It serves the benchmarked subset of the same protocol, so that one client drives both: what a
restaurant is made of, its channels, guests who are counted, orders that are placed and led through
their lifecycle. How it is tuned:

* Two uvicorn workers share the port: uvloop, httptools, the fastest of its WebSocket protocols, no
  access log, no compression.
* Every event is encoded once and goes out as a string, through the pub/sub layer of
  `channels_redis`. All that a worker has to tell at a time is one write to Redis (`layer.py`).
* Consumers stand on the raw ASGI level, without middleware, tasks for each message, or the look for
  stale database connections that Channels makes before each, in a thread (`consumers.py`).
* A change is one short transaction of SQLite (WAL, synchronous=NORMAL) in the event loop: no thread
  hop. Django's ORM is bypassed, since its asynchronous calls are all thread hops.

Every change is stored before anybody is told. What the product does beyond that, this does not:
there are no journals to resume from, no idempotent retries, no tokens and no limits, and two
workers' events of one entity may overtake each other.

    python -m load_tests.bench.peer --port 9500 --redis redis://127.0.0.1:6379 --data DIRECTORY
"""
