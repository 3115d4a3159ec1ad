"""How guests come to sit at a table: a session's code, or the table's own from its QR code, for a
token of that session."""

import asyncio
import hmac
import secrets
import time
import unicodedata
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from gateway.addresses import ClientAddress
from gateway.codes import Codes, named_table
from gateway.door import TOO_MANY, Answer, Door, json
from gateway.guesses import SessionGuesses
from gateway.limits import guesses
from gateway.metrics import WRONG_CODES
from gateway.prepare import Preparation
from gateway.requests import Requests
from gateway.token_register import Issuer
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Kind
from storage.store import Store

GUEST_HOURS = 12.0
"""A guest's token ends with its session, and after this long in any case."""

PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Before a table is looked at again whose session is closed."""

_WRONG = Rejected(Code.NOT_FOUND, "This code is not good (any more). Scan the table's code again.")
_SLOWER = Rejected(
    Code.RATE_LIMITED,
    "Too many wrong codes were tried. Wait a minute, or scan the QR code on the table.",
)
_BY_STAFF = Rejected(Code.FORBIDDEN, "This table is opened by the staff. Please ask a waiter.")


class Joining:
    """`POST /api/sessions/join`.

    A table's code is signed and does not count as a guess, so that one guest's wrong codes do not
    lock out others at the same address or table. Codes without a valid signature count by address
    and by table. Session codes are counted before they are checked (`SessionGuesses`), so that
    concurrent attempts count, too; correct ones are uncounted afterwards.
    """

    def __init__(
        self,
        issuer: Issuer,
        codes: Codes,
        door: Door,
        preparation: Preparation,
        requests: Requests,
        store: Store,
    ) -> None:
        self._issuer = issuer
        self._codes = codes
        self._door = door
        self._preparation = preparation
        self._requests = requests
        self._store = store
        self._guesses = guesses()
        self._session_guesses = SessionGuesses(store)

    def routes(self) -> list[Route]:
        join = self._door.public(c.JoinSession, self._join)
        return [Route("/sessions/join", join, methods=["POST"])]

    async def _join(self, request: Request, wish: c.JoinSession) -> Answer:
        if (wish.session_code is None) == (wish.table_code is None):
            return Rejected(Code.INVALID_MESSAGE, "Give a session_code or a table_code.")
        who = self._door.client_address(request)
        if wish.session_code is not None:
            found = await self._by_session_code(wish.session_code, who)
        else:
            assert wish.table_code is not None
            found = await self._by_table_code(wish.table_code, who)
        return self._admitted(found) if isinstance(found, dict) else found

    async def _by_session_code(self, code: str, who: ClientAddress) -> dict[str, Any] | Rejected:
        """The open session of a code, which is counted before it is checked."""
        if not await self._session_guesses.take(who):
            return _SLOWER
        found = await self._session_of(session_code_in(code))
        if found is _WRONG:
            WRONG_CODES.add(of="session")
        else:
            await self._session_guesses.give_back(who)
        return found

    async def _session_of(self, code: str) -> dict[str, Any] | Rejected:
        session = await self._store.session_of_code(code)
        if session is None:
            return _WRONG
        data = await self._door.look(session)
        if isinstance(data, Rejected):
            return _WRONG if data.code is Code.NOT_FOUND else data
        good = hmac.compare_digest(str(data["session_code"]).encode(), code.encode())
        return data if good and data["status"] == "open" else _WRONG

    async def _by_table_code(self, code: str, who: ClientAddress) -> dict[str, Any] | Rejected:
        named = self._codes.read(code)
        if named is None:
            WRONG_CODES.add(of="table")
            counted = [self._guesses.take(each) for each in (who.quota_key, named_table(code))]
            return _WRONG if all(counted) else _SLOWER
        table_id, version = named
        if not self._door.rates.take(f"table:{table_id}"):
            return TOO_MANY
        address = await self._preparation.address(Kind.TABLE, table_id)
        if address is None:
            return _WRONG
        guest = Caller(Role.GUEST, f"guest:table:{table_id}", who.site)
        for pause in PAUSES_S:
            await asyncio.sleep(pause)
            session = await self._session_at(address, version, guest)
            if isinstance(session, Rejected) or session["status"] == "open":
                return session
        return UNAVAILABLE

    async def _session_at(
        self, address: Address, version: int, guest: Caller
    ) -> dict[str, Any] | Rejected:
        """The session of a table, a new one where it is free."""
        table_data = await self._door.look(address)
        if isinstance(table_data, Rejected):
            return table_data
        if table_data["code_version"] != version:
            return self._refused(address, guest, _WRONG)
        if table_data["session"] is not None:
            return await self._door.look(
                Address(Kind.SESSION, table_data["session"]["id"], address.restaurant)
            )
        opened = await self._opened(address, guest)
        return self._refused(address, guest, opened) if opened is _BY_STAFF else opened

    def _refused(self, table: Address, guest: Caller, why: Rejected) -> Rejected:
        """For the record of the table that somebody was to join."""
        self._requests.denied(table, c.JoinSession(), guest, why.code)
        return why

    async def _opened(self, table: Address, guest: Caller) -> dict[str, Any] | Rejected:
        """A session of a free table, where the restaurant leaves that to guests."""
        restaurant = Address(Kind.RESTAURANT, table.restaurant, table.restaurant)
        home = await self._door.look(restaurant)
        if isinstance(home, Rejected):
            return home
        if not home["guest_opens_table"]:
            return _BY_STAFF
        command = c.Occupy()
        supplies = await self._preparation.supplies(table, command)
        if isinstance(supplies, Rejected):
            return supplies
        done = await self._requests.submit(table, command, guest, supplies)
        if isinstance(done, Rejected):
            if done.code is not Code.TABLE_OCCUPIED:
                return done
            session_id = done.details["session_id"]  # somebody else at the table was first
        else:
            session_id = done.result["session_id"]
        return await self._door.look(Address(Kind.SESSION, session_id, table.restaurant))

    def _admitted(self, session: dict[str, Any]) -> Answer:
        expires_at = int(time.time() + GUEST_HOURS * 3600)
        claims = {
            "role": Role.GUEST.value,
            "session_id": session["id"],
            "restaurant_id": session["restaurant_id"],
            "sub": secrets.token_hex(8),
            "exp": expires_at,
        }
        token = self._issuer.token(claims)
        answer = {"token": token, "expires_at": expires_at, "data": session}
        return json(answer, headers={"Cache-Control": "no-store"})


def session_code_in(text: str) -> str:
    """The session code in a typed text: its letters and digits, in half width and upper case."""
    typed = unicodedata.normalize("NFKC", text)
    return "".join(each for each in typed if each.isalnum()).upper()
