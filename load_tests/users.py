"""What all load users have in common: channels that they listen to, and helpers that they start."""

import traceback
from collections.abc import Callable
from typing import Any

import gevent
from gevent.pool import Group
from locust import User
from locust.env import Environment

from load_tests.channels import Channel, Frame
from load_tests.client import Client
from load_tests.commands import TROUBLE, Answer, Refused
from load_tests.evening import PACE
from load_tests.lag import Fact
from load_tests.world import here


class LoadUser(User):
    """Belongs to one restaurant; its connections are lost now and then."""

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.world = here()
        self.random = self.world.random
        self.record = self.world.record
        self.house, self.number = self.world.place(type(self).__name__)
        self._clients: list[Client] = []
        self._helpers = Group()

    def on_start(self) -> None:
        self.begin(self._lose_connections)

    def on_stop(self) -> None:
        self._helpers.kill(block=False)
        for client in self._clients:
            self.world.drop(client)
        self._clients.clear()

    def listen(
        self,
        channel: Channel,
        id_: int,
        token: str,
        hear: Callable[[Frame], None] | None = None,
    ) -> Client:
        client = self.world.client(channel, id_, token, hear)
        self._clients.append(client)
        return client

    def leave(self, client: Client) -> None:
        self.world.close(client)
        if client in self._clients:
            self._clients.remove(client)

    def token(self, role: str, **ids: int) -> str:
        return self.world.tokens.of(role, restaurant_id=self.house.id, **ids)

    def begin(self, work: Callable[..., None], *about: Any) -> None:
        """Do something beside everything else."""
        self._helpers.spawn(self._work, work, *about)

    def think(self, mean_minutes: float) -> None:
        gevent.sleep(self.world.evening.think(mean_minutes, self.random))

    def caused(self, fact: Fact, answer: Answer) -> None:
        self.record.caused(fact, answer)

    def _work(self, work: Callable[..., None], *about: Any) -> None:
        try:
            work(*about)
        except TROUBLE as error:
            if not isinstance(error, Refused):
                self.record.failure(f"{type(self).__name__}: {work.__name__}", error)
        except Exception as error:
            traceback.print_exc()
            self.record.failure(f"{type(self).__name__}: {work.__name__}", error)

    def _lose_connections(self) -> None:
        while True:
            self.think(PACE.between_lost_connections)
            if self._clients:
                self.random.choice(self._clients).cut()
