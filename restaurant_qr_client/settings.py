"""What is set for all channels of a client."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Times are seconds.

    The pause before a try to connect is random, up to a bound that doubles from `first_pause` to
    `longest_pause`. A connection that is silent for `heartbeat` is asked whether it lives; an
    answer that takes longer than `patience` means that it does not. One that is lost for
    `stale_after` makes its data stale. `queue` actions may wait in a channel, and
    `backlog` messages for whoever iterates over them.
    """

    first_pause: float = 0.5
    longest_pause: float = 10.0
    heartbeat: float = 25.0
    patience: float = 10.0
    stale_after: float = 10.0
    queue: int = 100
    backlog: int = 1000
