"""What a gateway is told when it is built; `serve_app.py` decides it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Limits are per connection. `auth_secret` is the tokens' HS256 key.

    `messages_per_s` on average and `burst` at once are taken from a client; `max_in_flight`
    commands are under way at most, then the socket is not read. What waits to be sent is bounded
    by `max_unsent` frames and `max_unsent_bytes`. An HTTP body has at most `max_body_bytes`.
    A gateway holds `max_connections` sockets.
    """

    auth_secret: str
    open_door: bool = True
    messages_per_s: float = 100.0
    burst: int = 200
    max_in_flight: int = 64
    max_unsent: int = 1000
    max_unsent_bytes: int = 1024 * 1024
    max_body_bytes: int = 1024 * 1024
    max_connections: int = 20_000
