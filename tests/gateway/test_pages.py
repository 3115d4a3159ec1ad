"""The files that browsers get from the gateway."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette
from starlette.routing import Mount

from gateway.http.pages import IMMUTABLE, MEDIA, WEB, Pages, digest_of, served_folder
from tests.gateway.conftest import Gateway

MODULES = sorted(path.name for path in (WEB / "client").glob("*.js"))
PAGES = sorted(path.parent.name for path in WEB.glob("*/index.html"))
WITH_SCRIPTS = sorted(
    str(path.relative_to(WEB)) for path in WEB.rglob("*.html") if "<script" in path.read_text()
)
FILES = sorted(
    str(path.relative_to(WEB)) for path in WEB.rglob("*") if path.is_file() and path.suffix in MEDIA
)


async def test_pages_can_import_the_client_without_a_build(gateway: Gateway) -> None:
    assert "index.js" in MODULES
    for name in MODULES:
        response = await gateway.http.get(f"/client/{name}")
        assert response.status_code == 200, name
        assert response.headers["content-type"] == "text/javascript; charset=utf-8"
        assert "script-src 'self'" in response.headers["content-security-policy"]
        assert response.content == (WEB / "client" / name).read_bytes()


async def test_an_unchanged_file_is_revalidated_with_304(gateway: Gateway) -> None:
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
        "/shared/",
        "/shared/README.md",
        "/shared/texts/",
        "/guest/texts/",
        "/vendor/",
        "/vendor/README.md",
        "/guest/%2e%2e/%2e%2e/serve_app.py",
        "/guest/..%2f..%2fprotocol/calls.js",
        "/kitchen/main.py",
    ],
)
async def test_files_that_are_no_pages_assets_get_404(gateway: Gateway, path: str) -> None:
    response = await gateway.http.get(path)
    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


async def test_an_unknown_path_returns_a_page_to_browsers(gateway: Gateway) -> None:
    for path in ("/nothing/", "/api/nothing"):
        response = await gateway.http.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
        assert response.status_code == 404
        assert response.headers["content-type"].startswith("text/html")
        assert "Scan its code again." in response.text
        assert "default-src" in response.headers["content-security-policy"]


async def test_pages_and_styles_have_their_content_types(gateway: Gateway) -> None:
    page = await gateway.http.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    style = await gateway.http.get("/shared/style.css")
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert (await gateway.http.post("/client/index.js")).status_code == 405


async def test_pages_are_served_at_folder_urls_with_an_etag(gateway: Gateway) -> None:
    assert {"guest", "kitchen"} <= set(PAGES)
    for page in PAGES:
        response = await gateway.http.get(f"/{page}/?restaurant=2")
        assert response.status_code == 200, page
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        known = {"If-None-Match": response.headers["etag"]}
        assert (await gateway.http.get(f"/{page}/", headers=known)).status_code == 304
        without_slash = await gateway.http.get(f"/{page}")
        assert without_slash.status_code == 307
        assert without_slash.headers["location"] == f"{page}/"
    redirect = await gateway.http.get("/guest?code=a%2Fb&x=1")
    assert redirect.headers["location"] == "guest/?code=a%2Fb&x=1"


@pytest.mark.parametrize("page", PAGES)
async def test_pages_have_a_strict_policy_and_no_inline_script(gateway: Gateway, page: str) -> None:
    response = await gateway.http.get(f"/{page}/")
    assert response.status_code == 200
    _has_strict_policy(response)
    scripts = re.findall(r"<script\b[^>]*>(.*?)</script>", response.text, re.DOTALL)
    assert scripts, "no script"
    assert not "".join(scripts).strip()
    assert not re.search(r"\son\w+\s*=|javascript:|<style|\sstyle\s*=", response.text)


async def test_an_error_response_has_the_security_headers(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(pages: Pages, path: str, scope: Any) -> Any:
        raise RuntimeError("by the test")

    monkeypatch.setattr(Pages, "get_response", failing)
    response = await gateway.http.get("/guest/")
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    _has_strict_policy(response)


def _has_strict_policy(response: Response) -> None:
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-frame-options"] == "SAMEORIGIN"
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_a_url_with_a_token_is_not_redirected_to_another_host(gateway: Gateway) -> None:
    response = await gateway.http.get("/api/orders/1/?token=secret")
    assert response.status_code == 404
    assert "location" not in response.headers


async def test_files_have_their_media_type_and_a_strict_policy(gateway: Gateway) -> None:
    for name in FILES:
        response = await gateway.http.get(f"/{name}")
        assert response.status_code == 200, name
        assert response.content == (WEB / name).read_bytes()
        assert response.headers["content-type"] == MEDIA[(WEB / name).suffix]
        assert response.headers["cache-control"] == "no-cache"
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "connect-src 'self'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".png")])
def test_no_file_needs_another_host_or_a_looser_policy(name: str) -> None:
    text = (WEB / name).read_text()
    if name.endswith(".html"):
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text)
    if not name.endswith(".txt"):
        addresses = set(re.findall(r"https?://[\w.-]+", text))
        assert addresses <= {"http://www.w3.org", "http://localhost"}


def test_vendored_files_match_their_published_hashes() -> None:
    described = (WEB / "vendor" / "README.md").read_text()
    for path in (WEB / "vendor").glob("*.js"):
        assert f"`{path.name}`" in described
        assert sha256(path.read_bytes()).hexdigest() in described


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of one page, as `make pages` lays it out."""
    contents = {
        "guest/index.html": "page",
        "assets/guest-AAAA1111.js": "script",
        "assets/guest-AAAA1111.js.br": "brotli",
        "assets/guest-AAAA1111.js.gz": "gzip",
        "assets/guest-en-BBBB2222.js": "texts",
    }
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def _client(package: Path) -> AsyncClient:
    app = Starlette(routes=[Mount("/", Pages(package))])
    return AsyncClient(transport=ASGITransport(app), base_url="http://test")


@pytest.mark.parametrize(
    ("accepted", "body", "encoding"),
    [
        ("br, gzip", b"brotli", "br"),
        ("gzip, deflate, br", b"brotli", "br"),
        ("GZIP;q=0.5", b"gzip", "gzip"),
        ("br;q=0, gzip", b"gzip", "gzip"),
        ("br; q=0.0, gzip;q=0", b"script", None),
        ("identity", b"script", None),
        ("", b"script", None),
    ],
)
async def test_a_packaged_file_is_sent_in_the_smallest_encoding_the_client_accepts(
    package: Path, accepted: str, body: bytes, encoding: str | None
) -> None:
    async with _client(package) as client:
        request = client.build_request("GET", "/assets/guest-AAAA1111.js")
        request.headers["accept-encoding"] = accepted
        response = await client.send(request, stream=True)
        assert b"".join([part async for part in response.aiter_raw()]) == body
    assert response.headers.get("content-encoding") == encoding
    assert response.headers["content-type"] == MEDIA[".js"]
    assert response.headers["vary"] == "Accept-Encoding"


async def test_assets_are_immutable_in_caches_and_pages_are_revalidated(package: Path) -> None:
    async with _client(package) as client:
        page = await client.get("/guest/")
        asset = await client.get("/assets/guest-en-BBBB2222.js")
    assert page.headers["cache-control"] == "no-cache"
    assert asset.headers["cache-control"] == IMMUTABLE


async def test_a_page_of_another_release_gets_the_assets_of_this_one(package: Path) -> None:
    async with _client(package) as client:
        script = await client.get("/assets/guest-ZZZZ9999.js", headers={"accept-encoding": ""})
        texts = await client.get("/assets/guest-en-ZZZZ9999.js")
        missing = await client.get("/assets/other-ZZZZ9999.js")
    assert (script.text, texts.text, missing.status_code) == ("script", "texts", 404)
    assert script.headers["cache-control"] == texts.headers["cache-control"] == "no-cache"


def test_a_package_is_served_only_while_it_matches_its_sources(tmp_path: Path) -> None:
    web, package = tmp_path / "web", tmp_path / "package"
    web.mkdir()
    package.mkdir()
    (web / "main.js").write_text("one")
    assert served_folder(web, package) == web
    (package / "sources").write_text(digest_of(web))
    assert served_folder(web, package) == package
    (web / "main.js").write_text("two")
    assert served_folder(web, package) == web


@pytest.mark.parametrize("path", WITH_SCRIPTS)
def test_a_page_has_icons_a_theme_colour_and_a_noscript_text(path: str) -> None:
    page = (WEB / path).read_text()
    icon = re.search(r'<link rel="apple-touch-icon" href="([^"]+)">', page)
    assert icon is not None
    assert (WEB / path).parent.joinpath(icon[1]).resolve() == WEB / "apple-touch-icon.png"
    for scheme in ("light", "dark"):
        assert f'<meta name="theme-color" media="(prefers-color-scheme: {scheme})"' in page
    without_scripts = page.partition("<noscript>")[2].partition("</noscript>")[0]
    assert "This page needs JavaScript." in without_scripts
    assert '<p lang="de">' in without_scripts
