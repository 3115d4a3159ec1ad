"""Redis and Valkey: claim and commit, journal and history, directory, the embedded server.

Bytes in, bytes out: what they mean is not known here. No Ray, and no rules.
"""
