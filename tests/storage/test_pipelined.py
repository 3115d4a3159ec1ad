"""The pipelined connection against a server whose replies the test controls."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
import redis
import uvloop
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError

from storage import resp_connection
from storage.embedded import EmbeddedStore
from storage.pipelined import PipelinedConnection
from tests.eventually import eventually
from tests.storage.slow_server import connection_to, slow_server


@pytest.fixture(
    scope="module",
    params=[asyncio.DefaultEventLoopPolicy, uvloop.EventLoopPolicy],
    ids=["asyncio", "uvloop"],
)
def event_loop_policy(request: pytest.FixtureRequest) -> asyncio.AbstractEventLoopPolicy:
    policy: asyncio.AbstractEventLoopPolicy = request.param()
    return policy


def run(connection: PipelinedConnection, *values: str) -> "asyncio.Task[list[Any]]":
    return asyncio.create_task(connection.run([("ECHO", value) for value in values]))


async def test_commands_of_one_loop_iteration_are_sent_in_one_write(tmp_path: Path) -> None:
    async with slow_server(tmp_path) as (server, connection):
        server.open.set()
        await connection.run([("ECHO", "first")])
        before = server.reads
        answers = await asyncio.gather(*(run(connection, "a", "b") for _ in range(50)))
        assert server.reads == before + 1
        assert answers == [[1 + 2 * n, 2 + 2 * n] for n in range(50)]
        assert server.connections == 1


async def test_a_cancelled_caller_does_not_shift_the_replies_of_others(tmp_path: Path) -> None:
    async with slow_server(tmp_path) as (server, connection):
        cancelled, other = run(connection, "a", "b"), run(connection, "c")
        await eventually(lambda: server.commands)
        cancelled.cancel()
        server.open.set()
        assert await other == [2]
        assert await run(connection, "d") == [3]
        assert server.commands == [b"a", b"b", b"c", b"d"]
        assert cancelled.cancelled()


async def test_a_caller_cancelled_before_the_connection_opens_sends_nothing(tmp_path: Path) -> None:
    async with slow_server(tmp_path) as (server, connection):
        server.open.set()
        cancelled, other = run(connection, "a"), run(connection, "b")
        await asyncio.sleep(0)
        cancelled.cancel()
        assert await other == [0]
        assert server.commands == [b"b"]


async def test_late_reply_closes_the_connection_and_is_discarded(tmp_path: Path) -> None:
    async with slow_server(tmp_path) as (server, connection):
        early, late = run(connection, "a"), run(connection, "b")
        for task in (early, late):
            with pytest.raises(redis.TimeoutError, match="no reply"):
                await task
        server.open.set()
        assert await run(connection, "c") == [len(server.commands) - 1]
        assert server.commands[-1] == b"c"
        assert server.connections == 2


async def test_cancelled_callers_do_not_keep_a_silent_connection_open(tmp_path: Path) -> None:
    async with slow_server(tmp_path) as (server, connection):
        cancelled = run(connection, "a")
        await eventually(lambda: server.commands)
        cancelled.cancel()
        with pytest.raises(redis.TimeoutError):
            await run(connection, "b")
        server.open.set()
        await run(connection, "c")
        assert server.connections == 2


async def test_a_lost_connection_fails_pending_calls_and_is_replaced(tmp_path: Path) -> None:
    async with slow_server(tmp_path) as (server, connection):
        waiting = run(connection, "a")
        await eventually(lambda: server.commands)
        server.cut()
        with pytest.raises(ConnectionLost):
            await waiting
        server.open.set()
        await run(connection, "b")
        assert server.commands == [b"a", b"b"]
        assert server.connections == 2


async def test_connection_closed_while_the_process_was_suspended_is_not_reused(
    valkey: EmbeddedStore,
) -> None:
    connection = connection_to(valkey.url, 5.0)
    await connection.run([("PING",)])
    with redis.Redis.from_url(valkey.url) as client:
        client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    time.sleep(resp_connection.IDLE_S)  # noqa: ASYNC251  # stalls the loop, which has not read the close
    assert await connection.run([("ECHO", "a")]) == [b"a"]
    await connection.close()


async def test_invalid_reply_bytes_close_the_connection(tmp_path: Path) -> None:
    async with slow_server(tmp_path) as (server, connection):
        waiting = run(connection, "a")
        await eventually(lambda: server.commands)
        server.push(b"HTTP/1.1 400 Bad Request\r\n")
        with pytest.raises(ConnectionLost):
            await waiting


async def test_push_messages_are_not_taken_for_replies(tmp_path: Path) -> None:
    async with slow_server(tmp_path) as (server, connection):
        waiting = run(connection, "a")
        await eventually(lambda: server.commands)
        server.push(b">2\r\n+invalidate\r\n*0\r\n")
        server.open.set()
        assert await waiting == [0]


@pytest.mark.parametrize(
    "limit",
    ["storage.pipelined.MAX_WAITING", "storage.resp_connection.MAX_WAITING_BYTES"],
    ids=["calls", "bytes"],
)
async def test_calls_over_the_queue_limit_fail_without_being_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    async with slow_server(tmp_path) as (server, connection):
        first = run(connection, "x" * 200)
        await eventually(lambda: server.commands)
        monkeypatch.setattr(limit, 1)
        with pytest.raises(ConnectionLost, match="wait for the store"):
            await run(connection, "b")
        server.open.set()
        assert await first == [0]
        assert await run(connection, "c") == [1]
        assert server.commands == [b"x" * 200, b"c"]


async def test_a_closed_connection_stays_closed(tmp_path: Path) -> None:
    async with slow_server(tmp_path) as (server, connection):
        waiting = run(connection, "a")
        await eventually(lambda: server.commands)
        await connection.close()
        for task in (waiting, run(connection, "b")):
            with pytest.raises(ConnectionLost, match="closed"):
                await task


async def test_closing_while_connecting_fails_pending_calls(tmp_path: Path) -> None:
    async with slow_server(tmp_path) as (_, connection):
        waiting = run(connection, "a")
        await asyncio.sleep(0)
        await connection.close()
        with pytest.raises(ConnectionLost, match="closed"):
            await waiting


async def test_closing_while_connecting_does_not_swallow_a_cancellation(tmp_path: Path) -> None:
    async with slow_server(tmp_path) as (_, connection):
        cancelled = run(connection, "a")
        await asyncio.sleep(0)
        cancelled.cancel()
        await connection.close()
        with pytest.raises(asyncio.CancelledError):
            await cancelled


async def test_a_server_without_a_greeting_times_out(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listener = await asyncio.start_unix_server(silent, tmp_path / "s")
    connection = connection_to(f"unix://{tmp_path / 's'}")
    with pytest.raises((redis.TimeoutError, RedisError)):
        await run(connection, "a")
    await connection.close()
    listener.close()
