"""The restaurants of a load test: created over the public HTTP API, reused by the next test."""

from dataclasses import asdict, dataclass
from typing import Any

from gevent.pool import Pool

from load_tests.api import LoadApi
from load_tests.menu import MENU
from load_tests.size import Size
from load_tests.tokens import Tokens

NAME = "Load test {}"
CONCURRENCY = 10
PAGE = 1000


@dataclass(frozen=True)
class Restaurant:
    """`tables` are pairs of a table and its waiter."""

    id: int
    tables: list[tuple[int, int]]
    waiters: list[int]
    menu: list[int]

    def as_message(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_message(cls, message: dict[str, Any]) -> "Restaurant":
        tables = [(int(table), int(waiter)) for table, waiter in message["tables"]]
        return cls(message["id"], tables, message["waiters"], message["menu"])


class RestaurantFactory:
    """Creates missing restaurants. Every request has an idempotency key, so two processes create no
    duplicates."""

    def __init__(self, api: LoadApi, tokens: Tokens) -> None:
        self._api = api
        self._token = tokens.of("admin")

    def create_missing(self, size: Size) -> list[Restaurant]:
        known = self._known()
        numbers = range(1, size.restaurants + 1)
        rows = Pool(CONCURRENCY).imap(
            lambda number: self._create_missing_one(number, known.get(NAME.format(number)), size),
            numbers,
        )
        return list(rows)

    def _known(self) -> dict[str, int]:
        """Name -> id of all restaurants of the chain."""
        known: dict[str, int] = {}
        after = 0
        while rows := self._api.rows(f"/restaurants?limit={PAGE}&after={after}", self._token):
            known |= {row["name"]: row["id"] for row in rows}
            after = rows[-1]["id"]
        return known

    def _create_missing_one(self, number: int, id_: int | None, size: Size) -> Restaurant:
        if id_ is None:
            id_ = self._create(
                "/restaurants", f"load-{number}",
                name=NAME.format(number), currency="EUR", timezone="Europe/Rome",
            )["data"]["id"]  # fmt: skip
        base = f"/restaurants/{id_}"
        status = self._get(base)
        waiters = [row["waiter_id"] for row in status["waiters"]]
        for n in range(len(waiters), size.waiters):
            waiter = self._create(f"{base}/waiters", f"load-{number}-w{n}", name=f"Waiter {n + 1}")
            waiters.append(waiter["waiter_id"])
        tables = status["tables"]["list"]
        for row in tables:
            self._clear(row)
        create_missing = [(row["table_id"], row["waiter_id"]) for row in tables if row["waiter_id"]]
        for n in range(len(tables), size.tables):
            waiter_id = waiters[n % len(waiters)]
            table = self._create(
                f"{base}/tables", f"load-{number}-t{n}",
                number=str(n + 1), zone="AB"[n % 2], seats=4, waiter_id=waiter_id,
            )  # fmt: skip
            create_missing.append((table["table_id"], waiter_id))
        return Restaurant(id_, create_missing, waiters, self._menu(base))

    def _menu(self, base: str) -> list[int]:
        menu = self._get(f"{base}/menu")
        if not menu["categories"]:
            self._api.send("PUT", "a menu", f"{base}/menu", self._token, MENU)
            menu = self._get(f"{base}/menu")
        return [item["id"] for category in menu["categories"] for item in category["items"]]

    def _clear(self, table: dict[str, Any]) -> None:
        """Close a session left open by an interrupted test."""
        if table["session"] is not None:
            path = f"/sessions/{table['session']['id']}/close"
            reason = "left by an earlier load test"
            self._api.send("POST", "close", path, self._token, {"force": True, "reason": reason})

    def _create(self, path: str, key: str, **body: Any) -> dict[str, Any]:
        return self._api.send("POST", "set up", path, self._token, body, key).data

    def _get(self, path: str) -> dict[str, Any]:
        return self._api.get("set up", path, self._token)
