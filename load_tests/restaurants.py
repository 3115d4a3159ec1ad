"""The restaurants of a load test: made over the public HTTP API, found again by the next test."""

from dataclasses import asdict, dataclass
from typing import Any

from gevent.pool import Pool

from load_tests.api import Api
from load_tests.size import Size
from load_tests.tokens import Tokens

NAME = "Load test {}"
MENU = [
    {
        "name": name,
        "items": [{"name": f"{name} {n}", "price": f"{n}.50"} for n in range(2, 12)],
    }
    for name in ("Starter", "Main", "Dessert", "Wine")
]
AT_ONCE = 10
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


class Founder:
    """Makes what is missing. Every request has its key: two of them make nothing twice."""

    def __init__(self, api: Api, tokens: Tokens) -> None:
        self._api = api
        self._token = tokens.of("admin")

    def found(self, size: Size) -> list[Restaurant]:
        known = self._known()
        numbers = range(1, size.restaurants + 1)
        rows = Pool(AT_ONCE).imap(
            lambda number: self._found(number, known.get(NAME.format(number)), size), numbers
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

    def _found(self, number: int, id_: int | None, size: Size) -> Restaurant:
        if id_ is None:
            id_ = self._create(
                "/restaurants", f"load-{number}",
                name=NAME.format(number), currency="EUR", timezone="Europe/Rome",
            )["data"]["id"]  # fmt: skip
        here = f"/restaurants/{id_}"
        status = self._look(here)
        waiters = [row["waiter_id"] for row in status["waiters"]]
        for n in range(len(waiters), size.waiters):
            waiter = self._create(f"{here}/waiters", f"load-{number}-w{n}", name=f"Waiter {n + 1}")
            waiters.append(waiter["waiter_id"])
        tables = status["tables"]["list"]
        for row in tables:
            self._clear(row)
        found = [(row["table_id"], row["waiter_id"]) for row in tables if row["waiter_id"]]
        for n in range(len(tables), size.tables):
            waiter_id = waiters[n % len(waiters)]
            table = self._create(
                f"{here}/tables", f"load-{number}-t{n}",
                number=str(n + 1), zone="AB"[n % 2], seats=4, waiter_id=waiter_id,
            )  # fmt: skip
            found.append((table["table_id"], waiter_id))
        return Restaurant(id_, found, waiters, self._menu(here))

    def _menu(self, here: str) -> list[int]:
        menu = self._look(f"{here}/menu")
        if not menu["categories"]:
            self._api.send("PUT", "a menu", f"{here}/menu", self._token, {"categories": MENU})
            menu = self._look(f"{here}/menu")
        return [item["id"] for category in menu["categories"] for item in category["items"]]

    def _clear(self, table: dict[str, Any]) -> None:
        """Close what a test that was cut off has left open."""
        if table["session"] is not None:
            path = f"/sessions/{table['session']['id']}/close"
            reason = "left by an earlier load test"
            self._api.send("POST", "close", path, self._token, {"force": True, "reason": reason})

    def _create(self, path: str, key: str, **body: Any) -> dict[str, Any]:
        return self._api.send("POST", "set up", path, self._token, body, key).data

    def _look(self, path: str) -> dict[str, Any]:
        return self._api.look("set up", path, self._token)
