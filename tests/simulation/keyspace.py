"""The keys of a simulated store server, and the commands on them."""

from collections.abc import Callable, Sequence
from typing import Any


def to_bytes(value: Any) -> bytes:
    """An argument as the wire carries it."""
    if isinstance(value, bytes):
        return value
    return repr(value).encode() if isinstance(value, float) else str(value).encode()


class Keyspace:
    """Keys in memory. `now` is the server's clock in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._keys: dict[bytes, Any] = {}
        self._expires_at: dict[bytes, float] = {}
        self._commands: dict[bytes, Callable[..., Any]] = {
            b"SET": self._set, b"GET": self._get, b"INCRBY": self._incrby, b"PING": self._ping,
            b"INFO": self._info,
            b"HSET": self._hset, b"HDEL": self._hdel, b"HGET": self._hget, b"HKEYS": self._hkeys,
            b"HSETNX": self._hsetnx,
            b"RPUSH": self._rpush, b"LTRIM": self._ltrim, b"LREM": self._lrem,
            b"ZADD": self._zadd, b"ZREM": self._zrem, b"ZRANGE": self._zrange,
            b"EXPIRE": self._expire, b"PERSIST": self._persist,
        }  # fmt: skip

    def run(self, name: Any, *arguments: Any) -> Any:
        """Run one command."""
        return self._commands[to_bytes(name)](*map(to_bytes, arguments))

    def value_of(self, key: str) -> Any:
        """The value of a key, or None."""
        return self._at(key.encode(), None)

    def names(self) -> dict[str, float]:
        """All keys with their seconds to live, -1 for no expiry."""
        now = self._now()
        live = [key for key in list(self._keys) if self._at(key, None) is not None]
        return {
            key.decode(): self._expires_at[key] - now if key in self._expires_at else -1
            for key in live
        }

    # --- keys ------------------------------------------------------------------------------------

    def _at(self, key: bytes, empty: Any) -> Any:
        if key in self._expires_at and self._expires_at[key] <= self._now():
            self._drop(key)
        return self._keys.get(key, empty)

    def _drop(self, key: bytes) -> None:
        self._keys.pop(key, None)
        self._expires_at.pop(key, None)

    def _get_or_create(self, key: bytes, kind: type) -> Any:
        value = self._at(key, None)
        if value is None:
            value = self._keys[key] = kind()
        return value

    def _expire(self, key: bytes, seconds: bytes) -> int:
        if self._at(key, None) is None:
            return 0
        self._expires_at[key] = self._now() + float(seconds)
        return 1

    def _persist(self, key: bytes) -> int:
        return 0 if self._expires_at.pop(key, None) is None else 1

    # --- strings ---------------------------------------------------------------------------------

    def _ping(self) -> bytes:
        return b"PONG"

    def _info(self) -> dict[str, int]:
        """Fields of INFO that the client reads."""
        return {"used_memory": 0, "server_time_usec": int(self._now() * 1e6)}

    def _get(self, key: bytes) -> Any:
        return self._at(key, None)

    def _set(self, key: bytes, value: bytes, *options: bytes) -> Any:
        before = self._at(key, None)
        if b"NX" in options and before is not None:
            return before if b"GET" in options else None
        self._drop(key)
        self._keys[key] = value
        for unit, scale in ((b"EX", 1.0), (b"PX", 0.001)):
            if unit in options:
                self._expires_at[key] = self._now() + scale * float(
                    options[options.index(unit) + 1]
                )
        return before if b"GET" in options else b"OK"

    def _incrby(self, key: bytes, by: bytes) -> int:
        value = int(self._at(key, b"0")) + int(by)
        self._keys[key] = to_bytes(value)
        return value

    # --- hashes, lists, sorted sets --------------------------------------------------------------

    def _hset(self, key: bytes, *pairs: bytes) -> None:
        self._get_or_create(key, dict).update(zip(pairs[::2], pairs[1::2], strict=True))

    def _hsetnx(self, key: bytes, name: bytes, value: bytes) -> int:
        fields = self._get_or_create(key, dict)
        if name in fields:
            return 0
        fields[name] = value
        return 1

    def _hdel(self, key: bytes, *names: bytes) -> None:
        fields = self._at(key, {})
        for name in names:
            fields.pop(name, None)
        if not fields:
            self._drop(key)

    def _hget(self, key: bytes, name: bytes) -> Any:
        return self._at(key, {}).get(name)

    def _hkeys(self, key: bytes) -> list[bytes]:
        return list(self._at(key, {}))

    def _rpush(self, key: bytes, *entries: bytes) -> None:
        self._get_or_create(key, list).extend(entries)

    def _ltrim(self, key: bytes, first: bytes, last: bytes) -> None:
        dump = list_range(self._at(key, []), int(first), int(last))
        if dump:
            self._keys[key] = dump
        else:
            self._drop(key)

    def _lrem(self, key: bytes, count: bytes, entry: bytes) -> None:
        assert count == b"1"
        entries = self._at(key, [])
        if entry in entries:
            entries.remove(entry)
        if not entries:
            self._drop(key)

    def _zadd(self, key: bytes, score: bytes, member: bytes) -> None:
        self._get_or_create(key, dict)[member] = float(score)

    def _zrem(self, key: bytes, member: bytes) -> int:
        scores = self._at(key, {})
        removed = scores.pop(member, None) is not None
        if not scores:
            self._drop(key)
        return int(removed)

    def _zrange(self, key: bytes, low: bytes, high: bytes, *options: bytes) -> list[bytes]:
        assert options[:2] == (b"BYSCORE", b"LIMIT")
        offset, count = map(int, options[2:])
        found = sorted(
            (score, member)
            for member, score in self._at(key, {}).items()
            if float(low) <= score <= float(high)
        )
        return [member for _, member in found][offset : offset + count]


def list_range(entries: Sequence[bytes], first: int, last: int) -> list[bytes]:
    """LRANGE: both ends are inclusive, negative ones count from the end."""
    length = len(entries)
    first = max(0, first + length if first < 0 else first)
    last = last + length if last < 0 else last
    return list(entries[first : last + 1]) if last >= 0 else []
