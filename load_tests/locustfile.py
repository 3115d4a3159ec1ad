"""The entry point of Locust: `python -m locust -f load_tests/locustfile.py`, or `./restaurant-qr
load`.

The local runner or the master creates the restaurants and ends the test. Every process with users
checks what they receive and reports to it.
"""

import logging
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import gevent
from locust import events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from load_tests.api import LoadApi
from load_tests.counters import Counters
from load_tests.dispatch import ByRestaurant
from load_tests.final_audit import FinalAudit
from load_tests.guests import GuestUser
from load_tests.recorder import Recorder
from load_tests.restaurants import Restaurant, RestaurantFactory
from load_tests.size import Size, assign
from load_tests.staff import KitchenUser, ManagerUser
from load_tests.tokens import Tokens
from load_tests.waiters import WaiterUser
from load_tests.world import LoadWorld, set_current_world

__all__ = ["GuestUser", "KitchenUser", "ManagerUser", "WaiterUser"]

log = logging.getLogger(__name__)

PLAN, REPORT = "load_plan", "load_report"
STATS_TIMEOUT_S = 4.0
"""Seconds within which a worker's last statistics reach the master."""
GRACE_S = 180.0


def _arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("Workload")
    group.add_argument("--restaurants", type=int, default=4, help="how many share the users")
    group.add_argument("--waiters", type=int, default=2, help="of each restaurant")
    group.add_argument("--minutes", type=float, default=2.0, help="duration of the workload")
    group.add_argument("--data-dir", default=".data", help="of the application, for its key")
    group.add_argument("--report-file", default="", help="where the summary is written, too")


class LoadTest:
    """The load test in the runner of this process."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        assert environment.parsed_options is not None
        assert environment.runner is not None
        self.options = environment.parsed_options
        self.runner = environment.runner
        self.final_audit: FinalAudit | None = None
        self.restaurants: list[Restaurant] = []
        self.counters = Counters()
        self.expected: set[str] = set()
        """Processes that have not reported yet."""
        self._deadline: Any = None
        self._ending = False
        KitchenUser.fixed_count = ManagerUser.fixed_count = self.options.restaurants
        WaiterUser.fixed_count = self.options.restaurants * self.options.waiters
        environment.dispatcher_class = ByRestaurant
        if isinstance(self.runner, WorkerRunner):
            self.runner.register_message(PLAN, self._planned)
        else:
            self.runner.register_message(REPORT, self._reported)
        environment.events.test_start.add_listener(self._start_or_quit)
        environment.events.test_stop.add_listener(self._stop)

    # --- start -----------------------------------------------------------------------------------

    def _start_or_quit(self, **_: Any) -> None:
        try:
            self._start()
        except Exception:
            log.exception("the test could not be started")
            self.environment.process_exit_code = 2
            gevent.spawn(self.runner.quit)

    def _start(self) -> None:
        if isinstance(self.runner, WorkerRunner):
            self._open(self.restaurants)
            return
        self.counters = Counters()
        self._ending = False
        self.restaurants = self._create_restaurants()
        if not isinstance(self.runner, MasterRunner):
            self.expected = {"local"}
            self._open(self.restaurants)
            return
        workers = [client.id for client in self.runner.clients.ready]
        workers.sort(key=self.runner.get_worker_index)
        self.expected = set(workers)
        if len(self.restaurants) % len(workers):
            log.warning(
                "%d restaurants are not a multiple of %d workers: some have their staff elsewhere",
                len(self.restaurants), len(workers),
            )  # fmt: skip
        for worker, places in assign(len(self.restaurants), workers).items():
            chosen = [self.restaurants[place].as_message() for place in places]
            self.runner.send_message(PLAN, {"restaurants": chosen}, worker)
        latest = self.options.minutes * 60 + GRACE_S
        self._deadline = gevent.spawn_later(latest, self._conclude)

    def _create_restaurants(self) -> list[Restaurant]:
        """Create the restaurants, outside of the statistics."""
        tokens = Tokens(Path(self.options.data_dir))
        discarded = Environment()
        api = LoadApi(Recorder(discarded), str(self.environment.host))
        users = self.runner.target_user_count
        size = Size(self.options.restaurants, self.options.waiters, users)
        began = time.perf_counter()
        restaurants = RestaurantFactory(api, tokens).create_missing(size)
        elapsed_s = time.perf_counter() - began
        log.info("%d restaurants are ready after %.1f s", len(restaurants), elapsed_s)
        return restaurants

    def _planned(self, msg: Any, **_: Any) -> None:
        self.restaurants = [Restaurant.of_message(each) for each in msg.data["restaurants"]]

    def _open(self, restaurants: list[Restaurant]) -> None:
        options = self.options
        world = LoadWorld(self.environment, Path(options.data_dir), options.minutes, restaurants)
        set_current_world(world)
        self.final_audit = FinalAudit(world, self._report)

    # --- end -------------------------------------------------------------------------------------

    def _report(self, report: dict[str, Any]) -> None:
        if isinstance(self.runner, WorkerRunner):
            gevent.sleep(STATS_TIMEOUT_S)
        self.runner.send_message(REPORT, report)

    def _reported(self, msg: Any, **_: Any) -> None:
        self.counters.add(msg.data)
        self.expected.discard(msg.node_id)
        if not self.expected and not self._ending:
            self._ending = True
            gevent.spawn(self._conclude)

    def _stop(self, **_: Any) -> None:
        """The test was stopped or is over."""
        self._ending = True
        if self._deadline is not None and self._deadline is not gevent.getcurrent():
            self._deadline.kill(block=False)
        if self.final_audit is not None:
            self.final_audit.end_now()

    def _conclude(self) -> None:
        if self.options.headless:
            self.runner.quit()
        else:
            self.runner.stop()

    def sum_up(self, **_: Any) -> None:
        """Print the summary when Locust quits."""
        self._stop()
        if isinstance(self.runner, WorkerRunner) or not self.restaurants:
            return
        text = self.counters.summary()
        if self.expected:
            text += f"\n{len(self.expected)} processes have not reported: their part is unchecked"
        print(f"\n{text}\n", flush=True)
        if self.options.report_file:
            Path(self.options.report_file).write_text(text + "\n")
        if self.expected or self.counters.violations:
            self.environment.process_exit_code = 1


def _init(environment: Environment, **_: Any) -> None:
    environment.events.quitting.add_listener(LoadTest(environment).sum_up)


events.init_command_line_parser.add_listener(_arguments)
events.init.add_listener(_init)
