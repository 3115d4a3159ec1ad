"""The job of each hot path on plain dicts, without any checks: the unit of the budgets.

The counts of product and plain job change together with the interpreter, so their ratio does not.
A change here changes every budget.
"""

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from msgpack import packb, unpackb

STATUSES = ("pending", "confirmed", "ready", "delivered", "cancelled")
ENTITIES = ("order:1", "session:1", "restaurant:1", "waiter:1")
"""Entities that one command changes."""
BEFORE = {"id": 1, "status": "confirmed", "version": 3, "seq": 7, "guests": 2, "name": "Ada"}


def parse(frame: bytes) -> tuple[str, Any]:
    fields = orjson.loads(frame)
    action = fields.pop("action")
    if action == "place_order":
        return action, [(line["menu_item_id"], line.get("quantity", 1)) for line in fields["items"]]
    if fields["status"] not in STATUSES:
        raise ValueError(fields["status"])
    return action, fields["status"]


def turn() -> dict[str, Any]:
    """Change four entities, record their events and publish them."""
    entities: dict[str, dict[str, Any]] = dict.fromkeys(ENTITIES, BEFORE)
    published: dict[str, list[bytes]] = {}
    history: dict[str, list[bytes]] = {}
    for name in ENTITIES:
        before = entities[name]
        after = {**before, "status": "ready", "version": before["version"] + 1}
        after["seq"] = seq = before["seq"] + 1
        event = {"type": "StatusChanged", "by": "manager:1", "version": after["version"]}
        history.setdefault(name, []).append(orjson.dumps(event))
        frame = {"type": "order_update", "data": after, "seq": seq}
        published.setdefault(name, []).append(orjson.dumps(frame))
        entities[name] = after
    return {"done": True, "entities": entities, "published": published, "history": history}


def transport() -> list[tuple[str, bytes]]:
    """Send a command to another process, and its reply and an event per entity back."""
    written: list[tuple[str, bytes]] = []
    waiting: dict[int, Callable[[Any], None]] = {1: lambda reply: None}
    number, to, action, fields = unpackb(
        packb((1, "order:1", "update_status", {"status": "ready"}))
    )
    assert (to, action) == ("order:1", "update_status")
    event = orjson.dumps({"type": "order_update", "data": fields, "seq": 8})
    stream = [packb((0, name, event)) for name in ENTITIES]
    stream.append(packb((number, "done", 4)))
    for frame in stream:
        number, name, body = unpackb(frame)
        if number:
            waiting.pop(number)(body)
        else:
            written.append((name, b"\x81" + len(body).to_bytes(2) + body))
    return written


def encode() -> bytes:
    """Changed fields of four entities, and a list entry for each, as one packed call."""
    operations: list[list[Any]] = []
    for index, name in enumerate(ENTITIES, 1):
        after = {**BEFORE, "status": "ready", "version": 4, "seq": 8}
        written: list[Any] = []
        for field, value in after.items():
            if BEFORE[field] != value:
                written += (f"s:{field}", orjson.dumps(value))
        operations.append(["HSET", index, *written])
        operations.append(["RPUSH", index, f"{name}:log", orjson.dumps(after)])
    packed: bytes = packb({"owners": ENTITIES, "operations": operations})
    return packed


def fan_out(sockets: Iterable[dict[str, Any]], seq: int, frame: bytes) -> None:
    for socket in sockets:
        if seq > socket["last"]:
            socket["last"] = seq
            write: Callable[[bytes], bool] = socket["write"]
            write(frame)
