"""Photos of dishes: `POST /api/restaurants/{id}/photos` and `GET /media/{photo_id}/{size}.webp`."""

import logging
import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.admission import Admission
from gateway.auth.policy import may_do
from gateway.auth.principal import Principal
from gateway.http.pages import IMMUTABLE
from gateway.http.requests import INVALID_ID, Answer, ApiRequests, error_response, json
from gateway.media.convert import SIZES, Refused
from gateway.media.photos import PhotoStore
from gateway.parsing import parse_id
from protocol import commands as c
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Kind

log = logging.getLogger(__name__)

MAX_PHOTO_BYTES = 5_000_000
_PHOTO_ID = re.compile(r"[0-9a-f]{32}")
NO_PHOTOS = Rejected(
    Code.FORBIDDEN,
    "Photos are off, because there is no store for them: set media_url.",
)


class Photos:
    """Stores and serves photos. Without a store, photos are off."""

    def __init__(self, api: ApiRequests, admission: Admission, store: PhotoStore | None) -> None:
        self._api = api
        self._admission = admission
        self._store = store

    def routes(self) -> list[Route]:
        return [self._api.route("POST", "/restaurants/{id}/photos", self._add)]

    def media_route(self) -> Route:
        """Browsers load images without a token. A photo's id is the hash of its content."""
        return Route("/media/{photo_id}/{size}.webp", self._get)

    async def _add(self, request: Request, principal: Principal) -> Answer:
        id_ = parse_id(request.path_params["id"])
        if id_ is None:
            return INVALID_ID
        menu = await self._admission.resolve(principal, Kind.MENU, id_)
        if isinstance(menu, Rejected):
            return menu
        refused = may_do(principal, c.ReplaceMenu(categories=()))
        if refused is not None:
            return refused
        if self._store is None:
            return NO_PHOTOS
        photo = await self._api.body(request, MAX_PHOTO_BYTES)
        if isinstance(photo, Rejected):
            return photo
        try:
            return json({"changed": True, "photo_id": await self._store.add(photo)}, 201)
        except Refused as error:
            return Rejected(Code.INVALID_MESSAGE, f"photo: {error}", {"field": "photo"})
        except OSError as error:
            log.exception("photo not stored: check media_url", extra={"why": str(error)})
            return UNAVAILABLE

    async def _get(self, request: Request) -> Response:
        photo_id, size = request.path_params["photo_id"], request.path_params["size"]
        image = None
        if self._store is not None and _PHOTO_ID.fullmatch(photo_id) and size in map(str, SIZES):
            try:
                image = await self._store.get(photo_id, int(size))
            except OSError as error:
                log.exception("photo not read: check media_url", extra={"why": str(error)})
                return error_response(UNAVAILABLE)
        if image is None:
            return error_response(Rejected(Code.NOT_FOUND, "There is no such photo."))
        return Response(image, headers={"Cache-Control": IMMUTABLE}, media_type="image/webp")
