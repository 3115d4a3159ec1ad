"""The settings of all channels of a client."""

from dataclasses import dataclass

from restaurant_qr_client.backoff import Backoff


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Times are seconds.

    The delay before a retry is random, up to a bound that doubles from `first_pause` to
    `longest_pause`. A connection that is silent for `heartbeat` is probed, and is lost if a reply
    takes longer than `timeout`. Data is stale after the connection has been lost for `stale_after`.
    At most `queue` actions wait in a channel, and `backlog` messages in an iterator.
    """

    first_pause: float = 0.5
    longest_pause: float = 10.0
    heartbeat: float = 25.0
    timeout: float = 10.0
    stale_after: float = 10.0
    queue: int = 100
    backlog: int = 1000

    def backoff(self) -> Backoff:
        return Backoff(self.first_pause, self.longest_pause)
