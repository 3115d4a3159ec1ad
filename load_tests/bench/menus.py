"""A large menu: its bytes over HTTP and on its channel, and the CPU of pricing options."""

import asyncio
from statistics import median
from typing import Any

import httpx

from load_tests.bench.measure import cost_of
from load_tests.bench.restaurants import api, create_restaurants
from load_tests.bench.servers import Server, token
from load_tests.bench.wire import open_socket

CATEGORIES, DISHES = 10, 30
LINES = 20
CYCLES, QUOTES = 7, 100
TIMEOUT_S = 30.0

MENU = {
    "categories": [
        {
            "name": f"Category {category}",
            "items": [
                {
                    "name": f"Dish {category}.{dish}",
                    "description": "With herbs of the garden, butter, lemon and fresh bread",
                    "price": f"{8 + dish}.50",
                    "allergens": ["gluten", "milk"],
                    "option_group_ids": ["degree", "sides"] if category % 2 else [],
                }
                for dish in range(DISHES)
            ],
        }
        for category in range(CATEGORIES)
    ],
    "option_groups": [
        {
            "external_id": "degree",
            "name": "Cooked",
            "min": 1,
            "options": [{"name": name} for name in ("Rare", "Medium", "Well done")],
        },
        {
            "external_id": "sides",
            "name": "Sides",
            "max": 2,
            "options": [{"name": f"Side {number}", "price": "3.50"} for number in range(6)],
        },
    ],
}


async def menus(server: Server) -> dict[str, Any]:
    """Bytes of the menu's snapshot (`plain`, `compressed`), of the response if it is `unchanged`,
    and of the `event` that a dish is sold out. Server CPU, in µs, to price an order of 20 dishes,
    `without_us` and `with_us` two options each, and the median `ratio` of two adjacent slices."""
    restaurant = (await create_restaurants(server, 1))[0]
    path = f"/restaurants/{restaurant.id}/menu"
    async with api(server) as http:
        (await http.put(path, json=MENU)).raise_for_status()
        bodies = {
            name: await _get(http, path, {"Accept-Encoding": encoding})
            for name, encoding in (("plain", "identity"), ("compressed", "gzip"))
        }
        unchanged = await _get(http, path, {"If-None-Match": bodies["compressed"].headers["ETag"]})
        menu = bodies["plain"].json()["data"]
        dish = menu["categories"][0]["items"][0]["id"]
        event = await _sold_out(server, http, restaurant.id, dish)
        costs = await _pricing(server, http, restaurant.sessions[0], menu)
    return {
        **{name: int(got.headers["Content-Length"]) for name, got in bodies.items()},
        "unchanged": len(unchanged.content),
        "event": event,
        **costs,
    }


async def _get(http: httpx.AsyncClient, path: str, headers: dict[str, str]) -> httpx.Response:
    response = await http.get(path, headers=headers)
    assert response.status_code in (200, 304), response.text
    return response


async def _sold_out(server: Server, http: httpx.AsyncClient, restaurant: int, dish: int) -> int:
    """The bytes of the event that a guest's phone receives."""
    frames: asyncio.Queue[bytes] = asyncio.Queue()
    socket = await open_socket(
        server.ws(f"restaurants/{restaurant}/menu/"), frames.put_nowait, token()
    )
    async with asyncio.timeout(TIMEOUT_S):
        await frames.get()  # the snapshot
        await http.patch(f"/restaurants/{restaurant}/menu/items/{dish}", json={"available": False})
        event = await frames.get()
    await http.patch(f"/restaurants/{restaurant}/menu/items/{dish}", json={"available": True})
    socket.cut()
    return len(event)


async def _pricing(
    server: Server, http: httpx.AsyncClient, session: int, menu: dict[str, Any]
) -> dict[str, float]:
    """The costs of quotes without and with options, in alternating slices."""
    rare, side = (group["options"][0]["id"] for group in menu["option_groups"])
    chosen = [{"option_id": rare}, {"option_id": side}]
    plain, optional = (menu["categories"][at]["items"][:LINES] for at in (0, 1))
    orders = {
        "without": [{"menu_item_id": dish["id"]} for dish in plain],
        "with": [{"menu_item_id": dish["id"], "options": chosen} for dish in optional],
    }
    costs: dict[str, list[float]] = {name: [] for name in orders}
    for _ in range(CYCLES):
        for name, items in orders.items():
            with cost_of(server) as cost:
                for _ in range(QUOTES):
                    response = await http.post(f"/sessions/{session}/quote", json={"items": items})
                    response.raise_for_status()
            costs[name].append(cost.each(QUOTES)["server_us"])
    ratios = [two / one for one, two in zip(costs["without"], costs["with"], strict=True)]
    return {"ratio": median(ratios)} | {f"{name}_us": median(us) for name, us in costs.items()}
