"""The Ray actors that hold entities: lookup, start, placement, configuration and metrics.

`engine/` handles their messages.
"""
