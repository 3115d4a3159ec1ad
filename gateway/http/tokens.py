"""`/api/tokens`: registered tokens, for administrators of the chain."""

import logging
import time
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from gateway.auth.issuance import (
    TokenRequest,
    issue,
    list_rows,
    matches,
    new_token_id,
    row_to_wire,
    sign_row,
)
from gateway.auth.policy import may_administer_chain
from gateway.auth.principal import Principal
from gateway.auth.token_register import TokenRegister
from gateway.http.qr_codes import NO_STORE
from gateway.http.requests import INVALID_ID, Answer, ApiRequests, json
from gateway.parsing import parse_id
from protocol import commands as c
from protocol.caller import Role
from protocol.errors import Code, Rejected
from storage.store import Store

log = logging.getLogger(__name__)

_FORBIDDEN = Rejected(Code.FORBIDDEN, "Only administrators of the chain can manage tokens.")
_CONFLICT = Rejected(
    Code.IDEMPOTENCY_CONFLICT,
    "This Idempotency-Key was used for a different token. Use another key.",
)
_GONE = Rejected(
    Code.NOT_FOUND, "The token of this Idempotency-Key was revoked. Use another key for a new one."
)


class Tokens:
    """Issues, lists and revokes registered tokens. Only the response that issues a token shows
    it."""

    def __init__(self, key: str, api: ApiRequests, register: TokenRegister, store: Store) -> None:
        self._key = key
        self._api = api
        self._register = register
        self._store = store

    def routes(self) -> list[Route]:
        route = self._api.route
        return [
            route("GET", "/tokens", self._list),
            route("POST", "/tokens", self._issue),
            route("DELETE", "/tokens/{token_id}", self._revoke),
        ]

    async def _list(self, request: Request, principal: Principal) -> Answer:
        if not may_administer_chain(principal, c.IssueToken):
            return _denied("list", principal)
        now = time.time()
        rows = [each for each in await list_rows(self._store) if each["expires_at"] > now]
        return json({"data": [row_to_wire(each) for each in rows]}, headers=NO_STORE)

    async def _issue(self, request: Request, principal: Principal) -> Answer:
        command = await self._api.command(request, c.IssueToken, principal)
        if isinstance(command, Rejected):
            return command
        if not may_administer_chain(principal, c.IssueToken):
            return _denied("issue", principal)
        token_request = TokenRequest(
            Role(command.role), command.restaurant_id, command.waiter_id, command.label,
            command.hours,
        )  # fmt: skip
        by, token_id = principal.caller.subject, new_token_id()
        issued = await issue(
            self._store, self._key, self._register.credentials, token_request, by, token_id
        )
        if isinstance(issued, Rejected):
            return issued
        if command.request_id is not None:
            # The key is stored after the token is registered: if its token is not listed, the token
            # was revoked.
            first = await self._store.idempotent_id(f"token:{by}", command.request_id, token_id)
            if first != token_id:
                await self._store.remove_tokens([token_id])
                return await self._again(first, token_request)
        log.warning("token issued", extra={"by": by, **_logged(issued.row)})
        return _answer(issued.token, issued.row)

    async def _again(self, token_id: int, token_request: TokenRequest) -> Answer:
        """The response to a repeated request: the token of the first one."""
        for row in await list_rows(self._store):
            if row["token_id"] == token_id:
                if not matches(row, token_request):
                    return _CONFLICT
                return _answer(sign_row(row, self._key, self._register.credentials), row)
        return _GONE

    async def _revoke(self, request: Request, principal: Principal) -> Answer:
        token_id = parse_id(request.path_params["token_id"])
        if token_id is None:
            return INVALID_ID
        if not may_administer_chain(principal, c.IssueToken):
            return _denied("revoke", principal)
        changed = await self._store.remove_tokens([token_id]) > 0
        self._register.revoke(token_id)
        if changed:
            by = principal.caller.subject
            log.warning("token revoked", extra={"by": by, "token_id": token_id})
        return json({"changed": changed})


def _answer(token: str, row: dict[str, Any]) -> Answer:
    answer = {"token": token, "expires_at": row["expires_at"], "data": row_to_wire(row)}
    return json(answer, 201, headers=NO_STORE)


def _denied(what: str, principal: Principal) -> Rejected:
    """Log a refusal, because the chain has no entity to audit it."""
    extra = {"by": principal.caller.subject, "of_restaurant": principal.restaurant_id}
    log.warning(
        "token request refused: caller is not an administrator of the chain",
        extra={"wanted": what, **extra},
    )
    return _FORBIDDEN


def _logged(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("token_id", "role", "restaurant_id", "label")}
