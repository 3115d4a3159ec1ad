"""Staff devices: sign-in codes for managers to show, and the tokens that they are exchanged for."""

from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.codes import CodeValues
from domain.device.rules import INVALID_CODE, SignIn
from domain.entity import RequestRef
from engine.messages import Done, ReadCodes, Submit
from gateway.auth.codes import CodeSigner
from gateway.auth.policy import Record
from gateway.auth.principal import Principal
from gateway.auth.token_register import Issuer
from gateway.backend.host_client import HostClient
from gateway.http.qr_codes import NO_STORE, page_url, render_qr
from gateway.http.requests import Answer, ApiRequests, json
from gateway.limits import code_guess_limiter
from gateway.metrics import WRONG_CODES
from gateway.parsing import parse_id
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Kind

_TOO_MANY_GUESSES = Rejected(
    Code.RATE_LIMITED, "Too many wrong codes. Wait a minute, then try again."
)


class StaffDevices:
    """`/api/restaurants/{id}/devices/{device_id}/code`, `…/qr.svg`; `POST /api/devices/sign-in`.

    The routes that add, list and remove devices are in `routes.py`.
    """

    def __init__(
        self,
        issuer: Issuer,
        codes: CodeSigner,
        api: ApiRequests,
        client: HostClient,
        public_url: str | None,
    ) -> None:
        self._issuer = issuer
        self._codes = codes
        self._api = api
        self._client = client
        self._public_url = public_url
        self._guesses = code_guess_limiter()

    def routes(self) -> list[Route]:
        one = "/restaurants/{id}/devices/{device_id}"
        route = self._api.route
        return [
            route("GET", f"{one}/code", self._code),
            route("GET", f"{one}/qr.svg", self._image),
            self._api.unauthenticated_route("/devices/sign-in", c.SignInDevice, self._sign_in),
        ]

    async def _code(self, request: Request, principal: Principal) -> Answer:
        pending = await self._pending_device(request, principal)
        if isinstance(pending, Rejected):
            return pending
        code, url = pending
        return json({"device_code": code, "url": url}, headers=NO_STORE)

    async def _image(self, request: Request, principal: Principal) -> Answer:
        pending = await self._pending_device(request, principal)
        if isinstance(pending, Rejected):
            return pending
        _, url = pending
        image = await render_qr("svg", url)
        return Response(image, media_type="image/svg+xml", headers=NO_STORE)

    async def _pending_device(
        self, request: Request, principal: Principal
    ) -> tuple[str, str] | Rejected:
        """Code and page URL of a device that has not been signed in yet."""
        address = await self._api.resolve_readable(
            request, principal, Kind.RESTAURANT, Record.DEVICE_CODE
        )
        if isinstance(address, Rejected):
            return address
        codes = await self._api.query(ReadCodes(address), CodeValues)
        if isinstance(codes, Rejected):
            return codes
        device_id = parse_id(request.path_params["device_id"])
        device = None if device_id is None else codes.devices.get(device_id)
        if device_id is None or device is None:
            return Rejected(Code.NOT_FOUND, "There is no such device, or it is already signed in.")
        code = self._codes.sign(address.restaurant, device_id)
        page = (
            f"waiter/?waiter={device.waiter_id}"
            if device.role is Role.WAITER
            else f"kitchen/?restaurant={address.restaurant}"
        )
        return code, page_url(request, self._public_url, f"{page}#device={code}")

    async def _sign_in(self, request: Request, command: c.SignInDevice) -> Answer:
        """Sign a device in. The restaurant audits both outcomes with the client's address."""
        verified = self._codes.verify(command.device_code)
        client = self._api.client_address(request)
        if verified is None:  # only codes without a valid signature count as guesses
            WRONG_CODES.add(label_value="device")
            return INVALID_CODE if self._guesses.take(client.quota_key) else _TOO_MANY_GUESSES
        restaurant, device_id = verified
        home = Address(Kind.RESTAURANT, restaurant, restaurant)
        device = Caller(Role.ANONYMOUS, f"device:{device_id}", client.site)
        origin = RequestRef(home, device.subject, command.request_id or uuid4().hex, "sign-in")
        done = await self._client.send(Submit(home, SignIn(device_id), device, origin))
        if not isinstance(done, Done):
            return done if isinstance(done, Rejected) else UNAVAILABLE
        return self._issue_token(restaurant, device_id, done.result)

    def _issue_token(self, restaurant: int, device_id: int, result: Any) -> Answer:
        claims = {
            "role": result["role"],
            "restaurant_id": restaurant,
            "device_id": device_id,
            "sub": f"device-{device_id}",
            "exp": result["expires_at"],
        }
        if result["waiter_id"] is not None:
            claims["waiter_id"] = result["waiter_id"]
        token = self._issuer.token(claims)
        data = {name: value for name, value in claims.items() if name not in ("sub", "exp")}
        answer = {"token": token, "expires_at": result["expires_at"], "data": data}
        return json(answer, headers=NO_STORE)
