"""`/api/tokens`: registered tokens, for administrators of the chain."""

import logging
import time
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from gateway.door import Answer, Door, json
from gateway.identity import Principal
from gateway.issuing import Wanted, is_for, issue, new_token_id, rows_of, shown, token_of
from gateway.parsing import parse_id
from gateway.policy import may_manage_tokens
from gateway.qr import NOT_KEPT
from gateway.token_register import TokenRegister
from protocol import commands as c
from protocol.caller import Role
from protocol.errors import Code, Rejected
from storage.store import Store

log = logging.getLogger(__name__)

_CONFLICT = Rejected(
    Code.IDEMPOTENCY_CONFLICT,
    "This Idempotency-Key was used for a different token. Use another key.",
)
_GONE = Rejected(
    Code.NOT_FOUND, "The token of this Idempotency-Key was revoked. Use another key for a new one."
)


class Tokens:
    """Issues, lists and revokes. A token is shown once, in the answer that issues it."""

    def __init__(self, key: str, door: Door, register: TokenRegister, store: Store) -> None:
        self._key = key
        self._door = door
        self._register = register
        self._store = store

    def routes(self) -> list[Route]:
        guard = self._door.guard
        return [
            Route("/tokens", guard(self._list), methods=["GET"]),
            Route("/tokens", guard(self._issue), methods=["POST"]),
            Route("/tokens/{token_id}", guard(self._revoke), methods=["DELETE"]),
        ]

    async def _list(self, request: Request, principal: Principal) -> Answer:
        refused = may_manage_tokens(principal)
        if refused is not None:
            return _denied("list", principal, refused)
        now = time.time()
        rows = [each for each in await rows_of(self._store) if each["expires_at"] > now]
        return json({"data": [shown(each) for each in rows]}, headers=NOT_KEPT)

    async def _issue(self, request: Request, principal: Principal) -> Answer:
        command = await self._door.command(request, c.IssueToken, principal)
        if isinstance(command, Rejected):
            return command
        refused = may_manage_tokens(principal)
        if refused is not None:
            return _denied("issue", principal, refused)
        wanted = Wanted(
            Role(command.role), command.restaurant_id, command.waiter_id, command.label,
            command.hours,
        )  # fmt: skip
        by, token_id = principal.caller.subject, new_token_id()
        issued = await issue(
            self._store, self._key, self._register.credentials, wanted, by, token_id
        )
        if isinstance(issued, Rejected):
            return issued
        if command.request_id is not None:
            # The key is stored after the registration, so a key without a listed token means that
            # the token was revoked.
            first = await self._store.named_id(f"token:{by}", command.request_id, token_id)
            if first != token_id:
                await self._store.remove_tokens([token_id])
                return await self._again(first, wanted)
        log.warning("token issued", extra={"by": by, **_logged(issued.row)})
        return _answer(issued.token, issued.row)

    async def _again(self, token_id: int, wanted: Wanted) -> Answer:
        """The answer to the first request with the same key."""
        for row in await rows_of(self._store):
            if row["token_id"] == token_id:
                if not is_for(row, wanted):
                    return _CONFLICT
                return _answer(token_of(row, self._key, self._register.credentials), row)
        return _GONE

    async def _revoke(self, request: Request, principal: Principal) -> Answer:
        token_id = parse_id(request.path_params["token_id"])
        if token_id is None:
            return Rejected(Code.INVALID_MESSAGE, "The id in the path must be a positive integer.")
        refused = may_manage_tokens(principal)
        if refused is not None:
            return _denied("revoke", principal, refused)
        changed = await self._store.remove_tokens([token_id]) > 0
        self._register.revoked(token_id)
        if changed:
            by = principal.caller.subject
            log.warning("token revoked", extra={"by": by, "token_id": token_id})
        return json({"changed": changed})


def _answer(token: str, row: dict[str, Any]) -> Answer:
    answer = {"token": token, "expires_at": row["expires_at"], "data": shown(row)}
    return json(answer, 201, headers=NOT_KEPT)


def _denied(what: str, principal: Principal, refused: Rejected) -> Rejected:
    """Log a refusal, because the chain has no entity with an audit."""
    extra = {"by": principal.caller.subject, "of_restaurant": principal.restaurant_id}
    log.warning(
        "token request refused: caller is not an administrator of the chain",
        extra={"wanted": what, **extra},
    )
    return refused


def _logged(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("token_id", "role", "restaurant_id", "label")}
