"""A simulated store server: keys in memory, commands and scripts.

Only what `RedisStore` uses. `test_server.py` compares it with a real server.
"""

import copy
import re
from collections.abc import Callable, Sequence
from typing import Any

from msgpack import unpackb
from redis.exceptions import NoScriptError

from storage import scripts

Operation = tuple[bytes, bytes, list[bytes]]
"""Name, key and arguments of one write of a commit."""


def to_bytes(value: Any) -> bytes:
    """An argument as the wire carries it."""
    if isinstance(value, bytes):
        return value
    return repr(value).encode() if isinstance(value, float) else str(value).encode()


class Server:
    """`now` is the server's clock in seconds; `on_commit` receives the writes of each commit, none
    if it was fenced."""

    def __init__(
        self,
        now: Callable[[], float],
        on_commit: Callable[[list[Operation]], None] = lambda operations: None,
    ) -> None:
        self._now = now
        self._on_commit = on_commit
        self.replication_id = b"1"
        self._keys: dict[bytes, Any] = {}
        self._expires_at: dict[bytes, float] = {}
        self._scripts: dict[bytes, Callable[..., Any]] = {}
        self._commands: dict[bytes, Callable[..., Any]] = {
            b"SET": self._set, b"GET": self._get, b"INCRBY": self._incrby, b"PING": self._ping,
            b"INFO": self._info,
            b"HSET": self._hset, b"HDEL": self._hdel, b"HGET": self._hget, b"HKEYS": self._hkeys,
            b"HSETNX": self._hsetnx,
            b"RPUSH": self._rpush, b"LTRIM": self._ltrim, b"LREM": self._lrem,
            b"ZADD": self._zadd, b"ZREM": self._zrem, b"ZRANGE": self._zrange,
            b"EXPIRE": self._expire, b"PERSIST": self._persist,
            b"EVALSHA": self._evalsha, b"EVAL": self._eval,
        }  # fmt: skip
        self._sources = {
            each.source.encode(): (each.digest.encode(), script)
            for each, script in (
                (scripts.COMMIT, self._commit),
                (scripts.CLAIM, self._claim),
                (scripts.CLEAR, self._clear),
                (scripts.JOURNAL, self._journal),
                (scripts.HISTORY, self._history),
                (scripts.LEASE, self._lease),
                (scripts.RESERVE, self._reserve),
            )
        }

    def run(self, name: Any, *arguments: Any) -> Any:
        """Run one command."""
        return self._commands[to_bytes(name)](*map(to_bytes, arguments))

    def dump(self) -> Any:
        """All data, for `restart_with`."""
        return copy.deepcopy((self._keys, self._expires_at))

    def restart_with(self, dump: Any) -> None:
        """Restart with an earlier dump, as after losing the last writes."""
        self._keys, self._expires_at = dump
        self.replication_id = to_bytes(int(self.replication_id) + 1)
        self.forget_scripts()

    def forget_scripts(self) -> None:
        """Forget all scripts, as a restarted server does."""
        self._scripts.clear()

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
        dump = _range(self._at(key, []), int(first), int(last))
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

    # --- scripts ---------------------------------------------------------------

    def _evalsha(self, digest: bytes, count: bytes, *rest: bytes) -> Any:
        script = self._scripts.get(digest)
        if script is None:
            return NoScriptError("No matching script.")
        return script(list(rest[: int(count)]), list(rest[int(count) :]))

    def _eval(self, source: bytes, count: bytes, *rest: bytes) -> Any:
        digest, script = self._sources[source]
        self._scripts[digest] = script
        return script(list(rest[: int(count)]), list(rest[int(count) :]))

    def _commit(self, keys: list[bytes], arguments: list[bytes]) -> int:
        plan = unpackb(arguments[0], raw=True)
        for index, owner in enumerate(plan[b"owners"]):
            if not self._is_owned(keys[index], owner):
                self._on_commit([])
                return index + 1
        operations: list[Operation] = []
        for name, index, *rest in plan[b"operations"]:
            key = keys[index - 1]
            if name == scripts.PUSH.encode():
                lists, written = rest
                if written:
                    arguments_ = [*map(to_bytes, written)]
                    operations.append((b"HSET", key, arguments_))
                    self._hset(key, *arguments_)
                for list_, field, max_length, size, since, ttl_s, now, entries in lists:
                    self._push(
                        keys[list_ - 1],
                        key,
                        to_bytes(field),
                        max_length,
                        size,
                        since,
                        ttl_s,
                        now,
                        entries,
                    )
                    operations.append((b"RPUSH", keys[list_ - 1], entries))
            else:
                arguments_ = [*map(to_bytes, rest)]
                operations.append((name, key, arguments_))
                self._commands[name](key, *arguments_)
        self._on_commit(operations)
        return 0

    def _push(
        self, key: bytes, hash_: bytes, field: bytes, max_length: int, max_bytes: int, since: bytes,
        ttl_s: int, now: int, new: list[bytes],
    ) -> None:  # fmt: skip
        self._rpush(key, *new)
        entries = self._at(key, [])
        known, size, *set_at = (self._hget(hash_, field) or b"0 0").split()
        total = int(size) + sum(map(len, new))
        if int(known) + len(new) != len(entries):
            del entries[:-max_length]
            total, set_at = sum(map(len, entries)), []

        def drop(count: int) -> int:
            dropped = entries[:count]
            del entries[:count]
            return sum(map(len, dropped))

        if len(entries) > max_length + max_length // 10:
            total -= drop(len(entries) - max_length)
        if total > max_bytes + max_bytes // 10:
            while total > max_bytes and len(entries) > 1:
                share = len(entries) * (total - max_bytes) // total
                total -= drop(max(1, min(share, len(entries) - 1, scripts.MEASURED_AT_ONCE)))
        while since and len(entries) > 1:
            at = re.search(rb'"at":"([^"]*)"', entries[0])
            if at is None or at[1] >= since:
                break
            total -= drop(1)
        dump = b"%d %d" % (len(entries), total)
        if ttl_s:
            if not set_at or not 0 <= now - int(set_at[0]) <= ttl_s // 16:
                self._expire(key, to_bytes(ttl_s + ttl_s // 16))
                set_at = [to_bytes(now)]
            dump += b" " + set_at[0]
        self._hset(hash_, field, dump)

    def _is_owned(self, key: bytes, owner: bytes) -> bool:
        stored = self._at(key, {})
        return b"version" not in stored if owner == b"" else stored.get(b"owner") == owner

    def _claim(self, keys: list[bytes], arguments: list[bytes]) -> list[Any]:
        owner, kept_s, epoch, left_out = arguments
        before = self._hget(keys[0], b"life")
        self._hset(keys[0], b"owner", owner, b"life", self.replication_id)
        if self._hget(keys[0], b"version") is None:
            self._expire(keys[0], kept_s)
        elif before != self.replication_id:
            effects = int(self._hget(keys[0], b"effects") or 0) + int(left_out)
            self._hset(keys[0], b"epoch", epoch, b"effects", to_bytes(effects))
        return [
            dict(self._at(keys[0], {})), list(self._at(keys[1], [])), dict(self._at(keys[2], {})),
        ]  # fmt: skip

    def _clear(self, keys: list[bytes], arguments: list[bytes]) -> int:
        member, due, *delivered = arguments
        self._hdel(keys[0], *delivered)
        left = self._hkeys(keys[0])
        if not left:
            return self._zrem(keys[1], member)
        if any(entry.startswith(b"e:") for entry in left):
            return 0
        if due != b"":
            self._zadd(keys[1], due, member)
        return 0

    def _journal(self, keys: list[bytes], arguments: list[bytes]) -> list[bytes]:
        last = int(self._hget(keys[0], arguments[0]) or 0)
        since, seq = int(arguments[1]), int(arguments[2])
        if since >= seq or seq > last:
            return []
        return _range(self._at(keys[1], []), since - last, seq - last - 1)

    def _history(self, keys: list[bytes], arguments: list[bytes]) -> list[Any]:
        total = int(self._hget(keys[0], arguments[2]) or 0)
        stop = min(int(arguments[1] or total), total)
        newer = total - stop
        events = _range(self._at(keys[1], []), -newer - int(arguments[0]), -newer - 1)
        return [stop, events]

    def _reserve(self, keys: list[bytes], arguments: list[bytes]) -> int:
        wanted, left_out = arguments
        before = self._get(keys[1])
        if before != self.replication_id:
            self._set(keys[1], self.replication_id)
            if self._get(keys[0]) is not None:
                self._incrby(keys[0], left_out)
        return self._incrby(keys[0], wanted)

    def _lease(self, keys: list[bytes], arguments: list[bytes]) -> int:
        holder = self._get(keys[0])
        if holder is not None and holder != arguments[0]:
            return 0
        self._set(keys[0], arguments[0], b"PX", arguments[1])
        return 1


def _range(entries: Sequence[bytes], first: int, last: int) -> list[bytes]:
    """LRANGE: both ends are inclusive, negative ones count from the end."""
    length = len(entries)
    first = max(0, first + length if first < 0 else first)
    last = last + length if last < 0 else last
    return list(entries[first : last + 1]) if last >= 0 else []
