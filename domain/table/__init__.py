"""A table."""
