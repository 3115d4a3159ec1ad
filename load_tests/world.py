"""State shared by the users of one Locust process: restaurants, free tables, clock and records."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

from locust.env import Environment

from load_tests.api import LoadApi
from load_tests.channels import Channel, Frame
from load_tests.client import LoadClient
from load_tests.recorder import Recorder
from load_tests.restaurants import Restaurant
from load_tests.schedule import Schedule
from load_tests.tokens import Tokens

TRIES_A_TAKEN_TABLE = 0.03


class LoadRestaurant:
    """A restaurant, and its free tables as far as this process knows."""

    def __init__(self, restaurant: Restaurant) -> None:
        self.data = restaurant
        self.id = restaurant.id
        self._free = list(restaurant.tables)

    def take_table(self, random: Random) -> tuple[int, int] | None:
        """A table and its waiter; sometimes an occupied one."""
        if random.random() < TRIES_A_TAKEN_TABLE:
            table = random.choice(self.data.tables)
            if table in self._free:
                self._free.remove(table)
            return table
        return self._free.pop(random.randrange(len(self._free))) if self._free else None

    def give_back(self, table: tuple[int, int]) -> None:
        if table not in self._free:
            self._free.append(table)


class LoadWorld:
    """One load test in one process."""

    def __init__(
        self,
        environment: Environment,
        data_dir: Path,
        minutes: float,
        restaurants: list[Restaurant],
    ) -> None:
        assert environment.host is not None
        self.url = environment.host
        self.recorder = Recorder(environment)
        self.random = self.recorder.random
        self.tokens = Tokens(data_dir)
        self.api = LoadApi(self.recorder, self.url)
        self.schedule = Schedule(minutes)
        self.restaurants = [LoadRestaurant(restaurant) for restaurant in restaurants]
        self.clients: set[LoadClient] = set()
        self.open_parties = 0
        self._started_at = time.perf_counter()
        self._assigned: Counter[str] = Counter()

    @property
    def elapsed_s(self) -> float:
        return time.perf_counter() - self._started_at

    @property
    def max_wait_s(self) -> float:
        """Seconds that guests wait before it counts as a failure."""
        return max(60.0, self.schedule.seconds(120.0))

    def assign_user(self, role: str) -> tuple[LoadRestaurant, int]:
        """The restaurant of the next user of a role, and its number there."""
        number = self._assigned[role]
        self._assigned[role] += 1
        return self.restaurants[number % len(self.restaurants)], number // len(self.restaurants)

    def client(
        self,
        channel: Channel,
        id_: int,
        token: str,
        on_event: Callable[[Frame], None] | None = None,
    ) -> LoadClient:
        """Open a channel. Raises ChannelClosed or RequestTimeout."""
        client = LoadClient(self.recorder, self.url, channel, id_, token, on_event)
        self.clients.add(client)
        try:
            client.open()
        except BaseException:
            self.abort(client)
            raise
        return client

    def close(self, client: LoadClient) -> None:
        """Close a channel with a close frame."""
        client.close()
        self.clients.discard(client)

    def abort(self, client: LoadClient) -> None:
        """Close a channel at once."""
        client.abort()
        self.clients.discard(client)


class _Current:
    world: LoadWorld | None = None


def set_current_world(world: LoadWorld | None) -> None:
    """Set the world of this process."""
    _Current.world = world


def current_world() -> LoadWorld:
    """The world of the running test."""
    assert _Current.world is not None, "no test has been started"
    return _Current.world
