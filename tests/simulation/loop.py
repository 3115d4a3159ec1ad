"""An event loop without a clock: time jumps to the next timer, a seed orders what is ready.

What belongs to a `Process` ends with it at whatever `await` it has come to: no `finally`, no
`except`, nothing of it ever runs again.
"""

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

MOST_STEPS = 600_000
"""A world that has not come to its end after so many steps never does."""


class Process:
    """What lives and dies together; tasks and timers belong to the process that made them."""

    __slots__ = ("alive", "context", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.context = copy_context()
        self.context.run(_process.set, self)

    def kill(self) -> None:
        self.alive = False

    def spawn(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        return asyncio.get_running_loop().create_task(coroutine, context=self.context)

    def later(self, delay: float, call: Callable[..., Any], *args: Any) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(delay, call, *args, context=self.context)


_process: ContextVar[Process | None] = ContextVar("process", default=None)


class _Handle(asyncio.TimerHandle):
    """A handle with nothing in it but what this loop needs."""

    __slots__ = ("args", "callback", "context", "over", "when_")

    def __init__(
        self, when: float, callback: Callable[..., Any], args: tuple[Any, ...], context: Context
    ) -> None:
        self.when_ = when
        self.callback = callback
        self.args = args
        self.context = context
        self.over = False

    def cancel(self) -> None:
        self.over = True

    def cancelled(self) -> bool:
        return self.over

    def when(self) -> float:
        return self.when_


class SimLoop(asyncio.AbstractEventLoop):
    """Only what tasks, futures and timers need. `order` shuffles what is ready at the same time;
    None keeps it in the order in which it became so."""

    def __init__(self, order: Random | None) -> None:
        self.steps = 0
        self._error: BaseException | None = None
        self._order = order
        self._now = 0.0
        self._ready: list[tuple[Process | None, _Handle]] = []
        self._timers: list[tuple[float, int, Process | None, _Handle]] = []
        self._made = 0
        self._tasks: list[asyncio.Task[Any]] = []
        self._closed = False

    # --- running ---------------------------------------------------------------------------------

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Until the coroutine is done. RuntimeError where nothing is left that could go on."""
        asyncio._set_running_loop(self)
        try:
            task = self.create_task(coroutine)
            while not task.done():
                self._step()
            self._look_for_lost_errors()
            result: T = task.result()
            return result
        finally:
            self._bury()
            asyncio._set_running_loop(None)
            self._closed = True

    def _step(self) -> None:
        if not self._ready:
            self._jump()
        batch, self._ready = self._ready, []
        if self._order is not None and len(batch) > 1:
            self._order.shuffle(batch)
        self.steps += len(batch)
        if self.steps > MOST_STEPS:
            raise RuntimeError("the world does not come to rest")
        for process, handle in batch:
            if not handle.over and (process is None or process.alive):
                try:
                    handle.context.run(handle.callback, *handle.args)
                except Exception as error:
                    self._error = self._error or error
            if self._error is not None:
                raise self._error

    def _jump(self) -> None:
        """To the moment of the next timer, and make ready all that is due then."""
        while self._timers:
            when, _, process, timer = heapq.heappop(self._timers)
            if timer.over or (process is not None and not process.alive):
                continue
            self._now = max(self._now, when)
            self._ready.append((process, timer))
            if not self._timers or self._timers[0][0] > self._now:
                return
        if not self._ready:
            raise RuntimeError("everybody waits, and nothing is under way")

    def _look_for_lost_errors(self) -> None:
        """A task of the product's that failed, and whose error nobody took."""
        for task in self._tasks:
            if task.done() and getattr(task, "_log_traceback", False):
                error = task.exception()
                if error is not None:
                    raise error

    def _bury(self) -> None:
        """End what is left, the dead included, before the collector does it at its own time."""
        for task in self._tasks:  # grows meanwhile: what ends may start something
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                coroutine: Any = task.get_coro()
                try:
                    coroutine.close()
                except BaseException:  # it is dead, whatever it says
                    continue
        self._ready.clear()
        self._timers.clear()
        self._tasks.clear()

    # --- what asyncio asks of a loop -------------------------------------------------------------

    def time(self) -> float:
        return self._now

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return not self._closed

    def is_closed(self) -> bool:
        return self._closed

    def call_soon(  # type: ignore[override]  # any callable, as asyncio itself
        self, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        if context is None:
            context = copy_context()
        handle = _Handle(0.0, callback, args, context)
        self._ready.append((context.get(_process), handle))
        return handle

    def call_at(  # type: ignore[override]  # any callable, as asyncio itself
        self, when: float, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        if context is None:
            context = copy_context()
        timer = _Handle(when, callback, args, context)
        self._made += 1
        heapq.heappush(self._timers, (when, self._made, context.get(_process), timer))
        return timer

    def call_later(  # type: ignore[override]  # any callable, as asyncio itself
        self, delay: float, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        when = self._now + delay if delay > 0.0 else self._now
        return self.call_at(when, callback, *args, context=context)

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Any, *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks.append(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """What the collector finds, at its own time, is looked for at a fixed one."""

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """As above."""
