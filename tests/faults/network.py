"""A network of a test's own: places with addresses, each of which can be cut off from the others.

Each place is a network namespace that is wired to one more, the switch. Who is cut off loses every
packet from and to other places, without a word; the test itself still reaches it, as a restaurant
reaches a machine that its data centre has lost.
"""

import secrets
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass

IP = shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin")


class NotHere(Exception):
    """This machine does not let a test do that."""


@dataclass(frozen=True)
class Place:
    """Where processes run: they are started with `enter` before their command."""

    address: str
    enter: tuple[str, ...] = ()


LOOPBACK = Place("127.0.0.1")


class Network:
    """Open once made. Raises NotHere where it cannot be."""

    def __init__(self) -> None:
        self._mark = f"rq{secrets.token_hex(3)}"
        self._net = f"10.{64 + secrets.randbelow(64)}"
        self._switch = f"{self._mark}-switch"
        self._spaces: list[str] = []
        self._cables = 0
        try:
            self._add(self._switch)
            self._on(self._switch, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
            self._wire(None)
        except (OSError, subprocess.CalledProcessError) as error:
            self.close()
            why = getattr(error, "stderr", b"") or str(error).encode()
            raise NotHere(f"no network can be made here: {why.decode().strip()}") from error

    def place(self) -> Place:
        """One more."""
        space = f"{self._mark}-{self._cables}"
        self._add(space)
        return Place(self._wire(space), (str(IP), "netns", "exec", space))

    def cut(self, place: Place) -> None:
        """Lose what goes between a place and the others."""
        for rule in self._rules(place):
            self._on(self._switch, str(IP), "rule", "add", *rule)

    def mend(self, place: Place) -> None:
        for rule in self._rules(place):
            self._on(self._switch, str(IP), "rule", "del", *rule)

    def close(self) -> None:
        """Remove it; the cables go with their ends. What runs in its places must have ended."""
        for space in self._spaces:
            with suppress(subprocess.CalledProcessError):
                _do(str(IP), "netns", "del", space)
        self._spaces.clear()

    def _rules(self, place: Place) -> list[list[str]]:
        here, test = place.address, f"{self._net}.0.0/30"
        return [
            ["pref", "100", "from", here, "to", test, "lookup", "main"],
            ["pref", "100", "from", test, "to", here, "lookup", "main"],
            ["pref", "101", "from", here, "blackhole"],
            ["pref", "101", "to", here, "blackhole"],
        ]

    def _wire(self, space: str | None) -> str:
        """Connect a namespace, or the test's own, with the switch; its address."""
        number, self._cables = self._cables, self._cables + 1
        near, far = f"{self._mark}n{number}", f"{self._mark}f{number}"
        gateway, address = f"{self._net}.{number}.1", f"{self._net}.{number}.2"
        _do(str(IP), "link", "add", near, "type", "veth", "peer", "name", far)
        _do(str(IP), "link", "set", far, "netns", self._switch)
        self._on(self._switch, str(IP), "address", "add", f"{gateway}/30", "dev", far)
        self._on(self._switch, str(IP), "link", "set", far, "up")
        if space is not None:
            _do(str(IP), "link", "set", near, "netns", space)
        self._on(space, str(IP), "address", "add", f"{address}/30", "dev", near)
        self._on(space, str(IP), "link", "set", near, "up")
        self._on(space, str(IP), "route", "add", f"{self._net}.0.0/16", "via", gateway)
        return address

    def _add(self, space: str) -> None:
        _do(str(IP), "netns", "add", space)
        self._spaces.append(space)
        self._on(space, str(IP), "link", "set", "lo", "up")

    def _on(self, space: str | None, *command: str) -> None:
        _do(*((str(IP), "netns", "exec", space) if space else ()), *command)


def _do(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
