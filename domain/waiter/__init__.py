"""A waiter, with the notifications for them."""
