"""The five hot paths: instruction counts of the product and of the same job in `plain.py`."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import CodeType
from unittest.mock import patch

from engine import commit as engine_commit
from engine.transaction import EntityTransaction
from protocol import codec as protocol_codec
from protocol.ids import Channel
from storage import commit as commits
from storage.store import EntityCommit
from tests.costs import plain
from tests.costs.counting import Instructions
from tests.costs.measured_service import MeasuredService
from tests.costs.socket_group import SocketGroup

BATCH = 32
SOCKETS = 1000
FRAMES = {
    "update_status": (Channel.ORDER, b'{"action":"update_status","status":"ready"}'),
    "place_order": (
        Channel.SESSION,
        b'{"action":"place_order","items":[{"menu_item_id":1},{"menu_item_id":2,"quantity":3}]}',
    ),
}
TRANSPORT = {"gateway", "websockets"}
STREAMS = {"codec.py", "peers.py", "stream_sockets.py", "streams.py"}
"""Directories, and files of `engine`, between a socket and the host's mailbox. All other code,
including Python's library and the tests, counts as part of the turn."""
LIMITS = commits.Limits(retention_s=3600)
LIFE = b"1f2e3d4c5b6a79880716253443526170f0e1d2c3"
EVENT = b'{"type":"broadcast","data":{"message":"Last orders"},"seq":1}'


@dataclass(frozen=True, slots=True)
class Cost:
    """Instructions of `operations`, and of one operation in plain Python."""

    name: str
    taken: Instructions
    operations: int
    plain: float

    @property
    def each(self) -> float:
        return self.taken.total / self.operations

    @property
    def ratio(self) -> float:
        return self.each / self.plain


def parse(action: str) -> Cost:
    channel, frame = FRAMES[action]
    taken = _count(lambda: protocol_codec.parse_frame(channel, frame))
    return Cost(f"parse {action}", taken, 1, _count(lambda: plain.parse(frame)).total)


async def turn(action: str, size: int = BATCH) -> Cost:
    """A batch on `size` restaurants, from the host's mailbox to its replies."""
    service = await MeasuredService.open(size + 1)
    taken = await counted(service, action, size)
    host = taken.part(lambda code: not _is_transport(code))
    return Cost(f"turn {action}", host, size, _count(plain.turn).total)


async def transport(action: str, size: int = BATCH) -> Cost:
    """The same batch from the gateway over its stream to the host, and its replies and events
    back to senders and sockets."""
    service = await MeasuredService.open(size + 1)
    taken = await counted(service, action, size)
    instructions = taken.part(_is_transport)
    return Cost(f"transport {action}", instructions, size, _count(plain.transport).total)


async def encode(action: str, size: int = BATCH) -> Cost:
    """The commit of the same batch: each transaction's part, and the arguments of the scripts."""
    service = await MeasuredService.open(size)
    batch = await service.batch(action, size)
    transactions: list[tuple[EntityTransaction, datetime]] = []
    part_of = engine_commit.entity_commit

    def recorded(staged: EntityTransaction, now: datetime, *, has_effects: bool) -> EntityCommit:
        """Record a copy, because the turn applies what was staged to the entity."""
        copied = copy(staged)
        copied.entity = copy(staged.entity)
        transactions.append((copied, now))
        return part_of(staged, now, has_effects=has_effects)

    with patch.object(engine_commit, "entity_commit", recorded):
        await service.do(batch)

    def encode_commits() -> None:
        by_restaurant: dict[int, list[EntityCommit]] = {}
        for staged, now in transactions:
            commit = part_of(staged, now, has_effects=False)
            by_restaurant.setdefault(staged.address.restaurant, []).append(commit)
        for group in by_restaurant.values():
            commits.commit_call(group, LIMITS, LIFE)

    return Cost(f"encode {action}", _count(encode_commits), size, _count(plain.encode).total)


async def fan_out(sockets: int = SOCKETS) -> Cost:
    """One event, from the host's stream to all sockets of a gateway."""
    group = await SocketGroup.open(sockets)
    with Instructions() as taken:
        await group.publish(EVENT)
        taken.reset()
        await group.publish(EVENT)
    group.close()
    seqs = iter((1, 2))
    subscribers = [{"last": 0, "write": lambda frame: True} for _ in range(sockets)]
    basic = _count(lambda: plain.fan_out(subscribers, next(seqs), EVENT))
    return Cost("fan-out", taken, sockets, basic.total / sockets)


async def counted(service: MeasuredService, action: str, size: int) -> Instructions:
    """Instructions of `size` commands in one batch, after a first command at the last table."""
    batch = await service.batch(action, len(service.sessions))
    with Instructions() as taken:
        await service.do(batch[-1:])
        taken.reset()
        await service.do(batch[:size])
    return taken


def _is_transport(code: CodeType) -> bool:
    file = Path(code.co_filename)
    is_stream = file.parent.name == "engine" and file.name in STREAMS
    return is_stream or not TRANSPORT.isdisjoint(file.parts)


def _count(operation: Callable[[], object]) -> Instructions:
    with Instructions() as taken:
        operation()
        taken.reset()
        operation()
    return taken
