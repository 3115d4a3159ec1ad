"""A table of a restaurant, occupied or free."""
