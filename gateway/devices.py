"""Signing staff devices in: the code that a manager shows, and the token that it is good for."""

from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.messages import Done, Submit
from domain.device import WRONG_CODE, SignIn
from domain.entity import Origin
from gateway.codes import Codes
from gateway.door import Answer, Door, json
from gateway.identity import Principal
from gateway.limits import guesses
from gateway.links import Links
from gateway.metrics import WRONG_CODES
from gateway.parsing import parse_id
from gateway.policy import may_manage_devices
from gateway.qr import NOT_KEPT, drawn, link
from gateway.requests import Requests
from gateway.token_register import Issuer
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Channel, Kind

_SLOWER = Rejected(Code.RATE_LIMITED, "Too many wrong codes. Wait a minute, then try again.")


class StaffDevices:
    """`/api/restaurants/{id}/devices/{device_id}/code`, `…/qr.svg`; `POST /api/devices/sign-in`.

    Devices are added, listed and removed like anything else of a restaurant.
    """

    def __init__(
        self,
        issuer: Issuer,
        codes: Codes,
        door: Door,
        links: Links,
        requests: Requests,
        public_url: str | None,
    ) -> None:
        self._issuer = issuer
        self._codes = codes
        self._door = door
        self._links = links
        self._requests = requests
        self._public_url = public_url
        self._guesses = guesses()

    def routes(self) -> list[Route]:
        one = "/restaurants/{id}/devices/{device_id}"
        guard = self._door.guard
        sign_in = self._door.public(c.SignInDevice, self._sign_in)
        return [
            Route(f"{one}/code", guard(self._code), methods=["GET"]),
            Route(f"{one}/qr.svg", guard(self._image), methods=["GET"]),
            Route("/devices/sign-in", sign_in, methods=["POST"]),
        ]

    async def _code(self, request: Request, principal: Principal) -> Answer:
        waiting = await self._waiting(request, principal)
        if isinstance(waiting, Rejected):
            return waiting
        code, url = waiting
        return json({"device_code": code, "url": url}, headers=NOT_KEPT)

    async def _image(self, request: Request, principal: Principal) -> Answer:
        waiting = await self._waiting(request, principal)
        if isinstance(waiting, Rejected):
            return waiting
        _, url = waiting
        image = await drawn("svg", url)
        return Response(image, media_type="image/svg+xml", headers=NOT_KEPT)

    async def _waiting(self, request: Request, principal: Principal) -> tuple[str, str] | Rejected:
        """Code and address of a device that has not been signed in yet."""
        address = await self._door.address(Kind.RESTAURANT, request.path_params["id"], principal)
        if isinstance(address, Rejected):
            return address
        refused = may_manage_devices(principal)
        if refused is not None:
            return self._requests.unseen("device_code", address, principal.caller, refused)
        data = await self._door.look(address, Channel.DEVICES)
        if isinstance(data, Rejected):
            return data
        device_id = parse_id(request.path_params["device_id"])
        for each in data["devices"]:
            if each["device_id"] == device_id and not each["signed_in_at"]:
                code = self._codes.code(address.restaurant, each["device_id"])
                page = (
                    f"waiter/?waiter={each['waiter_id']}"
                    if each["role"] == Role.WAITER
                    else f"kitchen/?restaurant={address.restaurant}"
                )
                return code, link(request, self._public_url, f"{page}#device={code}")
        return Rejected(Code.NOT_FOUND, "There is no such device that waits to be signed in.")

    async def _sign_in(self, request: Request, wish: c.SignInDevice) -> Answer:
        """Done or refused, it goes on record with the restaurant, and with where it came from."""
        named = self._codes.read(wish.device_code)
        where = self._door.client_address(request)
        if named is None:  # a signed one is no guess
            WRONG_CODES.add(of="device")
            return WRONG_CODE if self._guesses.take(where.quota_key) else _SLOWER
        restaurant, device_id = named
        home = Address(Kind.RESTAURANT, restaurant, restaurant)
        device = Caller(Role.ANONYMOUS, f"device:{device_id}", where.site)
        origin = Origin(home, device.subject, wish.request_id or uuid4().hex, "sign-in")
        done = await self._links.send(Submit(home, SignIn(device_id), device, origin))
        if not isinstance(done, Done):
            return done if isinstance(done, Rejected) else UNAVAILABLE
        return self._admitted(restaurant, device_id, done.result)

    def _admitted(self, restaurant: int, device_id: int, result: Any) -> Answer:
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
        told = {name: value for name, value in claims.items() if name not in ("sub", "exp")}
        answer = {"token": token, "expires_at": result["expires_at"], "data": told}
        return json(answer, headers=NOT_KEPT)
