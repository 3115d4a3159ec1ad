"""A restaurant: its tables, waiters, open orders and notifications."""
