"""The HTTP API and the pages: routes and their handlers."""
