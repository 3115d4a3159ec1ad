"""A restaurant: its tables, waiters, devices, open orders and notifications."""
