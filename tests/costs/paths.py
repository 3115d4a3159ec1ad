"""The four hot paths, each run once as the product does and once as `plain.py` does."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from unittest.mock import patch

from actors.draft import Draft
from protocol import frames
from protocol.ids import Channel
from storage import commit as commits
from storage.store import EntityCommit
from tests.costs import plain
from tests.costs.chain import Chain
from tests.costs.counting import Instructions
from tests.costs.crowd import Crowd

BATCH = 32
CROWD = 1000
FRAMES = {
    "update_status": (Channel.ORDER, b'{"action":"update_status","status":"ready"}'),
    "place_order": (
        Channel.SESSION,
        b'{"action":"place_order","items":[{"menu_item_id":1},{"menu_item_id":2,"quantity":3}]}',
    ),
}
LIMITS = commits.Limits(retention_s=3600)
LIFE = b"1f2e3d4c5b6a79880716253443526170f0e1d2c3"
EVENT = b'{"type":"broadcast","data":{"message":"Last orders"},"seq":1}'


@dataclass(frozen=True, slots=True)
class Cost:
    """What `operations` took, and what one takes in plain Python."""

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
    taken = _count(lambda: frames.parse_frame(channel, frame))
    return Cost(f"parse {action}", taken, 1, _count(lambda: plain.parse(frame)).total)


async def turn(action: str, size: int = BATCH) -> Cost:
    """A batch on as many restaurants, from the gateway's exchange with the host to its replies."""
    chain = await Chain.open(size + 1)
    taken = await counted(chain, action, size)
    return Cost(f"turn {action}", taken, size, _count(plain.turn).total)


async def encode(action: str, size: int = BATCH) -> Cost:
    """The commit of such a batch: each draft's part in it, and the arguments of the scripts."""
    chain = await Chain.open(size)
    batch = await chain.batch(action, size)
    drafts: list[tuple[Draft, datetime, int]] = []
    part_of = Draft.commit

    def kept(draft: Draft, now: datetime, results_length: int) -> EntityCommit:
        """As it is now: the turn makes what is held what the draft is."""
        twin = copy(draft)
        twin.held = copy(draft.held)
        twin.held.results = copy(draft.held.results)
        drafts.append((twin, now, results_length))
        return part_of(draft, now, results_length)

    with patch.object(Draft, "commit", kept):
        await chain.do(batch)

    def encoded() -> None:
        by_restaurant: dict[int, list[EntityCommit]] = {}
        for draft, now, results_length in drafts:
            restaurant = draft.held.address.restaurant
            by_restaurant.setdefault(restaurant, []).append(draft.commit(now, results_length))
        for group in by_restaurant.values():
            commits.commit_call(group, LIMITS, LIFE)

    return Cost(f"encode {action}", _count(encoded), size, _count(plain.encode).total)


async def fan_out(sockets: int = CROWD) -> Cost:
    """One event that a host has published, to all sockets of a gateway."""
    crowd = await Crowd.gather(sockets)
    taken = _count(lambda: crowd.take(EVENT))
    await crowd.leave()
    seqs = iter((1, 2))
    listening = [{"last": 0, "write": lambda frame: True} for _ in range(sockets)]
    basic = _count(lambda: plain.fan_out(listening, next(seqs), EVENT))
    return Cost("fan-out", taken, sockets, basic.total / sockets)


async def counted(chain: Chain, action: str, size: int) -> Instructions:
    """`size` commands in one batch, at the chain's first tables; one at its last goes before."""
    batch = await chain.batch(action, len(chain.sessions))
    with Instructions() as taken:
        await chain.do(batch[-1:])
        taken.start_over()
        await chain.do(batch[:size])
    return taken


def _count(operation: Callable[[], object]) -> Instructions:
    with Instructions() as taken:
        operation()
        taken.start_over()
        operation()
    return taken
