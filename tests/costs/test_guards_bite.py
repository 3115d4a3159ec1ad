"""Mistakes that a reviewer could miss, made on purpose: the bound meant for it catches each."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, replace
from typing import Any

import orjson
import pytest

import actors.draft
from actors.draft import Draft
from actors.host import Host
from actors.turn import Turn
from domain.behaviours import BEHAVIOURS
from gateway import links
from gateway.connection import Connection
from gateway.wire import TextFrame, framed
from protocol import frames
from protocol.frames import encode
from protocol.ids import Address, Channel
from storage.store import EntityCommit
from tests.costs import calls, paths
from tests.costs.accepting_store import AcceptingStore
from tests.costs.bounds import check, check_calls, check_growth
from tests.costs.growth import beside_2000_entities, later_in_a_batch

Patch = pytest.MonkeyPatch
FEW = 8
"""Commands in a batch: enough to see a mistake in each."""


async def test_parsing_a_frame_twice_is_noticed(monkeypatch: Patch) -> None:
    parse = frames.parse_frame

    def twice(channel: Channel, frame: bytes) -> Any:
        return parse(channel, frame) and parse(channel, frame)

    monkeypatch.setattr(frames, "parse_frame", twice)
    for action in paths.FRAMES:
        with pytest.raises(AssertionError, match="parse_frame"):
            check(paths.parse(action))
    _, validations = await calls.of_a_burst()
    with pytest.raises(AssertionError, match="validations"):
        check_calls("validations of a command", validations)


async def test_copying_states_to_undo_a_command_is_noticed(monkeypatch: Patch) -> None:
    mark = Draft.mark

    def copied(draft: Draft) -> Any:
        return mark(draft)._replace(state=deepcopy(draft.state))

    monkeypatch.setattr(Draft, "mark", copied)
    with pytest.raises(AssertionError, match="deepcopy"):
        check(await paths.turn("update_status", FEW))


async def test_writing_whole_states_is_noticed(monkeypatch: Patch) -> None:
    def whole(before: Any, after: Any) -> dict[str, bytes]:
        return {name: encode(value) for name, value in asdict(after).items()}

    monkeypatch.setattr(actors.draft, "changes", whole)
    with pytest.raises(AssertionError, match="asdict"):
        check(await paths.encode("update_status", FEW))


async def test_encoding_an_event_for_each_socket_is_noticed(monkeypatch: Patch) -> None:
    push = Connection.push

    def encoded(self: Connection, frame: TextFrame, **how: bool) -> None:
        push(self, framed(frames.encode(orjson.loads(frame.payload))), **how)

    monkeypatch.setattr(Connection, "push", encoded)
    with pytest.raises(AssertionError, match="framed"):
        check(await paths.fan_out())
    for_one, _ = await calls.of_an_event(1)
    for_all, framings = await calls.of_an_event(paths.CROWD)
    with pytest.raises(AssertionError, match="encodings"):
        check_calls("encodings that another 999 sockets add", for_all - for_one)
    with pytest.raises(AssertionError, match="framings"):
        check_calls("framings of an event", framings)


async def test_deciding_twice_is_noticed(monkeypatch: Patch) -> None:
    def twice(decide: Any) -> Any:
        return lambda *asked: decide(*asked) and decide(*asked)

    for kind, behaviour in BEHAVIOURS.items():
        monkeypatch.setitem(BEHAVIOURS, kind, replace(behaviour, decide=twice(behaviour.decide)))
    _, decisions = await calls.of_a_turn("update_status")
    with pytest.raises(AssertionError, match="decisions"):
        check_calls("decisions of update_status", decisions)


async def test_walking_over_all_drafts_for_each_command_is_noticed(monkeypatch: Patch) -> None:
    unit = Turn._unit

    async def walking(self: Turn, message: Any) -> Any:
        assert all(draft.held.version >= 0 for draft in self._drafts.values() for _ in range(9))
        return await unit(self, message)

    monkeypatch.setattr(Turn, "_unit", walking)
    with pytest.raises(AssertionError, match="walks"):
        check_growth("a later command of a batch", *await later_in_a_batch("update_status"))


async def test_walking_over_all_entities_for_each_batch_is_noticed(monkeypatch: Patch) -> None:
    load = Host.load

    async def walking(self: Host, addresses: Sequence[Address]) -> None:
        assert all(held.version >= 0 for held in self._held.values())
        await load(self, addresses)

    monkeypatch.setattr(Host, "load", walking)
    with pytest.raises(AssertionError, match="walks"):
        check_growth("a command beside 2,000 entities", *await beside_2000_entities("place_order"))


async def test_a_round_trip_for_each_restaurant_is_noticed(monkeypatch: Patch) -> None:
    commit = AcceptingStore.commit

    async def apart(self: AcceptingStore, commits: Sequence[EntityCommit]) -> frozenset[int]:
        for each in commits:
            await commit(self, [each])
        return frozenset()

    monkeypatch.setattr(AcceptingStore, "commit", apart)
    commits, _ = await calls.of_the_store("update_status")
    with pytest.raises(AssertionError, match="commits"):
        check_calls("commits of a batch", commits)


async def test_claiming_what_is_created_is_noticed(monkeypatch: Patch) -> None:
    create = Turn._draft

    async def claimed(self: Turn, address: Address, *, creates: bool = False) -> Draft:
        return await create(self, address)

    monkeypatch.setattr(Turn, "_draft", claimed)
    _, claims = await calls.of_the_store("place_order")
    with pytest.raises(AssertionError, match="claims"):
        check_calls("claims for a batch", claims)


async def test_sending_small_batches_is_noticed(monkeypatch: Patch) -> None:
    monkeypatch.setattr(links, "MAX_BATCH", 32)
    exchanges, _ = await calls.of_a_burst()
    with pytest.raises(AssertionError, match="exchanges"):
        check_calls("exchanges of a burst of 500 commands", exchanges)
