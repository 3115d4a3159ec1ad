"""Simulates the service in one process and one thread, deterministically from a seed.

Hosts, turns, outboxes, rules and gateways are the product's own. Clock, event loop, network and the
store's server are simulated. `./restaurant-qr simulate SEED` prints the trace of a seed.
"""
