"""Pipelined connections to real servers: settings of the URL, errors, and TLS."""

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path

import pytest
import redis
import trustme
from redis.exceptions import ResponseError

from storage.embedded import EmbeddedStore
from tests.storage.servers import free_ports
from tests.storage.slow_server import connection_to


async def test_an_error_reply_does_not_fail_other_commands(valkey: EmbeddedStore) -> None:
    connection = connection_to(valkey.url, 5.0)
    answers = await connection.run([("ECHO", "a"), ("HGET", "only a key"), ("ECHO", b"\xff")])
    assert answers[::2] == [b"a", b"\xff"]
    assert isinstance(answers[1], ResponseError)
    await connection.close()


async def test_a_connection_uses_user_password_database_and_name_of_the_url(
    valkey: EmbeddedStore,
) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        client.acl_setuser(
            "cook", enabled=True, passwords=["+p@ss"], commands=["+@all"], keys=["*"]
        )
        try:
            path = valkey.url.removeprefix("unix://")
            connection = connection_to(f"unix://cook:p%40ss@{path}?db=3&client_name=till", 5.0)
            user, info = await connection.run([("ACL", "WHOAMI"), ("CLIENT", "INFO")])
            assert user == b"cook"
            assert b" db=3 " in info
            assert b" name=till " in info
            await connection.close()
        finally:
            client.acl_deluser("cook")


async def test_a_connection_over_tls_requires_a_trusted_certificate(
    valkey: EmbeddedStore, tmp_path: Path
) -> None:
    """The server of the wheel has no TLS: a tunnel terminates it."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(2**16):
                writer.write(data)
        writer.close()

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_unix_connection(valkey.url.removeprefix("unix://"))
        await asyncio.gather(copy(reader, outer), copy(inner, writer))

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority = trustme.CA()
    authority.issue_cert("localhost").configure_cert(context)
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(trusted)
    [port] = free_ports(1)
    listener = await asyncio.start_server(tunnel, "localhost", port, ssl=context)
    trusting = connection_to(f"rediss://localhost:{port}?ssl_ca_certs={trusted}", 5.0)
    assert await trusting.run([("ECHO", "a" * 100_000)]) == [b"a" * 100_000]
    strict = connection_to(f"rediss://localhost:{port}", 5.0)
    with pytest.raises(ssl.SSLCertVerificationError):
        await strict.run([("PING",)])
    await trusting.close()
    await strict.close()
    listener.close()
