"""Deliberate performance bugs, each of which a budget must detect."""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import fields, replace
from typing import Any

import orjson
import pytest

import engine.commit
from domain.behaviours import BEHAVIOURS
from engine import codec, streams
from engine.decide import Decider, Unit
from engine.entity import LoadedEntity
from engine.entity_cache import EntityCache, Resident
from engine.messages import View
from engine.staging import Staging
from engine.streams import Stream
from engine.transaction import EntityTransaction
from gateway.backend import message_queue
from gateway.backend.host_link import HostLink
from gateway.backend.topic_subscribers import Subscription
from gateway.server.frames import TextFrame, encode_text_frame
from gateway.websocket.connection import Connection
from protocol import codec as protocol_codec
from protocol.codec import encode
from protocol.ids import Address, Channel
from storage.store import EntityCommit
from tests.costs import calls, paths
from tests.costs.accepting_store import AcceptingStore
from tests.costs.bounds import check, check_calls, check_growth
from tests.costs.growth import late_in_batch, with_2000_entities

Patch = pytest.MonkeyPatch
FEW = 8
"""Commands in a batch, enough to detect a cost per command."""


async def test_parsing_a_frame_twice_is_detected(monkeypatch: Patch) -> None:
    parse = protocol_codec.parse_frame

    def twice(channel: Channel, frame: bytes) -> Any:
        return parse(channel, frame) and parse(channel, frame)

    monkeypatch.setattr(protocol_codec, "parse_frame", twice)
    for action in paths.FRAMES:
        with pytest.raises(AssertionError, match="parse_frame"):
            check(paths.parse(action))
    burst = await calls.burst_calls()
    with pytest.raises(AssertionError, match="validations"):
        check_calls("validations of a command", burst.validations)


async def test_copying_states_to_undo_a_command_is_detected(monkeypatch: Patch) -> None:
    begin = EntityTransaction.__init__

    def copied(staged: EntityTransaction, entity: LoadedEntity) -> None:
        begin(staged, entity)
        staged.state = deepcopy(entity.state)

    monkeypatch.setattr(EntityTransaction, "__init__", copied)
    with pytest.raises(AssertionError, match="deepcopy"):
        check(await paths.turn("update_status", FEW))


async def test_writing_whole_states_is_detected(monkeypatch: Patch) -> None:
    def whole(before: Any, after: Any) -> dict[str, bytes]:
        copied = deepcopy(after)
        return {each.name: encode(getattr(copied, each.name)) for each in fields(copied)}

    monkeypatch.setattr(engine.commit, "changes", whole)
    with pytest.raises(AssertionError, match="deepcopy"):
        check(await paths.encode("update_status", FEW))


async def test_encoding_an_event_for_each_socket_is_detected(monkeypatch: Patch) -> None:
    push = Connection.send

    def encoded(self: Connection, frame: TextFrame, **how: bool) -> None:
        push(self, encode_text_frame(protocol_codec.encode(orjson.loads(frame.payload))), **how)

    monkeypatch.setattr(Connection, "send", encoded)
    with pytest.raises(AssertionError, match="encode_text_frame"):
        check(await paths.fan_out())
    added = await calls.added_by_sockets(paths.SOCKETS - 1)
    with pytest.raises(AssertionError, match="encodings"):
        check_calls("encodings that another 999 sockets add", added.encodings)
    with pytest.raises(AssertionError, match="framings"):
        check_calls("framings that another 999 sockets add", added.framings)


async def test_encoding_an_event_for_each_gateway_is_detected(monkeypatch: Patch) -> None:
    send_frame = Stream.send_frame

    def encoded(self: Stream, frame: bytes) -> None:
        send_frame(self, codec.encode(*codec.decode(frame)))

    monkeypatch.setattr(Stream, "send_frame", encoded)
    added = await calls.added_per_gateway(2)
    with pytest.raises(AssertionError, match="encodings"):
        check_calls("encodings that another gateway adds", added.encodings)


async def test_decoding_a_frame_twice_is_detected(monkeypatch: Patch) -> None:
    decode = codec.decode

    def twice(frame: memoryview) -> Any:
        return decode(frame) and decode(frame)

    monkeypatch.setattr(streams, "decode", twice)
    added = await calls.added_per_gateway(2)
    with pytest.raises(AssertionError, match="decodings"):
        check_calls("decodings that another gateway adds", added.decodings)


async def test_decoding_an_event_for_each_socket_is_detected(monkeypatch: Patch) -> None:
    push = Subscription.deliver

    def decoded(self: Subscription, seq: int, frame: TextFrame) -> None:
        _, view = codec.decode(codec.encode(0, View(frame.payload)))
        assert isinstance(view, View)
        push(self, seq, encode_text_frame(view.frame))

    monkeypatch.setattr(Subscription, "deliver", decoded)
    added = await calls.added_by_sockets(paths.SOCKETS - 1)
    with pytest.raises(AssertionError, match="decodings"):
        check_calls("decodings that another 999 sockets add", added.decodings)


async def test_reading_a_stream_in_small_pieces_is_detected(monkeypatch: Patch) -> None:
    received = Stream.data_received

    def in_pieces(self: Stream, data: bytes) -> None:
        for start in range(0, len(data) or 1, 64):
            received(self, data[start : start + 64])

    monkeypatch.setattr(Stream, "data_received", in_pieces)
    with pytest.raises(AssertionError, match=r"FrameReader\.feed"):
        check(await paths.transport("update_status", FEW))


async def test_walking_over_all_pending_messages_for_each_message_is_detected(
    monkeypatch: Patch,
) -> None:
    append = HostLink.append

    def walking(self: HostLink, *how: Any) -> None:
        assert all(number > 0 for number in self.messages.in_flight for _ in range(4 * 9))
        append(self, *how)

    monkeypatch.setattr(HostLink, "append", walking)
    with pytest.raises(AssertionError, match="walks"):
        check_growth("a later command of a batch", *await late_in_batch("update_status"))


async def test_deciding_twice_is_detected(monkeypatch: Patch) -> None:
    def twice(decide: Any) -> Any:
        return lambda *asked: decide(*asked) and decide(*asked)

    for kind, behaviour in BEHAVIOURS.items():
        monkeypatch.setitem(BEHAVIOURS, kind, replace(behaviour, decide=twice(behaviour.decide)))
    _, decisions = await calls.turn_calls("update_status")
    with pytest.raises(AssertionError, match="decisions"):
        check_calls("decisions of update_status", decisions)


async def test_walking_over_all_transactions_for_each_command_is_detected(
    monkeypatch: Patch,
) -> None:
    decide = Decider.decide

    def walking(self: Decider, message: Any) -> Unit:
        assert all(
            each.version >= 0 for each in self._staging.transactions.values() for _ in range(9)
        )
        return decide(self, message)

    monkeypatch.setattr(Decider, "decide", walking)
    with pytest.raises(AssertionError, match="walks"):
        check_growth("a later command of a batch", *await late_in_batch("update_status"))


async def test_walking_over_all_entities_for_each_batch_is_detected(monkeypatch: Patch) -> None:
    load = EntityCache.load

    async def walking(self: EntityCache, addresses: Iterable[Address]) -> list[Resident]:
        assert all(entity.version >= 0 for entity in self)
        return await load(self, addresses)

    monkeypatch.setattr(EntityCache, "load", walking)
    with pytest.raises(AssertionError, match="walks"):
        check_growth("a command with 2,000 entities", *await with_2000_entities("place_order"))


async def test_a_round_trip_for_each_restaurant_is_detected(monkeypatch: Patch) -> None:
    commit = AcceptingStore.commit

    async def apart(self: AcceptingStore, commits: Sequence[EntityCommit]) -> frozenset[int]:
        for each in commits:
            await commit(self, [each])
        return frozenset()

    monkeypatch.setattr(AcceptingStore, "commit", apart)
    commits, _ = await calls.store_calls("update_status")
    with pytest.raises(AssertionError, match="commits"):
        check_calls("commits of a batch", commits)


async def test_claiming_created_entities_is_detected(monkeypatch: Patch) -> None:
    begin = Staging.transaction

    def claimed(self: Staging, address: Address, *, creates: bool = False) -> EntityTransaction:
        return begin(self, address)

    monkeypatch.setattr(Staging, "transaction", claimed)
    _, claims = await calls.store_calls("place_order")
    with pytest.raises(AssertionError, match="claims"):
        check_calls("claims for a batch", claims)


async def test_sending_small_batches_is_detected(monkeypatch: Patch) -> None:
    monkeypatch.setattr(message_queue, "WINDOW", 32)
    burst = await calls.burst_calls()
    with pytest.raises(AssertionError, match="writes"):
        check_calls("writes of a burst of 500 commands", burst.sends)


async def test_writing_each_message_alone_is_detected(monkeypatch: Patch) -> None:
    send_frame = Stream.send_frame

    def alone(self: Stream, frame: bytes) -> None:
        send_frame(self, frame)
        self._flush()

    monkeypatch.setattr(Stream, "send_frame", alone)
    burst = await calls.burst_calls()
    with pytest.raises(AssertionError, match="writes"):
        check_calls("writes of a burst of 500 commands", burst.sends)
    with pytest.raises(AssertionError, match="writes"):
        check_calls("writes of the replies to a burst", burst.replies)
