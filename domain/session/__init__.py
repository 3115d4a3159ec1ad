"""A session: one party at one table, with its orders and calls."""
