"""The service in one process and one thread, where a seed decides all that chance decides.

Hosts, turns, outboxes, rules and whole gateways are the real ones. Clock, event loop, network and
the store's server are simulated. `python -m tests.simulation SEED` tells what happened in a seed.
"""
