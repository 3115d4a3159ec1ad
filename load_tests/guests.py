"""Guest users: one party after another at the tables."""

import gevent
from locust import task

from load_tests.party import LoadParty
from load_tests.users import LoadUser


class GuestUser(LoadUser):
    """Runs parties as they arrive on the arrival curve."""

    weight = 1

    @task
    def next_party(self) -> None:
        pause = self.world.schedule.arrival(self.world.elapsed_s, self.random)
        if pause is None:
            gevent.sleep(1.0)
            return
        gevent.sleep(pause)
        LoadParty(self).run()
