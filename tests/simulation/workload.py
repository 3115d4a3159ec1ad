"""Guests and staff: subscribe, send requests, and retry if the outcome is unknown."""

import asyncio
import itertools
from dataclasses import replace

from protocol.caller import Role
from protocol.codec import ACTIONS
from protocol.ids import CHANNELS, Address, Channel, Kind, Topic
from tests.simulation.actions import Action, add_table, menu_of, random_action, setup_actions
from tests.simulation.client import SimClient, parse_rejection, parse_success
from tests.simulation.client_view import Violation
from tests.simulation.request import RETRYABLE_CODES, Response, SimRequest
from tests.simulation.request_checks import EVENTS_BY_COMMAND
from tests.simulation.restaurant import RestaurantModel
from tests.simulation.tokens import token
from tests.simulation.world import SimWorld

WORKERS = 4
MIN_BACKOFF_S = 0.2
MAX_BACKOFF_S = 3.0
INITIAL_CLIENTS = 5
MAX_CLIENTS = 10


class Workload:
    """All clients of one restaurant."""

    def __init__(self, world: SimWorld, requests: int) -> None:
        self._world = world
        self._rng = world.rngs["people"]
        self._remaining = requests
        self._numbers = itertools.count(1)
        self.restaurant = RestaurantModel(
            Address(Kind.RESTAURANT, 1, 1), notification_ids=world.notification_ids
        )

    async def run(self) -> None:
        """Run until all requests are answered."""
        await self._set_up()
        topics = self._topics()
        for topic in self._rng.sample(topics, min(len(topics), INITIAL_CLIENTS)):
            self._connect(topic)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(WORKERS):
                tasks.create_task(self._run_worker())

    async def _set_up(self) -> None:
        restaurant = self.restaurant
        body = {"name": "Trattoria", "currency": "EUR", "timezone": "Europe/Rome"}
        created = Action("create_restaurant", restaurant.address, body, ("POST", "/restaurants"))
        response = await self._request_until_answered(created, None, Role.ADMIN)
        id_ = response.result["restaurant_id"]
        restaurant.address = self._world.requests[0].to = Address(Kind.RESTAURANT, id_, id_)
        for action in setup_actions(restaurant):
            await self._request_until_answered(action, None, Role.ADMIN)
        for number in range(self._rng.randint(1, 3)):
            await self._request_until_answered(
                add_table(restaurant, str(number + 1)), None, Role.ADMIN
            )

    async def _run_worker(self) -> None:
        rng = self._rng
        while self._remaining > 0:
            self._remaining -= 1
            action = random_action(self.restaurant, rng, f"r{next(self._numbers)}")
            client = None if action.path else self._client_for(action)
            self.restaurant.pending.append(action.to)
            await self._request_until_answered(action, client, Role.ADMIN)
            self.restaurant.pending.remove(action.to)
            self._open_or_close_clients()
            await asyncio.sleep(rng.random() * 0.3)

    # --- requests --------------------------------------------------------------------------------

    async def _request_until_answered(
        self, action: Action, client: SimClient | None, role: Role
    ) -> Response:
        """Send a request until its outcome is known."""
        world, number = self._world, len(self._world.requests) + 1
        if client is not None:
            body, role, subject = (
                {"action": action.name, **action.body},
                client.role,
                client.subject,
            )
        else:
            body, subject = action.body, f"{role.value}:w{number}"
        if world.faults.happens("client_expects_a_version"):
            body = {**body, "expected_version": self._rng.randint(1, 6)}
        request = SimRequest(
            number, action.name, action.to, role, subject, f"w{number}", body, action.path
        )
        world.requests.append(request)
        pause = MIN_BACKOFF_S
        if client is not None:
            client.in_flight += 1
        while request.response is None:
            if client is not None and not client.is_open:
                world.faults.note("response_no_longer_due")
                request.is_abandoned = True
                return Response("unauthenticated", False, 0, {})
            times = 2 if world.faults.happens("client_sends_twice") else 1
            await asyncio.gather(*(self._send(request, client) for _ in range(times)))
            if request.response is None:
                await asyncio.sleep(pause)
                pause = min(2 * pause, MAX_BACKOFF_S)
        if world.faults.happens("client_sends_twice"):
            await self._send(request, client)
        is_comparable = (
            request.sent == 1 and request.name in EVENTS_BY_COMMAND
        )  # a late response could be confused with this one
        if is_comparable and world.faults.happens("request_id_reused"):
            await self._reuse_request_id(request, client)
        if client is not None:
            client.in_flight -= 1
        self.restaurant.update(request, request.response)
        return request.response

    async def _send(self, request: SimRequest, client: SimClient | None) -> None:
        world = self._world
        request.sent += 1
        world.trace.add("ask", str(request), request.subject, request.body)
        response = await (
            self._request(request) if client is None else client.send_request(request)
        )
        world.trace.add("answer", str(request), response)
        if response is None:
            world.faults.note("response_unknown")
            return
        world.faults.note(f"response_{response.code or 'done'}")
        if response.code == "item_unavailable" and "portions" in (response.data or {}):
            world.faults.note("portions_ran_out")
        if response.code not in RETRYABLE_CODES:
            request.responses.append(response)

    async def _reuse_request_id(self, request: SimRequest, client: SimClient | None) -> None:
        """Send the same `request_id` with another body: it must be rejected without effect."""
        body = {**request.body, "expected_version": 1_000_000}
        other = replace(request, body=body, responses=[])
        await self._send(other, client)
        was_executed = other.response is not None and other.response.code is None
        if was_executed and not self._world.commit_log.has_data_loss:
            raise Violation(f"{request}: its request_id was accepted for another body")

    async def _request(self, request: SimRequest) -> Response | None:
        gateway = self._world.pick_gateway(self._rng)
        if gateway is None or request.path is None:
            return None
        method, path = request.path
        bearer = token(request.role, request.subject.partition(":")[2])
        result = await self._world.http.request(
            gateway, method, path, bearer, request.request_id, request.body
        )
        if result is None:
            return None
        status, body = result
        return parse_success(body) if status < 300 else parse_rejection(body)

    # --- subscriptions ---------------------------------------------------------------------------

    def _topics(self) -> list[Topic]:
        restaurant = self.restaurant
        topics = [Topic(restaurant.address, channel) for channel in CHANNELS[Kind.RESTAURANT]]
        topics.append(Topic(menu_of(restaurant.address), Channel.MENU))
        topics += [Topic(each, Channel.WAITER) for each in restaurant.waiters]
        topics += [Topic(each, Channel.TABLE) for each in restaurant.tables]
        return topics

    def _connect(self, topic: Topic) -> SimClient:
        """A new client on a channel, with a role that may subscribe to it."""
        rng, address = self._rng, topic.address
        claims = {"restaurant_id": address.restaurant}
        role, ids = Role.MANAGER, claims
        if address.kind is Kind.SESSION and rng.random() < 0.6:
            role, ids = Role.GUEST, {"session_id": address.id}
        elif address.kind is Kind.ORDER:
            session = self.restaurant.orders[address.id].session
            role = rng.choice((Role.GUEST, Role.KITCHEN, Role.MANAGER))
            ids = {"session_id": session} if role is Role.GUEST else claims
        elif address.kind is Kind.WAITER and rng.random() < 0.7:
            role, ids = Role.WAITER, {**claims, "waiter_id": address.id}
        return SimClient(self._world, rng, topic, role, **ids)

    def _client_for(self, action: Action) -> SimClient:
        """A client subscribed to the action's entity, or a new one."""
        connected = [
            each
            for each in self._open_clients()
            if each.topic.address == action.to and action.name in ACTIONS[each.topic.channel]
        ]
        if connected and self._rng.random() < 0.8:
            return self._rng.choice(connected)
        channels = [each for each in CHANNELS[action.to.kind] if action.name in ACTIONS[each]]
        return self._connect(Topic(action.to, channels[0]))

    def _open_or_close_clients(self) -> None:
        rng = self._rng
        clients = [each for each in self._open_clients() if not each.in_flight]
        if clients and (len(clients) > MAX_CLIENTS or rng.random() < 0.2):
            rng.choice(clients).close()
        if self.restaurant.orders and rng.random() < 0.2:
            order = rng.choice(list(self.restaurant.orders.values()))
            self._connect(Topic(order.address, rng.choice(CHANNELS[Kind.ORDER])))

    def _open_clients(self) -> list[SimClient]:
        return [each for each in self._world.clients if each.is_open]
