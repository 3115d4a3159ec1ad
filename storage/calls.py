"""The base of all calls to a store: scripts by their digest, confirmation, failures."""

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
Failed = Callable[[Cause, Exception], None]
ScriptCall = tuple[Sequence[str], Sequence[Any]]
"""Keys and arguments of a script."""


def guarded(
    call: Callable[Concatenate[S, P], Awaitable[R]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, R]]:
    """Raise StoreUnavailable for every way in which a store can fail, and report its cause."""

    @wraps(call)
    async def guarded_call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await call(self, *args, **kwargs)
        except FAILURES as error:
            self.failed(cause_of(error), error)
            await self.commands.recover()
            raise StoreUnavailable(f"{type(error).__name__}: {error}") from error

    return guarded_call


class Calls:
    """The base of the parts of `RedisStore`."""

    def __init__(
        self,
        commands: Commands,
        limits: Limits,
        confirmation: Confirmation | None = None,
        failed: Failed = lambda cause, error: None,
    ) -> None:
        self.commands = commands
        self.limits = limits
        self.confirmation = confirmation
        self.failed = failed

    async def execute(self, *commands: Command, apart: bool = False) -> list[Any]:
        """The answers to commands, in one round trip. Raises the first error among them."""
        if not commands:
            return []
        run = self.commands.run_apart if apart else self.commands.run
        return _without_errors(await run(commands))

    async def write(self, command: Command) -> Any:
        """The answer to a rare write, once it is durable."""
        if self.confirmation is None:
            [answer] = await self.execute(command, apart=True)
            return answer
        answer, confirmed = await self.execute(command, self.confirmation.command, apart=True)
        self.confirmation.check(confirmed)
        return answer

    async def run_script(
        self,
        script: Script,
        calls: Sequence[ScriptCall],
        *,
        first: Sequence[Command] = (),
        confirmed: bool = False,
        apart: bool = False,
    ) -> list[Any]:
        """Run a script many times in one round trip, by its digest, after the commands `first`.

        What is `confirmed` is as durable as it must be, and so is all that was written before it.
        A server that does not have a script has not run it, so those calls are sent once more,
        with the script's source. Raises the first error of any other call.
        """
        if not calls:
            return []
        if first and not self.commands.in_order:
            await self.execute(*first)
            first = ()
        answers = await self._send(("EVALSHA", script.digest), calls, first, confirmed, apart)
        unknown = [isinstance(answer, NoScriptError) for answer in answers]
        if any(unknown):
            again = [call for call, missing in zip(calls, unknown, strict=True) if missing]
            late = iter(await self._send(("EVAL", script.source), again, (), confirmed, apart))
            answers = [
                next(late) if missing else answer
                for answer, missing in zip(answers, unknown, strict=True)
            ]
        return _without_errors(answers)

    async def _send(
        self,
        script: tuple[str, str],
        calls: Sequence[ScriptCall],
        first: Sequence[Command],
        confirmed: bool,
        apart: bool,
    ) -> list[Any]:
        """The answers to the calls. Raises the first error of the commands `first`."""
        commands: list[Command] = [*first]
        commands += [(*script, len(keys), *keys, *arguments) for keys, arguments in calls]
        confirmation = self.confirmation if confirmed else None
        if confirmation is None and not apart:
            answers = await self.commands.run(commands)
        else:
            commands += () if confirmation is None else (confirmation.command,)
            answers = await self.commands.run_apart(commands)
        if confirmation is not None:
            confirmation.check(answers.pop())
        _without_errors(answers[: len(first)])
        return answers[len(first) :]


def _without_errors(answers: list[Any]) -> list[Any]:
    """The answers. Raises the first error among them."""
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers
