"""Streams between the nodes of a cluster in which Ray encrypts connections (`RAY_USE_TLS=1`)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from engine.stream_sockets import connect
from engine.streams import HostUnavailable
from tests.engine.test_streams import READ, Caller, Host, tcp_of
from tests.eventually import eventually

ANOTHER_NODE = "node-2"


def use_certificate(
    monkeypatch: pytest.MonkeyPatch, directory: Path, issuer: trustme.CA, trusted: trustme.CA
) -> None:
    """Set the variables by which Ray finds its certificates: one of this issuer for 127.0.0.1, and
    the authority whose certificates are accepted."""
    directory.mkdir(exist_ok=True)
    certificate = issuer.issue_cert("127.0.0.1")
    pem = directory / "certificate.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(pem)
    trusted.cert_pem.write_to_path(directory / "authority.pem")
    monkeypatch.setenv("RAY_USE_TLS", "1")
    monkeypatch.setenv("RAY_TLS_SERVER_KEY", str(pem))
    monkeypatch.setenv("RAY_TLS_SERVER_CERT", str(pem))
    monkeypatch.setenv("RAY_TLS_CA_CERT", str(directory / "authority.pem"))


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def host(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: trustme.CA
) -> AsyncIterator[Host]:
    use_certificate(monkeypatch, tmp_path, authority, authority)
    host = Host()
    await tcp_of(host)
    yield host
    for stream in host.streams:
        stream.abort()


async def test_streams_between_nodes_are_encrypted(host: Host) -> None:
    endpoint, caller = await host.listener.endpoint(ANOTHER_NODE), Caller()
    sent = bytearray()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_host, from_host = (await asyncio.open_connection(*await tcp_of(host)))[::-1]
        backward = asyncio.ensure_future(copy(from_host, writer, bytearray()))
        await copy(reader, to_host, sent)
        await backward

    async with await asyncio.start_server(forward, "127.0.0.1", 0) as relay:
        address = relay.sockets[0].getsockname()
        await connect(endpoint._replace(address=address), "gateway-1", caller.stream)
        caller.stream.send(1, READ)
        await eventually(lambda: host.items == [(1, READ)])
        caller.stream.close()
    assert sent.startswith(b"\x16\x03"), "the beginning of a TLS handshake"
    assert endpoint.secret not in sent
    assert b"gateway-1" not in sent


async def copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, copied: bytearray
) -> None:
    while data := await reader.read(2**16):
        copied += data
        writer.write(data)
    writer.close()


async def test_a_connection_without_tls_is_closed(host: Host) -> None:
    endpoint, caller = await host.listener.endpoint(ANOTHER_NODE), Caller()
    await asyncio.get_running_loop().create_connection(lambda: caller.stream, *await tcp_of(host))
    caller.stream.send_preface(endpoint.secret, "gateway-1")
    await eventually(lambda: caller.lost)
    assert host.streams == []


async def test_a_host_with_a_certificate_of_another_authority_is_not_trusted(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endpoint, another = await host.listener.endpoint(ANOTHER_NODE), trustme.CA()
    use_certificate(monkeypatch, tmp_path / "caller", another, another)
    with pytest.raises(HostUnavailable, match="certificate verify failed"):
        await connect(endpoint, "gateway-1", Caller().stream)


async def test_a_caller_with_a_certificate_of_another_authority_is_not_accepted(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: trustme.CA
) -> None:
    endpoint, caller = await host.listener.endpoint(ANOTHER_NODE), Caller()
    use_certificate(monkeypatch, tmp_path / "caller", trustme.CA(), authority)
    await connect(endpoint, "gateway-1", caller.stream)
    await eventually(lambda: caller.lost)
    assert host.streams == []
