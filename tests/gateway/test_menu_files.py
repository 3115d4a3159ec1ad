"""Files of menus over HTTP: exports, imports, dry runs and refusals."""

import asyncio
from typing import Any

import httpx
import pytest

from gateway.settings import GatewaySettings, Limits
from tests.gateway.conftest import KEYS, Gateway, Place, token

BODY = {
    "categories": [
        {
            "name": "Food",
            "items": [
                {"id": 1, "external_id": "S1", "name": "Soup", "price": "6.50"},
                {"id": 2, "name": "Pie", "price": "4.00", "option_group_ids": ["sauce"]},
            ],
        }
    ],
    "option_groups": [
        {"external_id": "sauce", "name": "Sauce", "options": [{"name": "Mint"}, {"name": "Plum"}]}
    ],
}


@pytest.fixture
async def path(gateway: Gateway, place: Place) -> str:
    path = f"/api/restaurants/{place.restaurant}/menu"
    answer = await gateway.http.put(path, json=BODY)
    assert answer.status_code == 200, answer.text
    return path


async def send(gateway: Gateway, path: str, data: str | bytes, **options: Any) -> httpx.Response:
    """Import a CSV file, or a JSON file with `format="json"`."""
    params = {"format": "csv", **options}
    key = params.pop("key", None)
    headers = {} if key is None else {"Idempotency-Key": key}
    return await gateway.http.post(f"{path}/import", content=data, params=params, headers=headers)


async def menu(gateway: Gateway, path: str) -> Any:
    return (await gateway.http.get(path)).json()["data"]


@pytest.mark.parametrize("format_", ["csv", "json"])
@pytest.mark.parametrize("replace", ["true", "false"])
async def test_an_export_can_be_imported_and_changes_nothing(
    gateway: Gateway, path: str, format_: str, replace: str
) -> None:
    before = await menu(gateway, path)
    exported = await gateway.http.get(f"{path}/export", params={"format": format_})
    assert exported.status_code == 200
    assert f'.{format_}"' in exported.headers["content-disposition"]
    imported = await send(gateway, path, exported.content, format=format_, replace=replace)
    assert imported.status_code == 200, imported.text
    assert not imported.json()["changed"]
    assert await menu(gateway, path) == before


async def test_a_json_export_can_be_put_as_it_is(gateway: Gateway, path: str) -> None:
    before = await menu(gateway, path)
    exported = await gateway.http.get(f"{path}/export")
    assert exported.headers["content-type"] == "application/json"
    assert exported.json()["categories"][0]["items"][0]["external_id"] == "S1"
    put = await gateway.http.put(path, content=exported.content)
    assert put.status_code == 200, put.text
    assert not put.json()["changed"]
    assert await menu(gateway, path) == before


async def test_a_csv_export_for_decimal_commas_is_understood(gateway: Gateway, path: str) -> None:
    exported = await gateway.http.get(
        f"{path}/export", params={"format": "csv", "decimal": "comma"}
    )
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    lines = exported.content.decode("utf-8-sig").splitlines()
    assert lines[1:] == [
        "Food;S1;;Soup;;6,50;true;-;undeclared;;;",
        "Food;;2;Pie;;4,00;true;-;undeclared;;;sauce",
    ]
    assert not (await send(gateway, path, exported.content)).json()["changed"]


async def test_an_import_is_pushed_once_and_answers_how_many_lines_did_what(
    gateway: Gateway, path: str, place: Place
) -> None:
    channel = await gateway.socket(f"restaurants/{place.restaurant}/menu/")
    await channel.next()
    text = "external_id,id,category,name,price\nS1,,,,7.00\n,2,,,\nC1,,Sweets,Cake,5.00\n"
    imported = (await send(gateway, path, text)).json()
    assert imported["data"] == {"new": 1, "changed": 1, "unchanged": 1, "deleted": 0}
    pushed = await channel.next()
    assert pushed["type"] == "menu_update"
    assert pushed["data"]["version"] == imported["version"]
    assert [
        [(item["name"], item["price"]) for item in category["items"]]
        for category in pushed["data"]["categories"]
    ] == [[("Soup", "7.00"), ("Pie", "4.00")], [("Cake", "5.00")]]


async def test_a_dry_run_answers_line_by_line_and_changes_nothing(
    gateway: Gateway, path: str
) -> None:
    before = await menu(gateway, path)
    text = "id,name,price\n1,,7.00\n2,,cheap\n9,,1.00\n,Cake,\n"
    answer = await send(gateway, path, text, dry_run="true", key="dry")
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert (report["changed"], report["version"]) == (False, before["version"])
    [row] = report["data"]["rows"]
    assert (row["line"], row["outcome"]) == (2, "changed")
    assert row["changes"] == {"price": {"from": "6.50", "to": "7.00"}}
    assert [(each["line"], each["column"]) for each in report["data"]["wrong"]] == [
        (3, "price"),
        (4, "id"),
        (5, "category"),
    ]
    assert await menu(gateway, path) == before


async def test_a_dry_run_lists_no_deletions_while_lines_are_wrong(
    gateway: Gateway, path: str
) -> None:
    text = "id,price\n1,cheap\n"
    data = (await send(gateway, path, text, dry_run="true", replace="true")).json()["data"]
    assert (data["deleted"], data["rows"], len(data["wrong"])) == (0, [], 1)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("id,price\n1,7.00\n2,cheap\n", [3], id="malformed"),
        pytest.param("id,price\n1,7.00\n9,1.00\n", [3], id="unknown"),
        pytest.param("id,price\n1,7.00\n9,1.00\n2,cheap\n", [3, 4], id="both"),
        pytest.param("id,colour\n1,red\n", [1], id="column"),
        pytest.param("", [1], id="empty"),
        pytest.param(b"PK\x03\x04\x14\x00", [1], id="xlsx"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00", [1], id="binary"),
        pytest.param("id,description\n1,Brühe\n".encode("cp1252"), [2], id="encoding"),
    ],
)
async def test_one_wrong_line_refuses_the_file_and_all_of_them_are_named(
    gateway: Gateway, path: str, text: str | bytes, lines: list[int]
) -> None:
    before = await menu(gateway, path)
    refused = await send(gateway, path, text, key="once")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_message")
    assert [row["line"] for row in refused.json()["details"]["wrong"]] == lines
    assert await menu(gateway, path) == before


async def test_a_change_since_the_dry_run_is_a_version_conflict(
    gateway: Gateway, path: str
) -> None:
    text = "id,price\n1,7.00\n"
    version = (await send(gateway, path, text, dry_run="true")).json()["version"]
    await gateway.http.patch(f"{path}/items/1", json={"price": "8.00"})
    refused = await send(gateway, path, text, expected_version=version)
    assert (refused.status_code, refused.json()["code"]) == (409, "version_conflict")
    assert (await menu(gateway, path))["categories"][0]["items"][0]["price"] == "8.00"
    in_body = {"categories": [], "expected_version": version}
    answer = await gateway.http.post(f"{path}/import", json=in_body)
    assert answer.json()["code"] == "version_conflict"


async def test_changes_during_imports_are_not_lost(gateway: Gateway, path: str) -> None:
    answers = await asyncio.gather(
        *(
            send(gateway, path, f"external_id,category,name,price\nN{n},Food,New {n},1.00\n")
            for n in range(5)
        ),
        gateway.http.patch(f"{path}/items/1", json={"price": "8.00"}),
    )
    assert {answer.status_code for answer in answers} == {200}
    items = (await menu(gateway, path))["categories"][0]["items"]
    assert items[0]["price"] == "8.00"
    assert {item["name"] for item in items} >= {f"New {n}" for n in range(5)}


async def test_a_repeated_request_imports_new_items_once(gateway: Gateway, path: str) -> None:
    text = "category,name,price\nFood,Cake,5.00\n"
    first = await send(gateway, path, text, key="k")
    again = await send(gateway, path, text, key="k")
    assert again.json() == first.json()
    assert len((await menu(gateway, path))["categories"][0]["items"]) == 3
    other = await send(gateway, path, text.replace("5.00", "6.00"), key="k")
    assert other.json()["code"] == "idempotency_conflict"


async def test_ten_thousand_lines_are_imported(gateway: Gateway, path: str) -> None:
    lines = ["category,external_id,name,price"]
    lines += [f"Category {n // 250},E{n},Dish number {n},9.50" for n in range(10_000)]
    text = "\r\n".join(lines)
    dry = (await send(gateway, path, text, dry_run="true")).json()
    assert dry["data"]["new"] == len(dry["data"]["rows"]) == 10_000
    imported = await send(gateway, path, text)
    assert imported.json()["data"]["new"] == 10_000, imported.text
    more = await send(gateway, path, text + "\r\nFood,E,Dish,9.50")
    assert [row["line"] for row in more.json()["details"]["wrong"]] == [10_002]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", "xlsx"),
        ("dry_run", "yes"),
        ("replace", "1"),
        ("expected_version", "-1"),
    ],
)
async def test_a_wrong_parameter_is_refused(
    gateway: Gateway, path: str, name: str, value: str
) -> None:
    before = await menu(gateway, path)
    refused = await send(gateway, path, "id,price\n1,7.00\n", **{name: value})
    assert refused.status_code == 422
    assert refused.json()["details"] == {"field": name}
    assert await menu(gateway, path) == before
    if name == "format":
        exported = await gateway.http.get(f"{path}/export", params={name: value})
        assert exported.status_code == 422


class TestSize:
    LIMIT = 3_000

    @pytest.fixture
    def settings(self) -> GatewaySettings:
        limits = Limits(max_menu_file_bytes=self.LIMIT, max_body_bytes=2_000)
        return GatewaySettings(KEYS, limits=limits)

    async def test_a_file_has_a_limit_of_its_own(self, gateway: Gateway, path: str) -> None:
        fitting = "id,price\n1,7.00\n".ljust(self.LIMIT, "\n")
        assert (await send(gateway, path, fitting)).status_code == 200
        refused = await send(gateway, path, fitting + "\n")
        assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
        assert refused.json()["details"] == {"max_bytes": self.LIMIT}


@pytest.mark.parametrize("role", ["guest", "waiter", "kitchen", None])
async def test_only_managers_see_external_ids_and_files(
    gateway: Gateway, path: str, place: Place, role: str | None
) -> None:
    before = await menu(gateway, path)
    session = (await gateway.post(f"/tables/{place.table}/sessions"))["session_id"]
    who = {"restaurant_id": place.restaurant, "waiter_id": place.waiter, "session_id": session}
    bearer = None if role is None else token(role, **who)
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    async with httpx.AsyncClient(base_url=gateway.http.base_url, headers=headers) as caller:
        assert (await caller.get(f"{path}/export")).json()["code"] == "forbidden"
        refused = await caller.post(f"{path}/import?format=csv", content="id,price\n1,7.00\n")
        assert refused.json()["code"] == "forbidden"
        shown = await caller.get(path)
    assert await menu(gateway, path) == before
    socket = await gateway.socket(f"restaurants/{place.restaurant}/menu/", bearer)
    frames = [await socket.next()]
    await gateway.http.patch(f"{path}/items/1", json={"available": False})
    await send(gateway, path, "id,price\n1,7.00\n")
    frames += [await socket.next(), await socket.next()]
    assert [frame["type"] for frame in frames] == ["menu", "menu_item_updated", "menu_update"]
    for text in (shown.text, *map(str, frames)):
        assert "external_id" not in text
        assert "S1" not in text
