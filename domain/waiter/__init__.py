"""A waiter and the waiter's notifications."""
