"""The links, QR codes and commands that `make run` prints when it is ready."""

import io
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import segno

from protocol.caller import Role
from scripts.demo import RESTAURANTS, Api
from scripts.issue_token import token_for
from service_settings import Auth, Settings

LINK_HOURS = 8.0
"""Lifetime of the tokens in the links."""
INDENT = "    {:<14}{}"
PLAIN_HTTP = (
    "Over plain HTTP, web pages cannot use the phone's camera or a wake lock: scan with the "
    "phone's camera app, and expect the screen to turn off."
)
COLOURS = "\033[97;40m{}\033[0m"
"""White blocks on black, because a QR code must be dark on light on any terminal."""


@dataclass(frozen=True)
class Place:
    """The entities in links and commands; None for those that do not exist."""

    restaurant: int
    table: int | None = None
    guest: str | None = None
    """The URL in the table's QR code."""
    waiter: int | None = None
    session: int | None = None
    order: int | None = None


def place_of(api: Api) -> Place | None:
    """Entities of the demo's second restaurant, else of the chain's first; None without any."""
    listed = api.get("/restaurants")
    name = RESTAURANTS[1]["name"]
    first = listed[0] if listed else None
    restaurant = next((each for each in listed if each["name"] == name), first)
    if restaurant is None:
        return None
    tables = [each for each in restaurant["tables"]["list"] if each["is_active"]]
    tables.sort(key=lambda each: each["is_occupied"])
    table = tables[0] if tables else {"table_id": None, "waiter_id": None}
    sessions = [each["session"]["id"] for each in tables if each["session"]]
    waiters = [table["waiter_id"], *(each["waiter_id"] for each in restaurant["waiters"])]
    return Place(
        restaurant=restaurant["id"],
        table=table["table_id"],
        guest=api.get(f"/tables/{table['table_id']}/code")["url"] if tables else None,
        waiter=next(filter(None, waiters), None),
        session=next(iter(sessions), None),
        order=next((each["order_id"] for each in restaurant["open_orders"]), None),
    )


def url_of(settings: Settings) -> str:
    """The URL of the application on this machine."""
    return f"http://{_authority(settings)}"


def _authority(settings: Settings) -> str:
    host = settings.host
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return f"{host}:{settings.port}"
    if ip.is_unspecified:
        ip = ipaddress.ip_address("127.0.0.1" if ip.version == 4 else "::1")
    return f"[{ip}]:{settings.port}" if ip.version == 6 else f"{ip}:{settings.port}"


def links(settings: Settings, place: Place | None) -> dict[str, str]:
    """The pages' URLs by user, each with a token or a code."""
    base = (settings.public_url or url_of(settings)).rstrip("/")

    def page(path: str, role: Role, **ids: Any) -> str:
        token = token_for(settings, role, hours=LINK_HOURS, label="link of make run", **ids)
        return f"{base}/{path}#token={token}"

    found = {"start page": page("", Role.ADMIN)}
    if place is None:
        return found
    ids = {"restaurant_id": place.restaurant}
    if place.guest is not None:
        found["guest"] = place.guest
    found["kitchen"] = page("kitchen/", Role.KITCHEN, **ids)
    if place.waiter is not None:
        found["waiter"] = page("waiter/", Role.WAITER, waiter_id=place.waiter, **ids)
    return found | {"manager": page("manager/", Role.MANAGER, **ids)}


def welcome(
    settings: Settings,
    place: Place | None,
    pages: dict[str, str],
    dashboard: str | None,
    metrics: str,
) -> str:
    """The URLs and commands to try; `dashboard` is None if Ray's is not running."""
    ray = "RAY_AUTH_MODE=token .venv/bin/ray list actors --address http://"
    store = settings.redis_url or f"embedded Valkey, data in {settings.data_dir.absolute()}"
    lines = [
        "",
        f"Restaurant QR is ready at {url_of(settings)}. Open in a browser:",
        *(INDENT.format(user, url) for user, url in pages.items()),
        f"Their tokens are valid for {LINK_HOURS:.0f} hours. In a terminal (npx comes with Node):",
        *(INDENT.format(label, command) for label, command in _commands(settings, place)),
        *([INDENT.format("actors", ray + dashboard)] if dashboard else []),
        INDENT.format("metrics", f"curl -s {metrics} | grep restaurant_qr"),
        "Configuration:",
        INDENT.format("store", store.rpartition("@")[2]),
        INDENT.format("placement", settings.placement.value),
    ]
    return "\n".join(lines)


def _commands(settings: Settings, place: Place | None) -> Iterator[tuple[str, str]]:
    wscat = "npx -y wscat -c"
    yield "a token", "token=$(make -s token ROLE=admin)"
    if settings.auth is not Auth.OPEN:
        wscat = 'npx -y wscat -s bearer -s "$token" -c'
    if place is None:
        return
    sockets = f"ws://{_authority(settings)}/ws"
    for label, path, id_ in (
        ("an order", "orders", place.order),
        ("a table", "tables", place.table),
        ("a session", "tables/sessions", place.session),
        ("a waiter", "waiters", place.waiter),
        ("a restaurant", "restaurants", place.restaurant),
    ):
        if id_ is not None:
            yield label, f"{wscat} {sockets}/{path}/{id_}/"


def qr_codes(pages: dict[str, str], *, coloured: bool) -> str:
    """The manager's and the guest's link as QR codes for a terminal, the guest's last."""
    parts = [PLAIN_HTTP]
    for user in ("manager", "guest"):
        if user in pages:
            parts.append(f"Scan with a phone, {user}:\n{_qr_code(pages[user], coloured=coloured)}")
    return "\n".join(parts)


def _qr_code(text: str, *, coloured: bool) -> str:
    output = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(output, border=2, compact=True)
    lines = output.getvalue().splitlines()
    return "\n".join(COLOURS.format(line) if coloured else line for line in lines)
