"""Counts of calls: to the store, on streams, and per event."""

import asyncio
from typing import NamedTuple

from pydantic_core import SchemaValidator

from domain.order import rules as order_rules
from domain.restaurant import rules as restaurant_rules
from domain.session import rules as session_rules
from domain.waiter import rules as waiter_rules
from engine import codec
from engine.messages import Done
from gateway.backend.command_dispatch import CommandDispatcher
from gateway.server.frames import encode_text_frame
from protocol import codec as protocol_codec
from protocol import commands as c
from protocol.errors import Rejected
from tests.costs.counting import Calls
from tests.costs.measured_service import MANAGER, MeasuredService, first_channel
from tests.costs.paths import BATCH, FRAMES

BURST = 500
ORDERS = 20


async def store_calls(action: str) -> tuple[int, int]:
    """Numbers of commits and claims for a batch on `BATCH` restaurants."""
    service = await MeasuredService.open(BATCH)
    batch = await service.batch(action, BATCH)
    service.store.clear()
    await service.do(batch)
    changed = {each.address for commits in service.store.commits for each in commits}
    entities = 5 if action == "place_order" else 4  # it also confirms the ownership of the menu
    assert len(changed) == entities * BATCH
    return len(service.store.commits), len(service.store.claims)


async def turn_calls(action: str) -> tuple[float, float]:
    """Encodings and decisions per command of a batch."""
    service = await MeasuredService.open(BATCH)
    batch = await service.batch(action, BATCH)
    with Calls() as calls:
        await service.do(batch)
    rules = [kind.decide for kind in (order_rules, restaurant_rules, session_rules, waiter_rules)]
    encodings = calls.of(protocol_codec.encode) + calls.of(protocol_codec.encode_stored)
    return encodings / BATCH, sum(map(calls.of, rules)) / BATCH


class Burst(NamedTuple):
    """Writes of gateway and host on their stream, and validations per command."""

    sends: int
    replies: int
    validations: float


async def burst_calls() -> Burst:
    """Calls for 500 commands that are sent at once."""
    service = await MeasuredService.open(ORDERS)
    orders = [each.to for each in await service.batch("update_status", ORDERS)]
    dispatcher = CommandDispatcher(service.gateway.client)
    channel, frame = FRAMES["update_status"]
    service.network.reset()
    with Calls() as calls:
        replies = []
        for each in orders * (BURST // ORDERS):
            command = protocol_codec.parse_frame(channel, frame)
            assert not isinstance(command, Rejected)
            replies.append(dispatcher.submit(each, command, MANAGER))
        answers = await asyncio.gather(*replies)
    assert all(isinstance(answer, Done) for answer in answers)
    validations = calls.of_methods(SchemaValidator) / BURST
    return Burst(service.network.sends, service.network.replies, validations)


class Event(NamedTuple):
    """Calls for one event, in its host and all gateways."""

    encodings: float
    decodings: float
    framings: float


async def added_by_sockets(sockets: int) -> Event:
    """Additional calls for an event if a gateway has `sockets` more sockets than one."""
    one, all_ = await _event_calls(1, 1), await _event_calls(1, 1 + sockets)
    return Event(*(more - few for more, few in zip(all_, one, strict=True)))


async def added_per_gateway(gateways: int) -> Event:
    """Additional calls for an event per further gateway."""
    one, all_ = await _event_calls(1, 1), await _event_calls(1 + gateways, 1)
    return Event(*((more - few) / gateways for more, few in zip(all_, one, strict=True)))


async def _event_calls(gateways: int, sockets: int) -> Event:
    """Calls for a command, its reply and its event."""
    service = await MeasuredService.open(1)
    topic = first_channel(service.restaurants[0])
    for number in range(gateways):
        await service.add_gateway(f"listener {number}").subscribe(topic, sockets)
    with Calls() as calls:
        await service.do(service.submits(service.restaurants, c.Broadcast(message="Last orders")))
    encodings = calls.of(protocol_codec.encode) + calls.of(codec.encode)
    event = Event(encodings, calls.of(codec.decode), calls.of(encode_text_frame))
    assert min(event) > 0
    return event
