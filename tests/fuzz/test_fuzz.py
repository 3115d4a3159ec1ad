"""Any bytes get a response of the protocol, from the parser and over a real socket."""

from collections.abc import Iterator
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from engine.placement import Mode, Placement
from gateway.settings import GatewaySettings, Limits
from protocol import commands as c
from protocol.codec import ACTIONS, parse_frame
from protocol.ids import Channel
from protocol.statuses import CallReason, ItemStatus, OrderStatus
from protocol.values import format_money
from restaurant_qr_wire.channels import MAX_FRAME_BYTES
from tests.attack_report import Attempts
from tests.fuzz.targets import BODIES, CHANNELS, CORPUS, one_input
from tests.gateway.conftest import KEYS, Gateway, Place
from tests.gateway.conftest import gateway as gateway
from tests.gateway.conftest import hosts as hosts
from tests.gateway.conftest import place as place

SEED = 20260128
PARSED_MUTATIONS = 20_000
SENT_MUTATIONS = 2_000
PARSERS = len(CHANNELS) + len(BODIES) + 1

DEEPLY_NESTED = [
    b"[" * 60_000,
    b'{"a":' * 12_000,
    b'{"action":"occupy","guests_count":' + b"9" * 60_000 + b"}",
]
SPECIAL_TOKENS = [b"\x00", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"1e999", b"-0", b'"', b"{", b"]",
           b"null", b"9" * 400, "\u2028é\u0663".encode()]  # fmt: skip


def corpus() -> list[bytes]:
    return [path.read_bytes() for path in sorted(CORPUS.iterdir())]


def mutations(random: Random, seeds: list[bytes], count: int) -> Iterator[bytes]:
    """Seeds with random bytes changed, deleted, repeated, mixed or replaced by special tokens."""
    for _ in range(count):
        data = bytearray(random.choice(seeds))
        for _ in range(random.randint(1, 6)):
            at, end = sorted(random.randint(0, len(data)) for _ in range(2))
            match random.randrange(6):
                case 0 if data:
                    data[random.randrange(len(data))] = random.randrange(256)
                case 1:
                    del data[at:end]
                case 2:
                    data[at:at] = data[at:end] * random.randint(1, 20)
                case 3:
                    data[at:end] = random.choice(SPECIAL_TOKENS)
                case 4:
                    other = random.choice(seeds)
                    data[at:end] = other[random.randint(0, len(other)) :]
                case _:
                    data[at:at] = random.randbytes(random.randint(1, 8))
        yield bytes(data)


@pytest.mark.attack("fuzz")
def test_mutations_of_the_corpus_get_a_response(attempts: Attempts) -> None:
    random, seeds = Random(SEED), corpus()
    tried = [bytes([reader]) + deep for reader in range(PARSERS) for deep in DEEPLY_NESTED]
    for data in (*seeds, *tried, *mutations(random, seeds, PARSED_MUTATIONS)):
        try:
            one_input(data)
        except Exception as error:
            attempts.refused(False, f"{data[:200]!r}: {error!r}")
        else:
            attempts.refused(True)


@given(st.integers(0, PARSERS), st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
@example(0, b"x" * (MAX_FRAME_BYTES + 1))
def test_any_bytes_get_a_response(reader: int, message: bytes) -> None:
    one_input(bytes([reader]) + message)


class TestOverASocket:
    @pytest.fixture
    def placement(self) -> Placement:
        return Placement(Mode.SHARD, shards=2)

    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(KEYS, limits=Limits(messages_per_s=1e6, burst_messages=10**6))

    @pytest.mark.attack("fuzz")
    async def test_fuzzed_messages_get_a_response_and_keep_the_socket_open(
        self, gateway: Gateway, place: Place, attempts: Attempts
    ) -> None:
        """Send text and binary frames over one socket of a table."""
        socket = await gateway.socket(f"tables/{place.table}")
        await socket.next()
        random, seeds = Random(SEED), [each[1:] for each in corpus()]
        for number, data in enumerate(mutations(random, seeds, SENT_MUTATIONS)):
            message = data if number % 8 == 0 else data.decode(errors="replace")
            if _is_command(message):
                continue
            await socket.raw.send(message)
            try:
                answer = await socket.next()
            except (ConnectionClosed, TimeoutError) as error:
                attempts.refused(False, f"{message!r}: {error!r}")
                break
            attempts.refused("code" in answer, f"{message!r}: {answer}")
        assert (await socket.request("get_status"))["data"]["changed"] is False


def _is_command(message: str | bytes) -> bool:
    """Whether a mutation is a valid command."""
    return isinstance(message, str) and isinstance(parse_frame(Channel.TABLE, message), c.Command)


# --- valid messages ------------------------------------------------------------------------------

IDS = st.integers(1, 2**53 - 1)
COUNTS = st.integers(1, 999)
MONEY = st.integers(0, 10**12)


def words(longest: int, shortest: int = 1) -> st.SearchStrategy[str]:
    text = st.text(st.characters(exclude_categories=["Cs"]), min_size=shortest, max_size=longest)
    return text.map(str.strip).filter(lambda each: len(each) >= shortest)


LINES = st.lists(
    st.fixed_dictionaries(
        {"menu_item_id": IDS}, optional={"quantity": COUNTS, "notes": words(500, 0)}
    )
    | st.fixed_dictionaries(
        {"name": words(120), "unit_price": MONEY}, optional={"quantity": COUNTS}
    ),
    min_size=1,
    max_size=5,
)
VOIDED = st.lists(
    st.fixed_dictionaries({"item_id": IDS}, optional={"units": COUNTS}), min_size=1, max_size=5
)
REASON = {"reason": words(200)}
FORCE = {"force": st.booleans(), **REASON}
FIELDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "update_status": ({"status": st.sampled_from(OrderStatus)}, REASON),
    "update_item": ({"item_id": IDS, "status": st.sampled_from(ItemStatus)}, REASON),
    "add_items": ({"items": LINES}, {}),
    "void_items": ({"items": VOIDED, **REASON}, {}),
    "deliver_items": ({"item_ids": st.lists(IDS, min_size=1, max_size=5).map(tuple)}, {}),
    "occupy": ({}, {"guests_count": COUNTS, "waiter_id": IDS}),
    "release": ({}, FORCE),
    "update_guests_count": ({"guests_count": COUNTS}, {}),
    "close_session": ({}, FORCE),
    "call_waiter": ({}, {"reason": st.sampled_from(CallReason)}),
    "place_order": ({"items": LINES}, {}),
    "acknowledge": ({"notification_id": words(64)}, {}),
}
COMMON_FIELDS = {"request_id": words(64), "expected_version": st.integers(0, 2**53 - 1)}


def valid_messages(channel: Channel) -> st.SearchStrategy[tuple[Channel, dict[str, Any]]]:
    """Valid messages on a channel, with money in minor units."""

    def of(action: str) -> st.SearchStrategy[dict[str, Any]]:
        needed, optional = FIELDS.get(action, ({}, {}))
        action_ = {"action": st.just(action)}
        return st.fixed_dictionaries({**action_, **needed}, optional={**optional, **COMMON_FIELDS})

    return st.sampled_from(sorted(ACTIONS[channel])).flatmap(of).map(lambda each: (channel, each))


@given(st.sampled_from(Channel).flatmap(valid_messages))
def test_a_valid_message_parses_to_its_command(
    valid: tuple[Channel, dict[str, Any]],
) -> None:
    channel, message = valid
    command = parse_frame(channel, orjson.dumps(_priced(message)))
    assert isinstance(command, c.Command), command
    for name, value in message.items():
        got = getattr(command, name)
        if name != "items":
            assert got == value
            continue
        for line, wanted in zip(got, value, strict=True):
            assert {each: getattr(line, each) for each in wanted} == wanted


def _priced(message: dict[str, Any]) -> dict[str, Any]:
    if "items" not in message:
        return message
    lines = [
        line | {"unit_price": format_money(line["unit_price"])} if "unit_price" in line else line
        for line in message["items"]
    ]
    return message | {"items": lines}
