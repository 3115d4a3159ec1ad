"""Guests: a place that party after party comes to."""

import gevent
from locust import task

from load_tests.party import Party
from load_tests.users import LoadUser


class GuestUser(LoadUser):
    """Parties come as the evening's curve has it, one after the other."""

    weight = 1

    @task
    def next_party(self) -> None:
        pause = self.world.evening.arrival(self.world.elapsed_s, self.random)
        if pause is None:
            gevent.sleep(1.0)
            return
        gevent.sleep(pause)
        Party(self).come()
