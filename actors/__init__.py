"""Entities as actors: the turn, subscribers, outbox and timers, and the Ray actors around them."""
