"""Runs entities: messages, turns, commits, effects, timers, subscribers and streams.

This package does not import Ray.
"""
