"""Lets guests join a session: exchanges a session code, or a table's code, for a token."""

import asyncio
import secrets
import time
import unicodedata

from starlette.requests import Request
from starlette.routing import Route

from domain.access import Access
from domain.codes import CodeValues
from engine.messages import CheckGuest, Read, ReadCodes, View
from gateway.admission import Admission
from gateway.auth.client_address import ClientAddress
from gateway.auth.codes import CodeSigner, claimed_table
from gateway.auth.guesses import SessionGuesses
from gateway.auth.token_register import Issuer
from gateway.backend.directory import Directory
from gateway.http.requests import Answer, ApiRequests, json
from gateway.limits import RATE_LIMITED, code_guess_limiter
from gateway.metrics import WRONG_CODES
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.codec import data_of
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Channel, Kind
from storage.store import Store

GUEST_HOURS = 12.0
"""Maximum lifetime of a guest's token, which also ends with its session."""

CLOSED_SESSION_BACKOFF_S = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Pauses before each attempt to read a table's session while its previous session is closing."""

_INVALID_CODE = Rejected(
    Code.NOT_FOUND, "This code is invalid or has expired. Scan the table's code again."
)
_TOO_MANY_GUESSES = Rejected(
    Code.RATE_LIMITED,
    "Too many wrong codes were tried. Wait a minute, or scan the QR code on the table.",
)
_STAFF_OPENS_TABLE = Rejected(
    Code.FORBIDDEN, "Only staff can open this table. Please ask a waiter."
)


class JoinSessionApi:
    """`POST /api/sessions/join`.

    A table's code is signed and does not count as a guess, so that one guest's wrong codes do not
    lock out others at the same address or table. Codes without a valid signature count by address
    and by table. Session codes are counted before they are checked (`SessionGuesses`), so that
    concurrent attempts count, too; correct ones are uncounted afterwards.
    """

    def __init__(
        self,
        issuer: Issuer,
        codes: CodeSigner,
        api: ApiRequests,
        admission: Admission,
        directory: Directory,
        store: Store,
    ) -> None:
        self._issuer = issuer
        self._codes = codes
        self._api = api
        self._admission = admission
        self._directory = directory
        self._store = store
        self._guesses = code_guess_limiter()
        self._session_guesses = SessionGuesses(store)

    def routes(self) -> list[Route]:
        return [self._api.unauthenticated_route("/sessions/join", c.JoinSession, self._join)]

    async def _join(self, request: Request, command: c.JoinSession) -> Answer:
        if (command.session_code is None) == (command.table_code is None):
            return Rejected(Code.INVALID_MESSAGE, "Send either a session_code or a table_code.")
        client = self._api.client_address(request)
        if command.session_code is not None:
            found = await self._by_session_code(command.session_code, client)
        else:
            assert command.table_code is not None
            found = await self._by_table_code(command.table_code, client)
        return found if isinstance(found, Rejected) else await self._admit(found)

    async def _by_session_code(self, code: str, client: ClientAddress) -> Address | Rejected:
        """The open session of a code. The code is counted before it is checked."""
        if not await self._session_guesses.take(client):
            return _TOO_MANY_GUESSES
        found = await self._session_of(session_code_in(code))
        if found is _INVALID_CODE:
            WRONG_CODES.add(label_value="session")
        else:
            await self._session_guesses.refund(client)
        return found

    async def _session_of(self, code: str) -> Address | Rejected:
        session = await self._store.session_of_code(code)
        if session is None:
            return _INVALID_CODE
        access = await self._api.query(CheckGuest(session, session, code), Access)
        if isinstance(access, Rejected) and access.code is not Code.NOT_FOUND:
            return access
        return session if access is Access.GRANTED else _INVALID_CODE

    async def _by_table_code(self, code: str, client: ClientAddress) -> Address | Rejected:
        named = self._codes.verify(code)
        if named is None:
            WRONG_CODES.add(label_value="table")
            counted = [self._guesses.take(each) for each in (client.quota_key, claimed_table(code))]
            return _INVALID_CODE if all(counted) else _TOO_MANY_GUESSES
        table_id, version = named
        if not self._api.rate_limiter.take(f"table:{table_id}"):
            return RATE_LIMITED
        address = await self._directory.address(Kind.TABLE, table_id)
        if address is None:
            return _INVALID_CODE
        guest = Caller(Role.GUEST, f"guest:table:{table_id}", client.site)
        for pause in CLOSED_SESSION_BACKOFF_S:
            await asyncio.sleep(pause)
            session = await self._session_at(address, version, guest)
            if isinstance(session, Rejected):
                return session
            access = await self._api.query(CheckGuest(session, session), Access)
            if access is not Access.ENDED:
                return access if isinstance(access, Rejected) else session
        return UNAVAILABLE

    async def _session_at(
        self, address: Address, version: int, guest: Caller
    ) -> Address | Rejected:
        """The session of a table; a new one if the table is free."""
        codes = await self._api.query(ReadCodes(address), CodeValues)
        if isinstance(codes, Rejected):
            return codes
        [table] = codes.tables
        if table.version != version:
            return self._admission.audit_denial(address, c.JoinSession(), guest, _INVALID_CODE)
        if table.session_id is not None:
            return Address(Kind.SESSION, table.session_id, address.restaurant)
        return await self._open_table(address, guest)

    async def _open_table(self, table: Address, guest: Caller) -> Address | Rejected:
        """Open a session at a free table, if the restaurant lets guests do that."""
        restaurant = Address(Kind.RESTAURANT, table.restaurant, table.restaurant)
        codes = await self._api.query(ReadCodes(restaurant), CodeValues)
        if isinstance(codes, Rejected):
            return codes
        if not codes.guest_opens_table:
            return self._admission.audit_denial(table, c.JoinSession(), guest, _STAFF_OPENS_TABLE)
        reply = await self._admission.dispatch(guest, table, c.Occupy())
        done = reply if isinstance(reply, Rejected) else await reply
        if isinstance(done, Rejected):
            if done.code is not Code.TABLE_OCCUPIED:
                return done
            session_id = done.details["session_id"]  # another guest at the table was first
        else:
            session_id = done.result["session_id"]
        return Address(Kind.SESSION, session_id, table.restaurant)

    async def _admit(self, session: Address) -> Answer:
        """Issue a token for a session."""
        view = await self._api.query(Read(session, Channel.SESSION), View)
        if isinstance(view, Rejected):
            return view
        expires_at = int(time.time() + GUEST_HOURS * 3600)
        claims = {
            "role": Role.GUEST.value,
            "session_id": session.id,
            "restaurant_id": session.restaurant,
            "sub": secrets.token_hex(8),
            "exp": expires_at,
        }
        token = self._issuer.token(claims)
        answer = {"token": token, "expires_at": expires_at, "data": data_of(view.frame)}
        return json(answer, headers={"Cache-Control": "no-store"})


def session_code_in(text: str) -> str:
    """The session code in a typed text: its letters and digits, converted to half width and upper
    case."""
    typed = unicodedata.normalize("NFKC", text)
    return "".join(each for each in typed if each.isalnum()).upper()
