"""A restaurant's menu."""
