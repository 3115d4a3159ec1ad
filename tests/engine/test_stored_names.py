"""Data stored by an earlier release is read unchanged, although names in the code have changed.

`stored_by_ef3e53d.json` was written by that commit: all keys of a store, with effects under way in
an outbox, the snapshots of its entities, an outbox entry of each type of message, and requests with
their digests and replies.
"""

from collections.abc import AsyncIterator
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson
import pytest
import redis
from pydantic import TypeAdapter

from domain.behaviours import BEHAVIOURS
from domain.messages import HandOverMenu, decode_message, encode_message
from engine.messages import Done, Submit, Subscribe, Subscribed
from engine.placement import Mode, Placement
from gateway.backend.command_dispatch import request_ref_of
from protocol import commands as c
from protocol.caller import SYSTEM, Caller, Role
from protocol.codec import encode, encode_stored
from protocol.errors import Rejected
from protocol.ids import CHANNELS, Address, Channel, Kind, Topic
from protocol.stored_names import stored_form, stored_name
from protocol.values import format_money
from storage import keys
from storage.codec import changes, restore
from storage.embedded import EmbeddedStore
from storage.store import Store
from tests.engine.restaurant_driver import LocalDriver
from tests.eventually import eventually
from tests.local_hosts import LocalHosts

STORED = orjson.loads(Path(__file__).with_name("stored_by_ef3e53d.json").read_bytes())
KEYS: dict[str, Any] = STORED["keys"]
ENTITIES = [
    Address(Kind(kind), int(id_), 1)
    for kind, _, id_ in (name.partition(":") for name in STORED["snapshots"])
]
SESSION = Address(Kind.SESSION, 101, 1)
EVENTS = {
    stored_name(cls): cls
    for module in (
        "domain.order.state", "domain.session.state", "domain.table.state", "domain.waiter.state",
        "domain.restaurant.state", "domain.menu.state", "domain.device.state",
        "domain.notifications",
    )
    for cls in vars(import_module(module)).values()
    if isinstance(cls, type) and is_dataclass(cls)
}  # fmt: skip


@pytest.fixture
async def driver(store: Store, valkey: EmbeddedStore) -> AsyncIterator[LocalDriver]:
    """Hosts on the stored data, as if its server had never been restarted."""
    with redis.Redis.from_url(valkey.url) as client:
        for key, value in KEYS.items():
            if isinstance(value, dict):
                client.hset(key, mapping=value)
            elif isinstance(value, str):
                client.set(key, value)
            elif key.endswith(":due"):
                client.zadd(key, dict(value))
            else:
                client.rpush(key, *value)
        info: Any = client.info("replication")
        for address in ENTITIES:
            client.hset(keys.entity(address), "life", info["master_replid"])
    driver = LocalDriver(LocalHosts(store, Placement(Mode.ENTITY, shards=1)))
    yield driver
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)


def assert_contains(written: Any, stored: Any) -> None:
    """The written value has all fields of the stored one. It may have more."""
    if isinstance(stored, dict):
        for name, value in stored.items():
            assert_contains(written[name], value)
    elif isinstance(stored, list):
        assert len(written) == len(stored)
        for one, other in zip(written, stored, strict=True):
            assert_contains(one, other)
    else:
        assert written == stored


def _state_of(address: Address) -> dict[str, Any]:
    fields = KEYS[keys.entity(address)].items()
    return {name[2:]: value for name, value in fields if name.startswith("s:")}


@pytest.mark.parametrize("address", ENTITIES, ids=str)
def test_state_of_an_earlier_release_keeps_its_names(address: Address) -> None:
    stored = _state_of(address)
    state = restore(BEHAVIOURS[address.kind].state, {n: v.encode() for n, v in stored.items()})
    written = {name: value for name, value in changes(None, state).items() if value is not None}
    assert_contains(
        {n: orjson.loads(v) for n, v in written.items()},
        {n: orjson.loads(v) for n, v in stored.items()},
    )


@pytest.mark.parametrize("name", sorted(STORED["messages"].keys() - {"PriceItems"}))  # never stored
def test_outbox_messages_of_an_earlier_release_keep_their_names(name: str) -> None:
    for entry in STORED["messages"][name]:
        stored = orjson.loads(entry)["message"]
        message = decode_message(stored)
        assert stored_name(type(message)) == name
        assert_contains(orjson.loads(encode_stored(encode_message(message))), stored)


def test_history_events_of_an_earlier_release_keep_their_names() -> None:
    logs = [value for key, value in KEYS.items() if key.endswith(":log")]
    events = [orjson.loads(entry) for log in logs for entry in log]
    assert len({event["type"] for event in events}) == 39
    for stored in events:
        event = TypeAdapter(EVENTS[stored["type"]]).validate_python(stored["data"])
        assert_contains(orjson.loads(encode(stored_form(event))), stored["data"])


async def test_snapshots_of_an_earlier_releases_state_are_unchanged(driver: LocalDriver) -> None:
    for address in ENTITIES:
        if address == SESSION:  # when loaded, it delivers its outbox to the others
            continue
        for channel in CHANNELS[address.kind]:
            frame = orjson.loads(STORED["snapshots"][str(address)][channel.value])
            assert_contains(await driver.snapshot(address, channel), frame["data"])


async def test_the_menu_of_an_earlier_release_is_handed_over(driver: LocalDriver) -> None:
    home, menu = Address(Kind.RESTAURANT, 1, 1), Address(Kind.MENU, 1, 1)
    assert await driver.snapshot(menu) == {}
    await driver.post(Submit(home, HandOverMenu(), SYSTEM))
    await eventually(lambda: driver.snapshot(menu))
    seen, stored = await driver.snapshot(menu), STORED["snapshots"][str(home)]["menu"]
    assert_contains({**seen, "version": 0}, {**orjson.loads(stored)["data"], "version": 0})


async def test_history_and_audit_of_an_earlier_release_can_be_read(
    driver: LocalDriver, store: Store
) -> None:
    for address in ENTITIES:
        key = keys.entity(address)
        history = [entry.decode() for _, entry in await store.history(address, limit=1000)]
        assert history == KEYS.get(f"{key}:log", [])
        audit = [entry.decode() for _, entry in await store.audit(address, limit=1000)]
        assert audit == KEYS.get(f"{key}:audit", [])


async def test_a_subscriber_resumes_from_the_journal_of_an_earlier_release(
    driver: LocalDriver,
) -> None:
    order = Address(Kind.ORDER, 200, 1)
    journal = KEYS[f"{keys.entity(order)}:j:order"]
    epoch = KEYS[keys.entity(order)]["epoch"]
    topic = Topic(order, Channel.ORDER)
    joined = await driver.post(Subscribe(topic, "test", 1, Role.MANAGER, epoch, len(journal) - 2))
    assert isinstance(joined, Subscribed)
    assert joined.resumed
    assert [frame.decode() for frame in joined.frames] == journal[-2:]


async def test_the_outbox_of_an_earlier_release_is_delivered(driver: LocalDriver) -> None:
    assert set(KEYS[f"{keys.entity(SESSION)}:out"]) == {"e:2", "e:3", "e:4", "t:call:101-1"}
    assert (await driver.snapshot(SESSION))["guests_count"] == 4
    table, waiter = Address(Kind.TABLE, 5, 1), Address(Kind.WAITER, 10, 1)

    async def is_delivered() -> bool:
        party = (await driver.snapshot(table))["session"]
        tasks = {task["notification_id"] for task in (await driver.snapshot(waiter))["tasks"]}
        return bool(party["guests_count"] == 4 and "call-101-1" in tasks)

    await eventually(is_delivered)


@pytest.mark.parametrize("request_", STORED["requests"], ids=lambda each: each["request_id"])
async def test_a_repeated_request_of_an_earlier_release_gets_its_first_reply(
    driver: LocalDriver, request_: dict[str, Any]
) -> None:
    kind, id_, restaurant = request_["to"]
    to = Address(Kind(kind), id_, restaurant)
    role, subject = request_["caller"]
    caller = Caller(Role(role), subject)
    fields = {**request_["fields"], "request_id": request_["request_id"]}
    command = TypeAdapter(getattr(c, request_["command"])).validate_python(_as_sent(fields))
    ref = request_ref_of(to, command, caller)
    assert ref.previous_digest == request_["digest"] != ref.digest
    reply = await driver.post(Submit(to, command, caller, ref))
    if isinstance(reply, Done):
        assert [reply.changed, reply.version, reply.result] == request_["reply"]
    else:
        assert isinstance(reply, Rejected)
        assert [reply.code, reply.error, reply.details] == request_["reply"]


def _as_sent(value: Any) -> Any:
    """Stored fields of a command as a client sends them: money as a string."""
    if isinstance(value, list):
        return [_as_sent(each) for each in value]
    if not isinstance(value, dict):
        return value
    money = ("amount", "price", "unit_price")
    return {
        name: format_money(each) if name in money else _as_sent(each)
        for name, each in value.items()
    }
