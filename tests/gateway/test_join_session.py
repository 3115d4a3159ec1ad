"""Joining a session by a table's or a session's code, and protection of the codes."""

import asyncio
import re
from threading import current_thread, main_thread
from typing import Any

import pytest
from httpx import Response

from domain.entity import UNCHANGED
from engine.peers import Peers
from engine.placement import Mode
from gateway.auth.codes import table_codes
from gateway.http.join_session import JoinSessionApi, session_code_in
from gateway.limits import GUESS_BURST
from gateway.settings import GatewaySettings
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from tests.attack_report import Attempts
from tests.eventually import eventually
from tests.gateway.conftest import SECRET, Gateway, Place, serving, token
from tests.local_hosts import LocalHosts


def manager(place: Place) -> dict[str, str]:
    bearer = token("manager", restaurant_id=place.restaurant)
    return {"Authorization": f"Bearer {bearer}"}


async def join(gateway: Gateway, where: str = "203.0.113.7", **codes: Any) -> Response:
    """Join as a phone does, without a token."""
    headers = {"Authorization": "", "X-Forwarded-For": where}
    request = gateway.http.build_request("POST", "/api/sessions/join", json=codes, headers=headers)
    del request.headers["Authorization"]
    return await gateway.http.send(request)


async def code_of(gateway: Gateway, place: Place) -> str:
    response = await gateway.http.get(f"/api/tables/{place.table}/code", headers=manager(place))
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["url"].endswith(f"/guest/#join={body['table_code']}")
    return str(body["table_code"])


async def test_the_first_scan_opens_the_table_and_the_next_one_joins(
    gateway: Gateway, place: Place
) -> None:
    code = await code_of(gateway, place)
    first = await join(gateway, table_code=code)
    assert first.status_code == 200, first.text
    assert first.headers["cache-control"] == "no-store"
    session = first.json()["data"]["id"]
    second = (await join(gateway, table_code=code)).json()
    assert second["data"]["id"] == session
    third = (await join(gateway, session_code=second["data"]["session_code"].lower())).json()
    assert third["data"]["id"] == session
    assert len({first.json()["token"], second["token"], third["token"]}) == 3
    socket = await gateway.socket(f"tables/sessions/{session}/", third["token"])
    assert (await socket.next())["data"]["id"] == session
    ordered = await socket.request("place_order", items=[{"menu_item_id": 1}])
    assert ordered["data"]["changed"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("abc234", "ABC234", id="small_letters"),
        pytest.param("  ABC234\n", "ABC234", id="spaces_around"),
        pytest.param("ABC 234", "ABC234", id="space"),
        pytest.param("ABC\u00a0234", "ABC234", id="no_break_space"),
        pytest.param("ABC-234", "ABC234", id="hyphen"),
        pytest.param("ABC\u2011234", "ABC234", id="no_break_hyphen"),
        pytest.param("A.B.C.2.3.4.", "ABC234", id="full_stops"),
        pytest.param("\uff21\uff22\uff23\uff12\uff13\uff14", "ABC234", id="full_width"),
        pytest.param("\uff41bc\u3000234", "ABC234", id="full_width_small_and_space"),
        pytest.param("\u200fABC\u200b234\ufeff", "ABC234", id="invisible"),
        pytest.param("\u201cABC234\u201d", "ABC234", id="quotes"),
        pytest.param("ABC234", "ABC234", id="as_it_is"),
        pytest.param("- -", "", id="nothing"),
    ],
)
def test_a_typed_session_code_is_reduced_to_its_letters_and_digits(text: str, code: str) -> None:
    assert session_code_in(text) == code


async def test_a_session_is_joined_by_its_code_however_it_is_typed(
    gateway: Gateway, place: Place
) -> None:
    session = (await join(gateway, table_code=await code_of(gateway, place))).json()["data"]
    code = session["session_code"]
    wide = "".join(chr(ord(each) + 0xFEE0) for each in code)
    for typed in (f" {code[:3]}-{code[3:].lower()} ", f"{wide[:3]}\u3000{wide[3:]}"):
        joined = await join(gateway, session_code=typed)
        assert joined.status_code == 200, typed
        assert joined.json()["data"]["id"] == session["id"]


async def test_two_phones_at_once_open_one_session(gateway: Gateway, place: Place) -> None:
    code = await code_of(gateway, place)
    responses = await asyncio.gather(*(join(gateway, table_code=code) for _ in range(8)))
    assert {response.status_code for response in responses} == {200}
    assert len({response.json()["data"]["id"] for response in responses}) == 1


async def test_a_scan_opens_no_session_if_only_staff_may_open_tables(
    gateway: Gateway, place: Place
) -> None:
    code = await code_of(gateway, place)
    path = f"/api/restaurants/{place.restaurant}"
    changed = await gateway.http.patch(
        path, json={"guest_opens_table": False}, headers=manager(place)
    )
    assert changed.json()["data"]["guest_opens_table"] is False
    refused = await join(gateway, table_code=code)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    table = (await gateway.http.get(f"/api/tables/{place.table}")).json()
    assert table["data"]["is_occupied"] is False
    await gateway.post(f"/tables/{place.table}/sessions")
    assert (await join(gateway, table_code=code)).status_code == 200


async def test_an_inactive_table_is_not_opened(gateway: Gateway, place: Place) -> None:
    code = await code_of(gateway, place)
    await gateway.http.patch(f"/api/tables/{place.table}", json={"is_active": False})
    assert (await join(gateway, table_code=code)).json()["code"] == "table_inactive"


@pytest.mark.attack("codes")
async def test_a_new_code_voids_the_old_one(gateway: Gateway, place: Place) -> None:
    old = await code_of(gateway, place)
    replaced = await gateway.http.post(
        f"/api/tables/{place.table}/code", json={}, headers=manager(place)
    )
    assert replaced.status_code == 200, replaced.text
    new = await code_of(gateway, place)
    assert new != old
    assert (await join(gateway, table_code=old)).status_code == 404
    assert (await join(gateway, table_code=new)).status_code == 200


@pytest.mark.attack("codes")
async def test_a_closed_session_is_not_joined(gateway: Gateway, place: Place) -> None:
    code = await code_of(gateway, place)
    session = (await join(gateway, table_code=code)).json()["data"]
    await gateway.http.post(f"/api/sessions/{session['id']}/close", json={})
    refused = await join(gateway, session_code=session["session_code"])
    assert refused.status_code == 404
    again = (await join(gateway, table_code=code)).json()["data"]
    assert again["id"] != session["id"]


async def test_a_table_code_does_not_join_a_closed_session(
    gateway: Gateway, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its table has not received the end of the session yet."""
    code = await code_of(gateway, place)
    session = (await join(gateway, table_code=code)).json()["data"]["id"]
    monkeypatch.setattr("domain.table.rules._session_ended", lambda table, message: UNCHANGED)
    await gateway.post(f"/sessions/{session}/close")
    refused = await join(gateway, table_code=code)
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert "token" not in refused.json()
    seen = (await gateway.http.get(f"/api/tables/{place.table}")).json()["data"]
    assert seen["session"]["id"] == session


async def test_a_scan_during_a_release_joins_once_the_table_is_free(
    gateway: Gateway, place: Place, hosts: LocalHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session's effect that releases the table arrives after the first attempt to join."""
    code = await code_of(gateway, place)
    before = (await join(gateway, table_code=code)).json()["data"]["id"]
    attempted = asyncio.Event()
    seen: list[Any] = []
    deliver, session_at = Peers.deliver, JoinSessionApi._session_at

    async def late(peers: Peers, host: str, batch: Any) -> Any:
        await attempted.wait()
        return await deliver(peers, host, batch)

    async def attempt(joining: JoinSessionApi, *args: Any) -> Any:
        session: Any = await session_at(joining, *args)
        seen.append(session.id)
        attempted.set()
        return session

    monkeypatch.setattr(Peers, "deliver", late)
    monkeypatch.setattr(JoinSessionApi, "_session_at", attempt)
    await gateway.post(f"/sessions/{before}/close")
    joined = await join(gateway, table_code=code)
    assert joined.status_code == 200, joined.text
    assert joined.json()["data"]["id"] == seen[-1] != before
    assert joined.json()["data"]["status"] == "open"
    if hosts.placement.mode is Mode.ENTITY:
        assert seen[0] == before


@pytest.mark.parametrize("role", ["guest", "kitchen"])
async def test_only_waiters_and_managers_can_read_table_codes(
    gateway: Gateway, place: Place, role: str
) -> None:
    created = await gateway.post(f"/tables/{place.table}/sessions")
    bearer = token(role, restaurant_id=place.restaurant, session_id=created["session_id"])
    headers = {"Authorization": f"Bearer {bearer}"}
    for path in (f"tables/{place.table}/code", f"tables/{place.table}/qr.svg"):
        response = await gateway.http.get(f"/api/{path}", headers=headers)
        assert response.status_code == 403, path
    replacing = await gateway.http.post(f"/api/tables/{place.table}/code", json={}, headers=headers)
    assert replacing.status_code == 403


async def test_table_codes_of_another_restaurant_are_not_found(
    gateway: Gateway, place: Place
) -> None:
    headers = {"Authorization": f"Bearer {token('manager', restaurant_id=place.restaurant + 1)}"}
    for path in (f"tables/{place.table}/code", f"restaurants/{place.restaurant}/qr-sheet"):
        foreign = await gateway.http.get(f"/api/{path}", headers=headers)
        unknown = await gateway.http.get(
            f"/api/{re.sub('[0-9]+', '987654', path)}", headers=headers
        )
        assert foreign.status_code == unknown.status_code == 404


def wrong_codes(place: Place) -> list[str]:
    valid = table_codes((SECRET,), str).sign(place.table, 1)
    table, version, mac = valid.split(".")
    return [
        table_codes(("another secret of thirty-two characters",), str).sign(place.table, 1),
        f"{table}.2.{mac}", f"{int(table) + 1}.{version}.{mac}", f"{table}.{version}.",
        f"{table}.{version}.{mac[:-1]}", f"0{table}.{version}.{mac}", f"{valid}.x", f" {mac}",
        f"{table}.{version}.{mac.swapcase()}", "..", "-1.1.x", "é.1.x", "1" * 80,
    ]  # fmt: skip


@pytest.mark.attack("codes")
async def test_a_code_with_an_invalid_signature_is_refused(
    gateway: Gateway, place: Place, attempts: Attempts
) -> None:
    for number, code in enumerate(wrong_codes(place)):
        response = await join(gateway, where=f"203.0.113.{number}", table_code=code)
        attempts.refused(response.status_code == 404, code)
    table = (await gateway.http.get(f"/api/tables/{place.table}")).json()
    assert table["data"]["is_occupied"] is False


@pytest.mark.parametrize(
    "body", [{}, {"session_code": "ABCDEF", "table_code": "1.1.x"}, {"session_code": 5},
             {"table_code": "x" * 81}, {"table_code": ""}, {"code": "ABCDEF"}],
)  # fmt: skip
async def test_an_invalid_body_is_refused_with_the_reason(
    gateway: Gateway, place: Place, body: dict[str, Any]
) -> None:
    response = await join(gateway, **body)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_message")


@pytest.mark.attack("codes")
async def test_wrong_codes_limit_only_their_own_address(
    gateway: Gateway, place: Place, attempts: Attempts
) -> None:
    """The address is limited before a session code is checked: even a correct one is refused."""
    code = await code_of(gateway, place)
    session = (await join(gateway, where="203.0.113.1", table_code=code)).json()["data"]
    for number in range(GUESS_BURST):
        response = await join(gateway, where="203.0.113.66", session_code=f"ZZZ{number:03}")
        attempts.refused(response.status_code == 404, response.text)
    for codes in ({"session_code": "ZZZZZZ"}, {"session_code": session["session_code"]}):
        slowed = await join(gateway, where="203.0.113.66", **codes)
        attempts.refused(slowed.status_code == 429, slowed.text)
        assert slowed.json()["code"] == "rate_limited"
        assert slowed.headers["retry-after"]
    elsewhere = await join(gateway, session_code=session["session_code"])
    assert elsewhere.status_code == 200
    scanned = await join(gateway, where="203.0.113.66", table_code=code)
    assert scanned.status_code == 200, "guesses of session codes do not limit scans"


@pytest.mark.attack("codes")
async def test_simultaneous_guesses_are_limited_like_others(
    gateway: Gateway, place: Place, attempts: Attempts
) -> None:
    guesses = [f"ZZZ{number:03}" for number in range(5 * GUESS_BURST)]
    responses = await asyncio.gather(
        *(join(gateway, where="203.0.113.66", session_code=code) for code in guesses)
    )
    checked = [response for response in responses if response.status_code == 404]
    assert len(checked) <= GUESS_BURST + 2, "more than the quota and attempts earned meanwhile"
    for response in responses:
        attempts.refused(response.status_code in (404, 429), response.text)


@pytest.mark.attack("codes")
async def test_guesses_on_many_gateways_are_counted_together(
    gateway: Gateway,
    place: Place,
    attempts: Attempts,
    hosts: LocalHosts,
    valkey: EmbeddedStore,
    settings: GatewaySettings,
) -> None:
    session = (await join(gateway, table_code=await code_of(gateway, place))).json()["data"]
    async with serving(hosts, open_store(valkey.url, retention_s=60), settings, "g2") as other:
        for number in range(GUESS_BURST):
            response = await join(
                (gateway, other)[number % 2], where="203.0.113.9", session_code=f"ZZZ{number:03}"
            )
            attempts.refused(response.status_code == 404, response.text)
        for each in (gateway, other):
            slowed = await join(each, where="203.0.113.9", session_code=session["session_code"])
            attempts.refused(slowed.status_code == 429, slowed.text)


async def test_correct_codes_do_not_count_as_guesses(gateway: Gateway, place: Place) -> None:
    code = await code_of(gateway, place)
    session = {}
    for _ in range(GUESS_BURST + 10):
        joined = await join(gateway, table_code=code)
        assert joined.status_code == 200
        session = joined.json()["data"]
    for _ in range(GUESS_BURST + 10):
        again = await join(gateway, session_code=session["session_code"])
        assert again.status_code == 200


@pytest.mark.attack("codes")
async def test_wrong_codes_from_everywhere_do_not_lock_a_table(
    gateway: Gateway, place: Place, attempts: Attempts
) -> None:
    code = await code_of(gateway, place)
    statuses = [
        (await join(gateway, f"198.51.100.{n}", table_code=f"{place.table}.1.{n:016}")).status_code
        for n in range(GUESS_BURST + 5)
    ]
    for status in statuses:
        attempts.refused(status in (404, 429), status)
    assert statuses == [404] * GUESS_BURST + [429] * 5
    assert (await join(gateway, table_code=code)).status_code == 200


async def test_codes_are_rendered_as_svg_png_and_a_printable_sheet(
    gateway: Gateway, place: Place
) -> None:
    svg = await gateway.http.get(f"/api/tables/{place.table}/qr.svg", headers=manager(place))
    assert svg.headers["content-type"] == "image/svg+xml"
    assert b"<path" in svg.content
    png = await gateway.http.get(f"/api/tables/{place.table}/qr.png", headers=manager(place))
    assert png.content.startswith(b"\x89PNG")
    await gateway.post(
        f"/restaurants/{place.restaurant}/tables",
        {"number": "<b>7</b>", "zone": "A & B", "seats": 2},
    )

    async def complete_sheet() -> str | None:
        path = f"/api/restaurants/{place.restaurant}/qr-sheet"
        text = (await gateway.http.get(path, headers=manager(place))).text
        return text if text.count("<figure>") == 2 else None

    sheet = await eventually(complete_sheet)
    assert "<b>7</b>" not in sheet
    assert "&lt;b&gt;7" in sheet
    assert "/sheet.css" in sheet
    assert (await gateway.http.get("/sheet.css")).status_code == 200


async def test_rendering_a_qr_code_does_not_block_the_event_loop(
    gateway: Gateway, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sheet has hundreds of codes, which take milliseconds each."""
    drawn_by = []

    def draw(kind: str, text: str) -> bytes:
        drawn_by.append(current_thread())
        return b"drawn"

    monkeypatch.setattr("gateway.http.qr_codes._draw", draw)
    device = await gateway.post(
        f"/restaurants/{place.restaurant}/devices", {"role": "kitchen", "label": "Oven"}
    )
    for path in (
        f"tables/{place.table}/qr.svg",
        f"restaurants/{place.restaurant}/qr-sheet",
        f"restaurants/{place.restaurant}/devices/{device['device_id']}/qr.svg",
    ):
        response = await gateway.http.get(f"/api/{path}", headers=manager(place))
        assert response.status_code == 200, response.text
    assert len(drawn_by) == 3
    assert main_thread() not in drawn_by
