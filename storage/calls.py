"""Calls to a store: scripts by digest, confirmation of durable writes, and failures."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from redis.exceptions import NoScriptError

from storage.commands import Commands
from storage.commit import Limits
from storage.connect import FAILURES
from storage.durability import Confirmation
from storage.endpoint import Command
from storage.failures import Cause, cause_of
from storage.scripts import Script
from storage.store import StoreUnavailable

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="Calls")
OnFailure = Callable[[Cause, Exception], None]
"""Receives the cause and the exception of each failed call."""
ScriptCall = tuple[Sequence[str], Sequence[Any]]
"""Keys and arguments of a script."""


def guarded(
    call: Callable[Concatenate[S, P], Awaitable[R]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, R]]:
    """Decorate a method of `Calls`: a failure of the store is reported to `on_failure` and raised
    as StoreUnavailable."""

    @wraps(call)
    async def guarded_call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await call(self, *args, **kwargs)
        except FAILURES as error:
            self.on_failure(cause_of(error), error)
            await self.commands.recover()
            raise StoreUnavailable(f"{type(error).__name__}: {error}") from error

    return guarded_call


class Calls:
    """The base class of the mixins of `RedisStore`. `dedicated` calls use a connection that is not
    shared: for commands that take long or wait in the server."""

    def __init__(
        self,
        commands: Commands,
        limits: Limits,
        confirmation: Confirmation | None = None,
        on_failure: OnFailure = lambda cause, error: None,
    ) -> None:
        self.commands = commands
        self.limits = limits
        self.confirmation = confirmation
        self.on_failure = on_failure

    async def execute(self, *commands: Command, dedicated: bool = False) -> list[Any]:
        """Run commands in one round trip. Returns their replies; raises the first error reply."""
        if not commands:
            return []
        run = self.commands.run_dedicated if dedicated else self.commands.run
        return _without_errors(await run(commands))

    async def write(self, command: Command) -> Any:
        """Run a rare write. Returns its reply once the write is durable."""
        if self.confirmation is None:
            [reply] = await self.execute(command, dedicated=True)
            return reply
        reply, confirmed = await self.execute(command, self.confirmation.command, dedicated=True)
        self.confirmation.check(confirmed)
        return reply

    async def run_script(
        self,
        script: Script,
        calls: Sequence[ScriptCall],
        *,
        first: Sequence[Command] = (),
        confirmed: bool = False,
        dedicated: bool = False,
    ) -> list[Any]:
        """Run a script once for each of the calls, in one round trip, after the commands `first`.
        If `confirmed`, return only once these and all earlier writes are durable. Raises the first
        error reply.

        A script is called by its digest. If the server does not have the script, it has executed
        nothing, so the call is sent again with the script's source."""
        if not calls:
            return []
        if first and not self.commands.in_order:
            await self.execute(*first)
            first = ()
        replies = await self._send(("EVALSHA", script.digest), calls, first, confirmed, dedicated)
        missing = [isinstance(reply, NoScriptError) for reply in replies]
        if any(missing):
            resent = [call for call, is_missing in zip(calls, missing, strict=True) if is_missing]
            source = ("EVAL", script.source)
            later = iter(await self._send(source, resent, (), confirmed, dedicated))
            replies = [
                next(later) if is_missing else reply
                for reply, is_missing in zip(replies, missing, strict=True)
            ]
        return _without_errors(replies)

    async def _send(
        self,
        script: tuple[str, str],
        calls: Sequence[ScriptCall],
        first: Sequence[Command],
        confirmed: bool,
        dedicated: bool,
    ) -> list[Any]:
        """The replies to the calls, errors included. Raises the first error reply to `first`."""
        commands: list[Command] = [*first]
        commands += [(*script, len(keys), *keys, *arguments) for keys, arguments in calls]
        confirmation = self.confirmation if confirmed else None
        if confirmation is None and not dedicated:
            replies = await self.commands.run(commands)
        else:
            commands += () if confirmation is None else (confirmation.command,)
            replies = await self.commands.run_dedicated(commands)
        if confirmation is not None:
            confirmation.check(replies.pop())
        _without_errors(replies[: len(first)])
        return replies[len(first) :]


def _without_errors(replies: list[Any]) -> list[Any]:
    """Return the replies; raise the first error reply."""
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies
