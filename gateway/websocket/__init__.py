"""The WebSocket channels: admission, subscription, commands and release.

Nothing here depends on the server that owns the sockets: `gateway/server/`, or any ASGI server
through `asgi.py`.
"""
