"""Guests and staff: they listen, want things, and ask again where nobody knows what came of it."""

import asyncio
import itertools
from dataclasses import replace

from protocol.caller import Role
from protocol.frames import ACTIONS
from protocol.ids import CHANNELS, Address, Channel, Kind, Topic
from tests.simulation.device import Device, done, refused
from tests.simulation.house import House
from tests.simulation.ideas import Idea, openings, some_idea, table
from tests.simulation.tokens import token
from tests.simulation.told import DOES
from tests.simulation.view import Violation
from tests.simulation.wish import UNSURE, Answer, Wish
from tests.simulation.world import World

WORKERS = 4
PAUSE_S = 0.2
LONGEST_PAUSE_S = 3.0
LISTENERS = 5
MOST_DEVICES = 10


class People:
    """Everybody of one restaurant."""

    def __init__(self, world: World, wishes: int) -> None:
        self._world = world
        self._chance = world.chance["people"]
        self._left = wishes
        self._numbers = itertools.count(1)
        self.house = House(Address(Kind.RESTAURANT, 1, 1), notes=world.notes)

    async def spend_the_evening(self) -> None:
        """Until all wishes are answered."""
        await self._open()
        topics = self._interesting()
        for topic in self._chance.sample(topics, min(len(topics), LISTENERS)):
            self._listen(topic)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(WORKERS):
                tasks.create_task(self._work())

    async def _open(self) -> None:
        house = self.house
        body = {"name": "Trattoria", "currency": "EUR", "timezone": "Europe/Rome"}
        created = Idea("create_restaurant", house.home, body, ("POST", "/restaurants"))
        answer = await self._grant(created, None, Role.ADMIN)
        id_ = answer.result["restaurant_id"]
        house.home = self._world.wishes[0].to = Address(Kind.RESTAURANT, id_, id_)
        for idea in openings(house):
            await self._grant(idea, None, Role.ADMIN)
        for number in range(self._chance.randint(1, 3)):
            await self._grant(table(house, str(number + 1)), None, Role.ADMIN)

    async def _work(self) -> None:
        chance = self._chance
        while self._left > 0:
            self._left -= 1
            idea = some_idea(self.house, chance, f"r{next(self._numbers)}")
            device = None if idea.path else self._device_for(idea)
            self.house.asked.append(idea.to)
            await self._grant(idea, device, Role.ADMIN)
            self.house.asked.remove(idea.to)
            self._come_and_go()
            await asyncio.sleep(chance.random() * 0.3)

    # --- asking ----------------------------------------------------------------------------------

    async def _grant(self, idea: Idea, device: Device | None, role: Role) -> Answer:
        """Ask for it until it is known what came of it."""
        world, number = self._world, len(self._world.wishes) + 1
        if device is not None:
            body, role, subject = {"action": idea.name, **idea.body}, device.role, device.subject
        else:
            body, subject = idea.body, f"{role.value}:w{number}"
        if world.faults.happens("client_expects_a_version"):
            body = {**body, "expected_version": self._chance.randint(1, 6)}
        wish = Wish(number, idea.name, idea.to, role, subject, f"w{number}", body, idea.path)
        world.wishes.append(wish)
        pause = PAUSE_S
        if device is not None:
            device.wanted += 1
        while wish.answer is None:
            if device is not None and not device.is_open:
                world.faults.note("answer_no_longer_due")
                wish.given_up = True
                return Answer("unauthenticated", False, 0, {})
            times = 2 if world.faults.happens("client_sends_twice") else 1
            await asyncio.gather(*(self._send(wish, device) for _ in range(times)))
            if wish.answer is None:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
        if world.faults.happens("client_sends_twice"):
            await self._send(wish, device)
        plain = wish.sent == 1 and wish.name in DOES  # or a late answer could be taken for this one
        if plain and world.faults.happens("client_changes_its_mind"):
            await self._ask_for_something_else(wish, device)
        if device is not None:
            device.wanted -= 1
        self.house.learn(wish, wish.answer)
        return wish.answer

    async def _send(self, wish: Wish, device: Device | None) -> None:
        world = self._world
        wish.sent += 1
        world.trace.tell("ask", str(wish), wish.subject, wish.body)
        answer = await (self._request(wish) if device is None else device.ask(wish))
        world.trace.tell("answer", str(wish), answer)
        if answer is None:
            world.faults.note("answer_unknown")
            return
        world.faults.note(f"answer_{answer.code or 'done'}")
        if answer.code not in UNSURE:
            wish.answers.append(answer)

    async def _ask_for_something_else(self, wish: Wish, device: Device | None) -> None:
        """The same `request_id` for another body: refused, and nothing is done."""
        body = {**wish.body, "expected_version": 1_000_000}
        other = replace(wish, body=body, answers=[])
        await self._send(other, device)
        taken = other.answer is not None and other.answer.code is None
        if taken and not self._world.truth.has_lost:
            raise Violation(f"{wish}: its request_id was taken for another body")

    async def _request(self, wish: Wish) -> Answer | None:
        front = self._world.front(self._chance)
        if front is None or wish.path is None:
            return None
        method, path = wish.path
        who = token(wish.role, wish.subject.partition(":")[2])
        given = await self._world.post.request(front, method, path, who, wish.request_id, wish.body)
        if given is None:
            return None
        status, body = given
        return done(body) if status < 300 else refused(body)

    # --- listening -------------------------------------------------------------------------------

    def _interesting(self) -> list[Topic]:
        house = self.house
        topics = [Topic(house.home, channel) for channel in CHANNELS[Kind.RESTAURANT]]
        topics += [Topic(each, Channel.WAITER) for each in house.waiters]
        topics += [Topic(each, Channel.TABLE) for each in house.tables]
        return topics

    def _listen(self, topic: Topic) -> Device:
        """Somebody new on a channel, of a role that may be there."""
        chance, address = self._chance, topic.address
        home = {"restaurant_id": address.restaurant}
        role, ids = Role.MANAGER, home
        if address.kind is Kind.SESSION and chance.random() < 0.6:
            role, ids = Role.GUEST, {"session_id": address.id}
        elif address.kind is Kind.ORDER:
            session = self.house.orders[address.id].session
            role = chance.choice((Role.GUEST, Role.KITCHEN, Role.MANAGER))
            ids = {"session_id": session} if role is Role.GUEST else home
        elif address.kind is Kind.WAITER and chance.random() < 0.7:
            role, ids = Role.WAITER, {**home, "waiter_id": address.id}
        return Device(self._world, chance, topic, role, **ids)

    def _device_for(self, idea: Idea) -> Device:
        """Whoever listens to an entity can ask it for something."""
        there = [
            each
            for each in self._open_devices()
            if each.topic.address == idea.to and idea.name in ACTIONS[each.topic.channel]
        ]
        if there and self._chance.random() < 0.8:
            return self._chance.choice(there)
        channels = [each for each in CHANNELS[idea.to.kind] if idea.name in ACTIONS[each]]
        return self._listen(Topic(idea.to, channels[0]))

    def _come_and_go(self) -> None:
        chance = self._chance
        devices = [each for each in self._open_devices() if not each.wanted]
        if devices and (len(devices) > MOST_DEVICES or chance.random() < 0.2):
            chance.choice(devices).leave()
        if self.house.orders and chance.random() < 0.2:
            order = chance.choice(list(self.house.orders.values()))
            self._listen(Topic(order.address, chance.choice(CHANNELS[Kind.ORDER])))

    def _open_devices(self) -> list[Device]:
        return [each for each in self._world.devices if each.is_open]
