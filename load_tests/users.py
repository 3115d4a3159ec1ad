"""The base class of load users."""

import traceback
from collections.abc import Callable
from typing import Any

import gevent
from gevent.pool import Group
from locust import User
from locust.env import Environment

from load_tests.channels import Channel, Frame
from load_tests.client import LoadClient
from load_tests.commands import REQUEST_ERRORS, Refused, Reply
from load_tests.lag import Fact
from load_tests.schedule import PACE
from load_tests.world import current_world


class LoadUser(User):
    """Base class of users of one restaurant, who lose a connection now and then."""

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.world = current_world()
        self.random = self.world.random
        self.recorder = self.world.recorder
        self.restaurant, self.number = self.world.assign_user(type(self).__name__)
        self._clients: list[LoadClient] = []
        self._helpers = Group()

    def on_start(self) -> None:
        self.spawn_helper(self._lose_connections)

    def on_stop(self) -> None:
        self._helpers.kill(block=False)
        for client in self._clients:
            self.world.abort(client)
        self._clients.clear()

    def subscribe(
        self,
        channel: Channel,
        id_: int,
        token: str,
        on_event: Callable[[Frame], None] | None = None,
    ) -> LoadClient:
        client = self.world.client(channel, id_, token, on_event)
        self._clients.append(client)
        return client

    def close_client(self, client: LoadClient) -> None:
        self.world.close(client)
        if client in self._clients:
            self._clients.remove(client)

    def token(self, role: str, **ids: int) -> str:
        return self.world.tokens.of(role, restaurant_id=self.restaurant.id, **ids)

    def spawn_helper(self, job: Callable[..., None], *args: Any) -> None:
        """Run a job concurrently."""
        self._helpers.spawn(self._run_job, job, *args)

    def think(self, mean_minutes: float) -> None:
        gevent.sleep(self.world.schedule.think(mean_minutes, self.random))

    def caused(self, fact: Fact, reply: Reply) -> None:
        self.recorder.caused(fact, reply)

    def _run_job(self, job: Callable[..., None], *args: Any) -> None:
        try:
            job(*args)
        except REQUEST_ERRORS as error:
            if not isinstance(error, Refused):
                self.recorder.failure(f"{type(self).__name__}: {job.__name__}", error)
        except Exception as error:
            traceback.print_exc()
            self.recorder.failure(f"{type(self).__name__}: {job.__name__}", error)

    def _lose_connections(self) -> None:
        while True:
            self.think(PACE.between_lost_connections)
            if self._clients:
                self.random.choice(self._clients).cut()
