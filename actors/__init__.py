"""Ray actors that carry entities: how they are found, started, placed, configured and observed.

`engine/` handles their messages.
"""
