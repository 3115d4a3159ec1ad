"""What each hot path would cost without the product: the same job on plain dicts, nothing checked.

These are the measure. Their counts change with the interpreter as the product's do, so that the
ratio of the two does not. Leave them alone: whoever changes one moves every bound.
"""

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from msgpack import packb

STATUSES = ("pending", "confirmed", "ready", "delivered", "cancelled")
ENTITIES = ("order:1", "session:1", "restaurant:1", "waiter:1")
"""What one command changes."""
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
    """Change four entities, write down what happened to each and tell who listens."""
    held: dict[str, dict[str, Any]] = dict.fromkeys(ENTITIES, BEFORE)
    told: dict[str, list[bytes]] = {}
    history: dict[str, list[bytes]] = {}
    for name in ENTITIES:
        before = held[name]
        after = {**before, "status": "ready", "version": before["version"] + 1}
        after["seq"] = seq = before["seq"] + 1
        event = {"type": "StatusChanged", "by": "manager:1", "version": after["version"]}
        history.setdefault(name, []).append(orjson.dumps(event))
        frame = {"type": "order_update", "data": after, "seq": seq}
        told.setdefault(name, []).append(orjson.dumps(frame))
        held[name] = after
    return {"done": True, "held": held, "told": told, "history": history}


def encode() -> bytes:
    """The fields of four entities that changed, and a list each, as one packed call."""
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
