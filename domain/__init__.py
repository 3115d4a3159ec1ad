"""The rules of restaurants: pure functions from state and command to events and effects.

This package imports neither Ray nor I/O, clocks or randomness. `Context` contains the time, the
caller and new ids.
"""
