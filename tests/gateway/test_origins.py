"""Origins of web pages that may use the gateway from a browser."""

from functools import partial

import httpx
import pytest

from gateway.auth.origins import Origins
from gateway.settings import GatewaySettings
from tests.gateway.conftest import KEYS, Gateway, Place, token

EVIL = "https://evil.example"
APP = "https://app.example"


def allowed(
    origin: str | None,
    *,
    named: tuple[str, ...] = (),
    allow_anonymous: bool = False,
    host: str = "eat.example:8443",
) -> bool:
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    scope = {"type": "http", "headers": headers}
    return Origins(named, allow_anonymous=allow_anonymous).check(scope) is None


@pytest.mark.parametrize(
    ("origin", "answer"),
    [
        (None, True),
        ("https://eat.example:8443", True),
        ("HTTPS://EAT.EXAMPLE:8443", True),
        ("https://eat.example", False),
        ("https://eat.example:8443.evil.example", False),
        ("https://evil.example?eat.example:8443", False),
        (APP, True),
        ("http://app.example", False),
        ("https://app.example.evil.example", False),
        ("null", False),
        ("", False),
        ("http://[", False),
        ("https://user@eat.example:8443", False),
        ("https://eat.example:8443/", False),
        ("ftp://eat.example:8443", False),
        ("//eat.example:8443", False),
        ("http://localhost:3000", False),
    ],
)
def test_a_page_is_allowed_if_it_is_our_own_or_listed(origin: str | None, answer: bool) -> None:
    assert allowed(origin, named=(APP + "/",)) is answer


def test_pages_of_this_machine_are_allowed_with_anonymous_access() -> None:
    here = partial(allowed, allow_anonymous=True, host="127.0.0.1:9000")
    for origin in ("http://localhost:3000", "http://127.0.0.1", "http://[::1]:5173"):
        assert here(origin)
    assert not here("http://localhost.evil.example")
    assert not here("http://127.0.0.1:9000.evil.example")
    assert not here("null")
    assert not here("http://evil.example@localhost")
    assert not here("app://localhost")
    assert not here("http://localhost:3000/path")


@pytest.mark.parametrize(
    ("host", "answer"),
    [("localhost:9000", True), ("127.0.0.1:9000", True), ("[::1]:9000", True), ("127.1.2.3", True),
     ("evil.example:9000", False), ("localhost.evil.example", False), ("[", False),
     ("127.0.0.1@evil.example", False), ("", False), ("evil.example@localhost", False),
     ("localhost/evil.example", False), ("localhost?evil.example", False), ("localhost:x", False),
     ("localhost:", False), ("localhost.", False), ("[::1]x", False), ("LOCALHOST:9000", True)],
)  # fmt: skip
def test_anonymous_access_requires_a_loopback_host_name(host: str, answer: bool) -> None:
    """DNS rebinding: a page of a name that resolves to this machine sends its own name as host."""
    assert allowed(None, allow_anonymous=True, host=host) is answer
    if not answer:
        assert not allowed(f"http://{host}", allow_anonymous=True, host=host)
    assert allowed(None, host=host)


def test_an_allowed_origin_of_star_allows_any_page() -> None:
    assert allowed(EVIL, named=("*",))


@pytest.mark.attack("pages")
async def test_a_foreign_page_that_names_this_machine_is_refused(
    gateway: Gateway, place: Place
) -> None:
    """DNS rebinding: anonymous access is for hosts named as this machine."""
    path = f"/api/tables/{place.table}"
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway.port}") as anonymous:
        named = await anonymous.get(path, headers={"Host": "evil.example"})
        assert named.json()["code"] == "forbidden"
        assert (await anonymous.get(path)).status_code == 200


@pytest.mark.attack("pages")
async def test_anonymous_access_is_limited_to_this_machine(gateway: Gateway, place: Place) -> None:
    """Whatever address Serve listens on."""
    path, there = f"tables/{place.table}", {"X-Forwarded-For": "203.0.113.5"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway.port}") as anonymous:
        assert (await anonymous.get(f"/api/{path}", headers=there)).status_code == 401
    socket = await gateway.socket(f"{path}/", additional_headers=there)
    assert (await socket.next())["code"] == "unauthenticated"
    assert await socket.closed() == 4401


@pytest.mark.attack("pages")
async def test_a_foreign_page_cannot_open_a_socket(gateway: Gateway, place: Place) -> None:
    socket = await gateway.socket(f"tables/{place.table}/", origin=EVIL)
    assert (await socket.next())["code"] == "forbidden"
    assert await socket.closed() == 4403
    own = await gateway.socket(f"tables/{place.table}/", origin=f"http://127.0.0.1:{gateway.port}")
    assert (await own.next())["type"] == "table_status"


@pytest.mark.attack("pages")
async def test_a_foreign_page_changes_nothing_without_a_preflight(
    gateway: Gateway, place: Place
) -> None:
    answer = await gateway.http.post(
        f"/api/tables/{place.table}/sessions",
        content=b"{}",
        headers={"Origin": EVIL, "Content-Type": "text/plain"},
    )
    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"
    table = (await gateway.http.get(f"/api/tables/{place.table}")).json()
    assert table["data"]["is_occupied"] is False


async def test_pages_can_run_only_their_own_scripts(gateway: Gateway) -> None:
    for path in ("/", "/api/openapi.json", "/api/nothing", "/healthz"):
        headers = (await gateway.http.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'self'" in policy
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["referrer-policy"] == "no-referrer"
    page = (await gateway.http.get("/")).text
    assert "<script>" not in page
    assert "style=" not in page
    assert "<style" not in page


@pytest.mark.parametrize("path", ["/../serve_app.py", "/%2e%2e/serve_app.py", "/.data/auth_secret"])
async def test_files_outside_the_web_folder_are_not_served(gateway: Gateway, path: str) -> None:
    assert (await gateway.http.get(path)).status_code == 404


class TestAllowedOrigins:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(KEYS, allowed_origins=frozenset({APP}))

    async def test_preflight_of_an_allowed_origin_lists_methods_and_headers(
        self, gateway: Gateway, place: Place
    ) -> None:
        preflight = await gateway.http.options(
            f"/api/tables/{place.table}",
            headers={
                "Origin": APP,
                "Access-Control-Request-Method": "PATCH",
                "Access-Control-Request-Headers": "authorization,idempotency-key",
            },
        )
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == APP
        assert "PATCH" in preflight.headers["access-control-allow-methods"]
        assert "access-control-allow-credentials" not in preflight.headers
        done = await gateway.http.get(f"/api/tables/{place.table}", headers={"Origin": APP})
        assert done.headers["access-control-allow-origin"] == APP
        admin = token("admin")
        socket = await gateway.socket(f"tables/{place.table}/", admin, origin=APP)
        assert (await socket.next())["type"] == "table_status"

    @pytest.mark.attack("pages")
    async def test_an_origin_that_is_not_listed_gets_403_and_no_cors_header(
        self, gateway: Gateway, place: Place
    ) -> None:
        answer = await gateway.http.get(f"/api/tables/{place.table}", headers={"Origin": EVIL})
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
