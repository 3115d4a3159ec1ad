"""The peer as the documentation of Django and Channels shows it.

It serves orders, sessions and restaurants with the same messages, workers, channel layer and
tables as the tuned peer; HTTP, which a benchmark uses before it measures, is the tuned peer's.
Differences:

* Models and `transaction.atomic()` in place of SQL, called through `database_sync_to_async`: a hop
  to the worker's one thread for the database. Connections are not persistent, as Django advises
  under ASGI.
* Receivers of `post_save` send to groups, by `transaction.on_commit` and `async_to_sync`.
* Consumers are `AsyncJsonWebsocketConsumer`s: an event is encoded for each socket.

There is no middleware, since neither peer checks tokens or origins.
"""
