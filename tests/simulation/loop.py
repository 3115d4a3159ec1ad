"""An event loop without a clock: time jumps to the next timer; a seed orders the ready callbacks.

Tasks and timers of a killed `Process` end at their current `await`: no `finally` or `except`
runs.
"""

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

MAX_STEPS = 600_000
"""Steps after which a simulation counts as stuck."""


class Process:
    """A unit of failure; tasks and timers belong to the process that created them."""

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
    """A minimal handle."""

    __slots__ = ("args", "callback", "context", "is_cancelled", "when_")

    def __init__(
        self, when: float, callback: Callable[..., Any], args: tuple[Any, ...], context: Context
    ) -> None:
        self.when_ = when
        self.callback = callback
        self.args = args
        self.context = context
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True

    def cancelled(self) -> bool:
        return self.is_cancelled

    def when(self) -> float:
        return self.when_


class SimLoop(asyncio.AbstractEventLoop):
    """The subset of a loop that tasks, futures and timers need. `order` shuffles callbacks that are
    ready at the same time; None keeps their order."""

    def __init__(self, order: Random | None) -> None:
        self.steps = 0
        self._error: BaseException | None = None
        self._order = order
        self._now = 0.0
        self._ready: list[tuple[Process | None, _Handle]] = []
        self._timers: list[tuple[float, int, Process | None, _Handle]] = []
        self._created = 0
        self._tasks: list[asyncio.Task[Any]] = []
        self._closed = False

    # --- running ---------------------------------------------------------------------------------

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run until the coroutine is done. Raises RuntimeError if nothing is left to run."""
        asyncio._set_running_loop(self)
        try:
            task = self.create_task(coroutine)
            while not task.done():
                self._step()
            self._raise_lost_errors()
            result: T = task.result()
            return result
        finally:
            self._close_tasks()
            asyncio._set_running_loop(None)
            self._closed = True

    def _step(self) -> None:
        if not self._ready:
            self._jump()
        batch, self._ready = self._ready, []
        if self._order is not None and len(batch) > 1:
            self._order.shuffle(batch)
        self.steps += len(batch)
        if self.steps > MAX_STEPS:
            raise RuntimeError("the simulation does not come to rest")
        for process, handle in batch:
            if not handle.is_cancelled and (process is None or process.alive):
                try:
                    handle.context.run(handle.callback, *handle.args)
                except Exception as error:
                    self._error = self._error or error
            if self._error is not None:
                raise self._error

    def _jump(self) -> None:
        """Advance to the next timer and make all due timers ready."""
        while self._timers:
            when, _, process, timer = heapq.heappop(self._timers)
            if timer.is_cancelled or (process is not None and not process.alive):
                continue
            self._now = max(self._now, when)
            self._ready.append((process, timer))
            if not self._timers or self._timers[0][0] > self._now:
                return
        if not self._ready:
            raise RuntimeError("deadlock: all tasks wait and no timer is set")

    def _raise_lost_errors(self) -> None:
        """Raise the error of a failed task whose result was not retrieved."""
        for task in self._tasks:
            if task.done() and getattr(task, "_log_traceback", False):
                error = task.exception()
                if error is not None:
                    raise error

    def _close_tasks(self) -> None:
        """Close remaining coroutines now, before the garbage collector does at a random time."""
        for task in self._tasks:  # grows meanwhile: closing may start tasks
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                coroutine: Any = task.get_coro()
                try:
                    coroutine.close()
                except BaseException:  # it is being discarded
                    continue
        self._ready.clear()
        self._timers.clear()
        self._tasks.clear()

    # --- the loop's interface to asyncio ----------------------------------------------------------

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
        self._created += 1
        heapq.heappush(self._timers, (when, self._created, context.get(_process), timer))
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
        """Ignored: lost errors are raised by `_raise_lost_errors` at a fixed time."""

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Ignored, as in `call_exception_handler`."""
