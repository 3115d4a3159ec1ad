"""Background jobs that run periodically."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn

from engine.metrics import JOB_FAILURES

log = logging.getLogger(__name__)


async def every(
    period_s: float, job: Callable[[], Awaitable[None]], *, name: str, immediately: bool = False
) -> NoReturn:
    """Run a job every `period_s` seconds until cancelled; `immediately` also runs it at the start.
    An exception is logged and counted under `name`, and the job runs again after the period."""
    if not immediately:
        await asyncio.sleep(period_s)
    while True:
        try:
            await job()
        except Exception:
            JOB_FAILURES.add(label_value=name)
            log.exception("background job failed", extra={"job": name})
        task = asyncio.current_task()
        if task is not None and task.cancelling():  # a library swallowed the cancellation
            raise asyncio.CancelledError
        await asyncio.sleep(period_s)
