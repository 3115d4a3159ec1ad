"""Calls that must not become more: of the store, between gateway and host, and once an event."""

import asyncio

from pydantic_core import SchemaValidator

from actors.messages import Done
from actors.whereabouts import Whereabouts
from domain import order, restaurant, session, waiter
from gateway.links import Links
from gateway.requests import Requests
from gateway.wire import framed
from protocol import commands as c
from protocol import frames
from protocol.errors import Rejected
from tests.costs.chain import GATEWAY, MANAGER, PLACEMENT, Chain
from tests.costs.counting import Calls
from tests.costs.crowd import Crowd
from tests.costs.paths import BATCH, EVENT, FRAMES

BURST = 500
ORDERS = 20


async def of_the_store(action: str) -> tuple[int, int]:
    """Commits and claims of a batch on as many restaurants."""
    chain = await Chain.open(BATCH)
    batch = await chain.batch(action, BATCH)
    chain.store.forget()
    await chain.do(batch)
    changed = {each.address for commits in chain.store.commits for each in commits}
    assert len(changed) == 4 * BATCH
    return len(chain.store.commits), len(chain.store.claims)


async def of_a_turn(action: str) -> tuple[float, float]:
    """Encodings and decisions of a command in a batch."""
    chain = await Chain.open(BATCH)
    batch = await chain.batch(action, BATCH)
    with Calls() as calls:
        await chain.do(batch)
    rules = [kind.decide for kind in (order, restaurant, session, waiter)]
    encodings = calls.of(frames.encode) + calls.of(frames.encode_exactly)
    return encodings / BATCH, sum(map(calls.of, rules)) / BATCH


async def of_a_burst() -> tuple[int, float]:
    """Exchanges of a burst at one moment, and validations of each of its commands."""
    chain = await Chain.open(ORDERS)
    orders = [each.to for each in await chain.batch("update_status", ORDERS)]
    links = Links(chain.hosts, Whereabouts(PLACEMENT), GATEWAY)
    requests = Requests(links)
    channel, frame = FRAMES["update_status"]
    with Calls() as calls:
        replies = []
        for each in orders * (BURST // ORDERS):
            command = frames.parse_frame(channel, frame)
            assert not isinstance(command, Rejected)
            replies.append(requests.submit(each, command, MANAGER))
        answers = await asyncio.gather(*replies)
    await links.close()
    assert all(isinstance(answer, Done) for answer in answers)
    return chain.hosts.exchanges, calls.of_methods(SchemaValidator) / BURST


async def of_an_event(sockets: int) -> tuple[int, int]:
    """Encodings on host and gateway, and framings, of an event to so many sockets."""
    chain = await Chain.open(1)
    await chain.listen(chain.homes, sockets)
    with Calls() as on_host:
        await chain.do(chain.submits(chain.homes, c.Broadcast(message="Last orders")))
    crowd = await Crowd.gather(sockets)
    with Calls() as on_gateway:
        crowd.take(EVENT)
    await crowd.leave()
    encodings = on_host.of(frames.encode) + on_gateway.of(frames.encode)
    return encodings, on_gateway.of(framed)
