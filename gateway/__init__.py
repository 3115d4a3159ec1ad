"""The way in: sockets and HTTP, tokens and limits, batches to hosts. No Ray here, and no rules.

A gateway holds no state that matters: everything that a client is told comes from a host.
"""
