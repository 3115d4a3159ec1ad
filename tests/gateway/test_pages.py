"""The files that browsers get from the gateway."""

import pytest

from gateway.app import WEB
from tests.gateway.conftest import Gateway

MODULES = sorted(path.name for path in (WEB / "client").glob("*.js"))


async def test_pages_can_import_the_client_without_a_build(gateway: Gateway) -> None:
    assert "index.js" in MODULES
    for name in MODULES:
        answer = await gateway.http.get(f"/client/{name}")
        assert answer.status_code == 200, name
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert answer.content == (WEB / "client" / name).read_bytes()


async def test_a_browser_has_its_copy_confirmed(gateway: Gateway) -> None:
    first = await gateway.http.get("/client/index.js")
    assert first.headers["cache-control"] == "no-cache"
    known = {"If-None-Match": first.headers["etag"]}
    again = await gateway.http.get("/client/index.js", headers=known)
    assert again.status_code == 304
    assert again.headers["cache-control"] == "no-cache"
    assert again.content == b""
    newer = await gateway.http.get("/client/index.js", headers={"If-None-Match": '"another"'})
    assert newer.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/client",
        "/client/",
        "/client/index.d.ts",
        "/client/nothing.js",
        "/client/package.json",
        "/client/README.md",
        "/client/%2e%2e/%2e%2e/serve_app.py",
        "/client/..%2f..%2fserve_app.py",
        "/client/%2e%2e/%2e%2e/tests/e2e/clients/client.js",
        "/client/..%5c..%5cserve_app.py",
        "/client/index.js%00",
        "//etc/hostname.js",
    ],
)
async def test_nothing_else_is_there(gateway: Gateway, path: str) -> None:
    answer = await gateway.http.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


async def test_pages_and_styles_have_their_types(gateway: Gateway) -> None:
    page = await gateway.http.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    style = await gateway.http.get("/style.css")
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert (await gateway.http.post("/client/index.js")).status_code == 405
