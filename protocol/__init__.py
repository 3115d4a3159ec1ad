"""The vocabulary of the protocol: ids, commands, statuses, errors, limits and encodings.

This package contains values and their parsing. It contains no rules, and imports neither Ray nor
Redis nor Starlette.
"""
