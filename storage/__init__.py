"""Redis and Valkey: claim and commit, journal and history, directory, the embedded server.

This package stores bytes and does not interpret them. It imports neither Ray nor the rules.
"""
