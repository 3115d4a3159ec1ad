"""A session: one party at one table, its orders and its calls."""
