"""Options, allergens, quotes and agreed totals, over HTTP and in both placements."""

from typing import Any

import pytest

from tests.gateway.conftest import Gateway, Place

MENU = {
    "categories": [
        {
            "name": "Grill",
            "items": [
                {
                    "name": "Steak",
                    "price": "24.00",
                    "allergens": ["celery"],
                    "option_group_ids": ["degree", "extras"],
                },
                {"name": "Bread", "price": "2.00", "allergens": []},
            ],
        }
    ],
    "option_groups": [
        {
            "name": "Degree",
            "external_id": "degree",
            "min": 1,
            "options": [
                {"name": "Rare", "allergens": []},
                {"name": "Medium", "allergens": []},
            ],
        },
        {
            "name": "Extras",
            "external_id": "extras",
            "max": 2,
            "options": [{"name": "Butter", "price": "1.50", "allergens": ["milk"]}],
        },
    ],
}
STEAK, BREAD = 3, 4
MEDIUM, BUTTER = 3, 5


@pytest.fixture
async def session(gateway: Gateway, place: Place) -> int:
    response = await gateway.http.put(f"/api/restaurants/{place.restaurant}/menu", json=MENU)
    assert response.status_code == 200, response.text
    return int((await gateway.post(f"/tables/{place.table}/sessions"))["session_id"])


def steak(*options: int, quantity: int = 1) -> dict[str, Any]:
    chosen = [{"option_id": id_} for id_ in options]
    return {"menu_item_id": STEAK, "quantity": quantity, "options": chosen}


async def test_an_order_line_has_its_options_price_and_allergens(
    gateway: Gateway, session: int
) -> None:
    items = [steak(MEDIUM, BUTTER, quantity=2), {"menu_item_id": BREAD}]
    placed = await gateway.post(f"/sessions/{session}/orders", {"items": items})
    response = await gateway.http.get(f"/api/orders/{placed['order_id']}/items")
    data = response.json()["data"]
    assert data["total_amount"] == "53.00"
    sold, bread = data["items"]
    assert (sold["unit_price"], sold["allergens"]) == ("25.50", ["celery", "milk"])
    assert sold["options"] == [
        {"option_id": MEDIUM, "name": "Medium", "quantity": 1, "price": "0.00"},
        {"option_id": BUTTER, "name": "Butter", "quantity": 1, "price": "1.50"},
    ]
    assert (bread["options"], bread["allergens"]) == ([], [])


async def test_missing_options_are_refused_and_nothing_is_ordered(
    gateway: Gateway, session: int
) -> None:
    response = await gateway.http.post(f"/api/sessions/{session}/orders", json={"items": [steak()]})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_options")
    assert response.json()["details"]["group_id"] == 1
    seen = (await gateway.http.get(f"/api/sessions/{session}")).json()["data"]
    assert seen["orders"] == []


async def test_a_quote_prices_an_order_without_placing_it(gateway: Gateway, session: int) -> None:
    body = {"items": [steak(MEDIUM, BUTTER, quantity=2)]}
    response = await gateway.http.post(f"/api/sessions/{session}/quote", json=body)
    assert response.status_code == 200, response.text
    quoted = response.json()
    assert (quoted["changed"], quoted["total_amount"], quoted["currency"]) == (
        False, "51.00", "EUR",
    )  # fmt: skip
    assert quoted["items"] == [{"name": "Steak", "quantity": 2, "unit_price": "25.50"}]
    assert quoted["data"]["orders"] == []


async def test_an_order_with_another_total_than_expected_is_refused(
    gateway: Gateway, place: Place, session: int
) -> None:
    body = {"items": [{"menu_item_id": BREAD}], "expected_total": "2.00"}
    path = f"/api/restaurants/{place.restaurant}/menu/items/{BREAD}"
    assert (await gateway.http.patch(path, json={"price": "2.50"})).status_code == 200
    refused = await gateway.http.post(f"/api/sessions/{session}/orders", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "price_changed")
    assert refused.json()["details"] == {"total_amount": "2.50"}
    agreed = {**body, "expected_total": "2.50"}
    assert (await gateway.post(f"/sessions/{session}/orders", agreed))["order_id"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"allergens": ["arsenic"]}, "categories.0.items.0.allergens.0"),
        ({"translations": {"german": {"name": "x"}}}, "categories.0.items.0.translations"),
        ({"option_group_ids": ["sauces"]}, "option_group_ids"),
    ],
)
async def test_an_invalid_menu_is_refused_with_the_path_of_the_error(
    change: dict[str, Any], field: str, gateway: Gateway, place: Place
) -> None:
    path = f"/api/restaurants/{place.restaurant}/menu"
    before = (await gateway.http.get(path)).json()["data"]
    menu = {"categories": [{"name": "All", "items": [{"name": "Pie", "price": "4.00", **change}]}]}
    response = await gateway.http.put(path, json=menu)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_message")
    assert response.json()["details"]["field"].startswith(field)
    assert (await gateway.http.get(path)).json()["data"] == before
