"""One life of an actor, and the calls that it has not answered yet."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from actors.host import Host
from tests.simulation.chance import SimClock
from tests.simulation.loop import Process

if TYPE_CHECKING:
    from tests.simulation.caller import Caller

Does = Callable[[Host], Awaitable[Any]]
"""What a call does with the host that it reaches."""


@dataclass(eq=False, slots=True)
class Life:
    """One life of an actor; `calls` are those that it has not answered yet."""

    name: str
    number: int
    process: Process
    clock: SimClock
    ready_at: float
    host: Host | None = None
    caller: "Caller | None" = None
    calls: dict["Call", None] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name}#{self.number}"


@dataclass(eq=False, slots=True)
class Call:
    """A call under way: who asks for what, and where the answer is awaited."""

    caller: "Caller"
    life: Life
    does: Does
    batch: tuple[Any, ...]
    answer: asyncio.Future[Any]
