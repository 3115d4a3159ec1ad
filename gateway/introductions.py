"""Every shard, known before anybody asks for it.

A gateway finds a shard's actor by asking the cluster's head. Clients that lost their way in come to
gateways that may never have heard of their restaurants; while the head is away is the worst moment
to ask for the first time. Other placements have too many hosts for that.
"""

import asyncio

from actors.placement import Mode
from actors.transport import Hosts, answers
from actors.whereabouts import Whereabouts

PERIOD_S = 1.0
PATIENCE_S = 5.0
AGAIN_S = 30.0
"""After which a shard is looked for again: its actor may have been lost, and what leads to it."""


class Introductions:
    """Calls each shard once it is new, and now and then."""

    def __init__(self, hosts: Hosts, whereabouts: Whereabouts) -> None:
        self._hosts = hosts
        self._whereabouts = whereabouts
        self._due: dict[str, float] = {}

    async def run(self) -> None:
        """For ever."""
        loop = asyncio.get_running_loop()
        while True:
            placement = self._whereabouts.placement
            shards = placement.actors().values() if placement.mode is Mode.SHARD else ()
            self._due = {shard: self._due.get(shard, 0.0) for shard in shards}
            due = [shard for shard, at in self._due.items() if at <= loop.time()]
            await asyncio.gather(*map(self._meet, due))
            await asyncio.sleep(PERIOD_S)

    async def _meet(self, shard: str) -> None:
        if await answers(self._hosts, shard, PATIENCE_S):
            self._due[shard] = asyncio.get_running_loop().time() + AGAIN_S
