"""What the users of one Locust process share: restaurants, places at tables, clock and book."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

from locust.env import Environment

from load_tests.api import Api
from load_tests.channels import Channel, Frame
from load_tests.client import Client
from load_tests.evening import Evening
from load_tests.record import Record
from load_tests.restaurants import Restaurant
from load_tests.tokens import Tokens

TRIES_A_TAKEN_TABLE = 0.03


class House:
    """A restaurant, and which of its tables are free as far as this process knows."""

    def __init__(self, restaurant: Restaurant) -> None:
        self.restaurant = restaurant
        self.id = restaurant.id
        self._free = list(restaurant.tables)

    def take_table(self, random: Random) -> tuple[int, int] | None:
        """A table and its waiter; now and then one that is taken, since guests do that."""
        if random.random() < TRIES_A_TAKEN_TABLE:
            table = random.choice(self.restaurant.tables)
            if table in self._free:
                self._free.remove(table)
            return table
        return self._free.pop(random.randrange(len(self._free))) if self._free else None

    def give_back(self, table: tuple[int, int]) -> None:
        if table not in self._free:
            self._free.append(table)


class World:
    """One test in one process."""

    def __init__(
        self,
        environment: Environment,
        data_dir: Path,
        minutes: float,
        restaurants: list[Restaurant],
    ) -> None:
        assert environment.host is not None
        self.url = environment.host
        self.record = Record(environment)
        self.random = self.record.random
        self.tokens = Tokens(data_dir)
        self.api = Api(self.record, self.url)
        self.evening = Evening(minutes)
        self.houses = [House(restaurant) for restaurant in restaurants]
        self.clients: set[Client] = set()
        self.open_parties = 0
        self._began = time.perf_counter()
        self._placed: Counter[str] = Counter()

    @property
    def elapsed_s(self) -> float:
        return time.perf_counter() - self._began

    @property
    def patience_s(self) -> float:
        """How long guests wait before something must have gone wrong."""
        return max(60.0, self.evening.seconds(120.0))

    def place(self, role: str) -> tuple[House, int]:
        """Where the next user of a role belongs, and how many of them were there before."""
        number = self._placed[role]
        self._placed[role] += 1
        return self.houses[number % len(self.houses)], number // len(self.houses)

    def client(
        self,
        channel: Channel,
        id_: int,
        token: str,
        hear: Callable[[Frame], None] | None = None,
    ) -> Client:
        """Open a channel. Raises Ended or GaveUp."""
        client = Client(self.record, self.url, channel, id_, token, hear)
        self.clients.add(client)
        try:
            client.open()
        except BaseException:
            self.drop(client)
            raise
        return client

    def close(self, client: Client) -> None:
        """Leave a channel in order."""
        client.close()
        self.clients.discard(client)

    def drop(self, client: Client) -> None:
        """Leave a channel at once."""
        client.abandon()
        self.clients.discard(client)


class _Current:
    world: World | None = None


def enter(world: World | None) -> None:
    """This is the world from now on."""
    _Current.world = world


def here() -> World:
    """The world of the test that runs."""
    assert _Current.world is not None, "no test has been started"
    return _Current.world
