"""Pipelined connections to real servers: settings of the URL, errors, and TLS."""

import asyncio
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
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


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate of localhost, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "pem"
    path.write_bytes(
        signed.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path


async def test_a_connection_over_tls_requires_a_trusted_certificate(
    valkey: EmbeddedStore, certificate: Path
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
    context.load_cert_chain(certificate)
    [port] = free_ports(1)
    listener = await asyncio.start_server(tunnel, "localhost", port, ssl=context)
    trusting = connection_to(f"rediss://localhost:{port}?ssl_ca_certs={certificate}", 5.0)
    assert await trusting.run([("ECHO", "a" * 100_000)]) == [b"a" * 100_000]
    strict = connection_to(f"rediss://localhost:{port}", 5.0)
    with pytest.raises(ssl.SSLCertVerificationError):
        await strict.run([("PING",)])
    await trusting.close()
    await strict.close()
    listener.close()
