"""Combines concurrent calls into one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


class Coalesced:
    """Combines the calls that arrive while another one runs into the next one."""

    def __init__(self, answer: Callable[[list[Any]], Awaitable[list[Any]]]) -> None:
        self._answer = answer
        self._waiting: list[tuple[Any, asyncio.Future[Any]]] = []
        self._task: asyncio.Task[None] | None = None

    async def call(self, argument: Any) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((argument, future))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                try:
                    answers = await self._answer([argument for argument, _ in batch])
                    for (_, future), answer in zip(batch, answers, strict=True):
                        if not future.done():
                            future.set_result(answer)
                except Exception as error:
                    for _, future in batch:
                        if not future.done():
                            future.set_exception(error)
        finally:
            self._task = None
