"""Sends clients' commands to their entities, the same for sockets and HTTP."""

import asyncio
from typing import Any, TypeGuard
from uuid import uuid4

from domain.entity import NO_INPUTS, Inputs, Redirect, RequestRef
from engine import tracing
from engine.messages import Done, Reply, Submit, replaced
from gateway.backend.host_client import HostClient
from protocol import commands as c
from protocol.caller import Caller
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Channel, Kind
from protocol.request_digest import previous_digest, request_digest

REDIRECT_TIMEOUT_S = 5.0
REDIRECT_RETRY_S = 0.02


def request_ref_of(to: Address, command: c.Command, caller: Caller) -> RequestRef:
    """The identity of a request: its caller, entity, id and body. A request without an id gets one,
    so that it can be sent again if its host is lost."""
    if command.request_id is None:
        return RequestRef(to, caller.subject, uuid4().hex, "")
    digests = request_digest(command), previous_digest(command)
    return RequestRef(to, caller.subject, command.request_id, *digests)


class CommandDispatcher:
    """Sends commands and follows redirects."""

    def __init__(self, client: HostClient) -> None:
        self._client = client

    def submit(
        self,
        to: Address,
        command: c.Command,
        caller: Caller,
        inputs: Inputs = NO_INPUTS,
        view: Channel | None = None,
        request_ref: RequestRef | None = None,
    ) -> asyncio.Future[Any]:
        """Send a command, in the name of the request for which its inputs were collected. Returns a
        future of Done or Rejected."""
        trace, span = tracing.start_trace(type(command).__name__, str(to))
        request_ref = request_ref or request_ref_of(to, command, caller)
        message = Submit(to, command, caller, request_ref, inputs, view, trace=trace)
        reply: asyncio.Future[Any]
        if to.kind is Kind.MENU:
            reply = asyncio.ensure_future(self._client.send_until_created(message))
        else:
            reply = self._client.send(message)
        if isinstance(command, c.Release):  # nothing else is redirected
            reply = asyncio.ensure_future(self._follow(message, reply))
        if span is not None:
            reply.add_done_callback(lambda _: span.end())
        return reply

    async def _follow(self, message: Submit, first: asyncio.Future[Reply]) -> Done | Rejected:
        """Send the command of a redirect, then the message again."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + REDIRECT_TIMEOUT_S
        reply = await first
        while isinstance(reply, Redirect):
            elsewhere = Submit(
                reply.to, reply.message, message.caller, message.request_ref, trace=message.trace
            )
            answer = await self._client.send_until_created(elsewhere)
            if not isinstance(answer, Done):
                return answer if _is_final(answer) else UNAVAILABLE
            if loop.time() > deadline:
                return UNAVAILABLE
            reply = await self._client.send(replaced(message, followed=reply.to))
            if isinstance(reply, Redirect):
                await asyncio.sleep(REDIRECT_RETRY_S)  # the effect on the entity is not stored yet
        return reply if isinstance(reply, Done | Rejected) else UNAVAILABLE


def _is_final(answer: Reply) -> TypeGuard[Rejected]:
    """Whether the entity has refused. Not `not_found`: the entity may still be created."""
    return isinstance(answer, Rejected) and answer.code is not Code.NOT_FOUND
