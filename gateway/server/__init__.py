"""The gateway's own server: it listens on the port, reads request heads, and owns the sockets.

uvicorn handles HTTP, picows WebSocket frames. The server is independent of the application.
"""
