"""The staff devices of a restaurant."""
