"""A client's command on its way to its entity and back, the same from sockets and over HTTP."""

import asyncio
from hashlib import blake2b
from typing import Any, TypeGuard
from uuid import uuid4

from actors import tracing
from actors.messages import Denied, Done, Reply, Submit
from domain.entity import NOTHING, Origin, Redirect, Supplies
from gateway.links import Links
from protocol import commands as c
from protocol.caller import Caller
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.frames import encode
from protocol.ids import Address, Channel

REDIRECT_PATIENCE_S = 5.0
REDIRECT_PAUSE_S = 0.02


def origin_of(to: Address, command: c.Command, caller: Caller) -> Origin:
    """What makes a request one: its caller, entity, id and body. Without an id it is given one,
    so that it can be sent again when its host was lost."""
    if command.request_id is None:
        return Origin(to, caller.subject, uuid4().hex, "")
    digest = blake2b(type(command).__name__.encode() + encode(command), digest_size=8)
    return Origin(to, caller.subject, command.request_id, digest.hexdigest())


class Requests:
    """Sends commands and follows redirects."""

    def __init__(self, links: Links) -> None:
        self._links = links

    def submit(
        self,
        to: Address,
        command: c.Command,
        caller: Caller,
        supplies: Supplies = NOTHING,
        view: Channel | None = None,
    ) -> asyncio.Future[Any]:
        """Done or Rejected, when it comes."""
        trace, span = tracing.begin(type(command).__name__, str(to))
        message = Submit(
            to, command, caller, origin_of(to, command, caller), supplies, view, trace=trace
        )
        reply: asyncio.Future[Any] = self._links.send(message)
        if isinstance(command, c.Release):  # nothing else is redirected
            reply = asyncio.ensure_future(self._follow(message, reply))
        if span is not None:
            reply.add_done_callback(lambda _: span.end())
        return reply

    def denied(self, to: Address, command: c.Command, caller: Caller, code: Code) -> None:
        """Put on record that a command was refused here, and never reached its entity."""
        self._links.send(Denied(to, command, caller, code))

    def unseen(self, what: str, of: Address, caller: Caller, refused: Rejected) -> Rejected:
        """The refusal to show something; it goes on record with what it is of, unless that is out
        of reach and so not there."""
        if refused.code is Code.FORBIDDEN:
            self.denied(of, c.Look(action=what), caller, refused.code)
        return refused

    async def _follow(self, message: Submit, first: asyncio.Future[Reply]) -> Done | Rejected:
        """Do what a redirect asks for first, then ask again: the entity has kept the result."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + REDIRECT_PATIENCE_S
        reply = await first
        while isinstance(reply, Redirect):
            elsewhere = Submit(
                reply.to, reply.message, message.caller, message.origin, trace=message.trace
            )
            answer = await self._links.when_it_exists(elsewhere)
            if not isinstance(answer, Done):
                return answer if _is_final(answer) else UNAVAILABLE
            if loop.time() > deadline:
                return UNAVAILABLE
            reply = await self._links.send(message._replace(followed=reply.to))
            if isinstance(reply, Redirect):
                await asyncio.sleep(REDIRECT_PAUSE_S)  # its effect is still under way
        return reply if isinstance(reply, Done | Rejected) else UNAVAILABLE


def _is_final(answer: Reply) -> TypeGuard[Rejected]:
    """Whether the entity that was named has refused; one that is not found is still on its way."""
    return isinstance(answer, Rejected) and answer.code is not Code.NOT_FOUND
