"""Runs entities: messages, turns, commits, effects, timers, subscribers and streams. Without
Ray."""
