"""A restaurant's staff devices."""
