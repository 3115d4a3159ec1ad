"""Which web pages may use the gateway from a browser."""

import pytest

from gateway.origins import Origins
from gateway.settings import GatewaySettings
from tests.gateway.conftest import SECRET, Gateway, Place, token

EVIL = "https://evil.example"
APP = "https://app.example"


def allowed(origin: str | None, *, named: tuple[str, ...] = (), local_pages: bool = False) -> bool:
    headers = [(b"host", b"eat.example:8443")]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    scope = {"type": "http", "headers": headers}
    return Origins(named, local_pages=local_pages).allow(scope)


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
        ("http://localhost:3000", False),
    ],
)
def test_a_page_is_of_the_gateway_or_named(origin: str | None, answer: bool) -> None:
    assert allowed(origin, named=(APP + "/",)) is answer


def test_pages_of_this_machine_may_use_an_open_door() -> None:
    for origin in ("http://localhost:3000", "http://127.0.0.1", "http://[::1]:5173"):
        assert allowed(origin, local_pages=True)
    assert not allowed("http://localhost.evil.example", local_pages=True)
    assert not allowed("http://127.0.0.1:9000.evil.example", local_pages=True)
    assert not allowed("null", local_pages=True)


def test_any_page_where_that_is_said() -> None:
    assert allowed(EVIL, named=("*",))


@pytest.mark.attack("pages")
async def test_a_foreign_page_gets_no_socket(gateway: Gateway, place: Place) -> None:
    socket = await gateway.socket(f"tables/{place.table}/", origin=EVIL)
    assert (await socket.next())["code"] == "forbidden"
    assert await socket.closed() == 4403
    own = await gateway.socket(f"tables/{place.table}/", origin=f"http://127.0.0.1:{gateway.port}")
    assert (await own.next())["type"] == "table_status"


@pytest.mark.attack("pages")
async def test_a_foreign_page_changes_nothing_even_where_the_browser_does_not_ask(
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


async def test_pages_run_no_script_but_their_own(gateway: Gateway) -> None:
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
async def test_nothing_else_is_served(gateway: Gateway, path: str) -> None:
    assert (await gateway.http.get(path)).status_code == 404


class TestNamedPages:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(SECRET, allowed_origins=frozenset({APP}))

    async def test_they_are_told_what_they_may_do(self, gateway: Gateway, place: Place) -> None:
        asked = await gateway.http.options(
            f"/api/tables/{place.table}",
            headers={
                "Origin": APP,
                "Access-Control-Request-Method": "PATCH",
                "Access-Control-Request-Headers": "authorization,idempotency-key",
            },
        )
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == APP
        assert "PATCH" in asked.headers["access-control-allow-methods"]
        assert "access-control-allow-credentials" not in asked.headers
        done = await gateway.http.get(f"/api/tables/{place.table}", headers={"Origin": APP})
        assert done.headers["access-control-allow-origin"] == APP
        admin = token("admin")
        socket = await gateway.socket(f"tables/{place.table}/", admin, origin=APP)
        assert (await socket.next())["type"] == "table_status"

    @pytest.mark.attack("pages")
    async def test_others_are_not(self, gateway: Gateway, place: Place) -> None:
        answer = await gateway.http.get(f"/api/tables/{place.table}", headers={"Origin": EVIL})
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
