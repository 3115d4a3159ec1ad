"""The path from a client to an entity, the same for HTTP and sockets: authenticate, resolve,
authorize, collect inputs, dispatch. Refusals are audited here.

The transports enforce limits on rate, size and connections, before and between these steps.
"""

import asyncio
from typing import Any

from domain.audit import DeniedRead
from engine.messages import RecordDenial
from gateway.auth.authenticator import Authenticator
from gateway.auth.client_address import ClientAddress
from gateway.auth.policy import Record, may_do, may_read
from gateway.auth.principal import Principal
from gateway.auth.visibility import Visibility
from gateway.backend.command_dispatch import CommandDispatcher, request_ref_of
from gateway.backend.command_inputs import CommandInputs
from gateway.backend.host_client import HostClient
from protocol import commands as c
from protocol.caller import Caller
from protocol.errors import UNAVAILABLE, Rejected
from protocol.ids import Address, Channel, Kind
from storage.store import StoreUnavailable


class Admission:
    """Authenticates callers, and authorizes their reads and commands, for one gateway."""

    def __init__(
        self,
        authenticator: Authenticator,
        visibility: Visibility,
        inputs: CommandInputs,
        dispatcher: CommandDispatcher,
        client: HostClient,
    ) -> None:
        self._authenticator = authenticator
        self._visibility = visibility
        self._inputs = inputs
        self._dispatcher = dispatcher
        self._client = client

    async def ready(self) -> Rejected | None:
        """UNAVAILABLE while tokens can be neither verified nor issued, else None."""
        return await self._authenticator.ready()

    async def principal(self, token: str | None, address: ClientAddress) -> Principal | Rejected:
        """The principal of a token, or an anonymous one, with the client's address; or why there is
        none."""
        principal = await self._authenticator.principal(token, address)
        return principal if isinstance(principal, Rejected) else principal.at(address)

    async def resolve(self, principal: Principal, kind: Kind, id_: int) -> Address | Rejected:
        """The address of an entity if the caller may see it; else `not_found`, or UNAVAILABLE."""
        try:
            return await self._visibility.resolve(principal, kind, id_)
        except StoreUnavailable:
            return UNAVAILABLE

    async def resolve_readable(
        self, principal: Principal, kind: Kind, id_: int, what: Channel | Record
    ) -> Address | Rejected:
        """The address of an entity if the caller may read `what` of it, else the refusal, which is
        audited."""
        address = await self.resolve(principal, kind, id_)
        if isinstance(address, Rejected):
            return address
        refused = may_read(principal, what)
        if refused is not None:
            denied = DeniedRead(action=what.value)
            return self.audit_denial(address, denied, principal.caller, refused)
        return address

    async def submit(
        self, principal: Principal, to: Address, command: c.Command, view: Channel | None = None
    ) -> asyncio.Future[Any] | Rejected:
        """Authorize and send a command to an entity that was resolved for the same caller. Returns
        a future of Done or Rejected."""
        refused = may_do(principal, command)
        if refused is not None:
            return self.audit_denial(to, command, principal.caller, refused)
        return await self.dispatch(principal.caller, to, command, view)

    async def dispatch(
        self, caller: Caller, to: Address, command: c.Command, view: Channel | None = None
    ) -> asyncio.Future[Any] | Rejected:
        """Send a command that needs no further authorization. Returns a future of Done or Rejected,
        or Rejected if its inputs cannot be collected."""
        request_ref = request_ref_of(to, command, caller)
        inputs = await self._inputs.collect(caller, command, request_ref)
        if isinstance(inputs, Rejected):
            return inputs
        return self._dispatcher.submit(to, command, caller, inputs, view, request_ref)

    def audit_denial(
        self, entity: Address, command: c.Command, caller: Caller, refusal: Rejected
    ) -> Rejected:
        """Have an entity audit a command that the gateway refused. Returns the refusal."""
        self._client.send(RecordDenial(entity, command, caller, refusal.code))
        return refusal
