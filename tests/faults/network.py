"""Network namespaces with addresses that can be partitioned from each other.

Each is connected to a switch namespace. A partitioned one loses every packet from and to the
others; the test itself still reaches it, as clients reach a machine that its data centre cannot.
"""

import secrets
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass

IP = shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin")


class NotSupported(Exception):
    """This machine does not support the fault."""


@dataclass(frozen=True)
class NetworkNamespace:
    """A namespace for processes, started with `enter` before their command."""

    address: str
    enter: tuple[str, ...] = ()


LOOPBACK = NetworkNamespace("127.0.0.1")


class Network:
    """Created on construction. Raises NotSupported."""

    def __init__(self) -> None:
        self._mark = f"rq{secrets.token_hex(3)}"
        self._net = f"10.{64 + secrets.randbelow(64)}"
        self._switch = f"{self._mark}-switch"
        self._namespaces: list[str] = []
        self._cable_count = 0
        try:
            self._add(self._switch)
            self._on(self._switch, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
            self._connect(None)
        except (OSError, subprocess.CalledProcessError) as error:
            self.close()
            why = getattr(error, "stderr", b"") or str(error).encode()
            raise NotSupported(
                f"network namespaces are not available: {why.decode().strip()}"
            ) from error

    def namespace(self) -> NetworkNamespace:
        """Add a namespace."""
        name = f"{self._mark}-{self._cable_count}"
        self._add(name)
        return NetworkNamespace(self._connect(name), (str(IP), "netns", "exec", name))

    def cut(self, namespace: NetworkNamespace) -> None:
        """Drop packets between a namespace and the others."""
        for rule in self._rules(namespace):
            self._on(self._switch, str(IP), "rule", "add", *rule)

    def heal(self, namespace: NetworkNamespace) -> None:
        for rule in self._rules(namespace):
            self._on(self._switch, str(IP), "rule", "del", *rule)

    def close(self) -> None:
        """Remove all namespaces. Their processes must have ended."""
        for name in self._namespaces:
            with suppress(subprocess.CalledProcessError):
                _run(str(IP), "netns", "del", name)
        self._namespaces.clear()

    def _rules(self, namespace: NetworkNamespace) -> list[list[str]]:
        here, test = namespace.address, f"{self._net}.0.0/30"
        return [
            ["pref", "100", "from", here, "to", test, "lookup", "main"],
            ["pref", "100", "from", test, "to", here, "lookup", "main"],
            ["pref", "101", "from", here, "blackhole"],
            ["pref", "101", "to", here, "blackhole"],
        ]

    def _connect(self, name: str | None) -> str:
        """Connect a namespace, or the test's own, with the switch; returns its address."""
        number, self._cable_count = self._cable_count, self._cable_count + 1
        near, far = f"{self._mark}n{number}", f"{self._mark}f{number}"
        gateway, address = f"{self._net}.{number}.1", f"{self._net}.{number}.2"
        _run(str(IP), "link", "add", near, "type", "veth", "peer", "name", far)
        _run(str(IP), "link", "set", far, "netns", self._switch)
        self._on(self._switch, str(IP), "address", "add", f"{gateway}/30", "dev", far)
        self._on(self._switch, str(IP), "link", "set", far, "up")
        if name is not None:
            _run(str(IP), "link", "set", near, "netns", name)
        self._on(name, str(IP), "address", "add", f"{address}/30", "dev", near)
        self._on(name, str(IP), "link", "set", near, "up")
        self._on(name, str(IP), "route", "add", f"{self._net}.0.0/16", "via", gateway)
        return address

    def _add(self, name: str) -> None:
        _run(str(IP), "netns", "add", name)
        self._namespaces.append(name)
        self._on(name, str(IP), "link", "set", "lo", "up")

    def _on(self, name: str | None, *command: str) -> None:
        _run(*((str(IP), "netns", "exec", name) if name else ()), *command)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
