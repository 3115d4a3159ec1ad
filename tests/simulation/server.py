"""The store's server: keys in memory, and what each command and script does to them.

Only what `RedisStore` uses. `test_server.py` compares it with a real one.
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


def plain(value: Any) -> bytes:
    """An argument as the wire has it."""
    if isinstance(value, bytes):
        return value
    return repr(value).encode() if isinstance(value, float) else str(value).encode()


class Server:
    """`now` is the server's clock in seconds; `committed` hears of each commit: of all that it
    wrote, which is nothing where it was fenced."""

    def __init__(
        self,
        now: Callable[[], float],
        committed: Callable[[list[Operation]], None] = lambda operations: None,
    ) -> None:
        self._now = now
        self._committed = committed
        self.life = b"1"
        self._keys: dict[bytes, Any] = {}
        self._ends: dict[bytes, float] = {}
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
            each.source.encode(): (each.digest.encode(), does)
            for each, does in (
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
        """One command, atomic."""
        return self._commands[plain(name)](*map(plain, arguments))

    def kept(self) -> Any:
        """All that there is, for `begin_life_with`."""
        return copy.deepcopy((self._keys, self._ends))

    def begin_life_with(self, kept: Any) -> None:
        """Start again with what there was, as a server does whose last writes are lost."""
        self._keys, self._ends = kept
        self.life = plain(int(self.life) + 1)
        self.forget_scripts()

    def forget_scripts(self) -> None:
        """As after a restart of the server."""
        self._scripts.clear()

    def look(self, key: str) -> Any:
        """What a key holds now, to compare; None where there is none."""
        return self._at(key.encode(), None)

    def names(self) -> dict[str, float]:
        """All keys, each with the seconds until it ends, -1 for never."""
        now = self._now()
        live = [key for key in list(self._keys) if self._at(key, None) is not None]
        return {key.decode(): self._ends[key] - now if key in self._ends else -1 for key in live}

    # --- keys ------------------------------------------------------------------------------------

    def _at(self, key: bytes, empty: Any) -> Any:
        if key in self._ends and self._ends[key] <= self._now():
            self._drop(key)
        return self._keys.get(key, empty)

    def _drop(self, key: bytes) -> None:
        self._keys.pop(key, None)
        self._ends.pop(key, None)

    def _made(self, key: bytes, kind: type) -> Any:
        value = self._at(key, None)
        if value is None:
            value = self._keys[key] = kind()
        return value

    def _expire(self, key: bytes, seconds: bytes) -> int:
        if self._at(key, None) is None:
            return 0
        self._ends[key] = self._now() + float(seconds)
        return 1

    def _persist(self, key: bytes) -> int:
        return 0 if self._ends.pop(key, None) is None else 1

    # --- strings ---------------------------------------------------------------------------------

    def _ping(self) -> bytes:
        return b"PONG"

    def _info(self) -> dict[str, int]:
        """As the client reads it."""
        return {"used_memory": 0, "server_time_usec": int(self._now() * 1e6)}

    def _get(self, key: bytes) -> Any:
        return self._at(key, None)

    def _set(self, key: bytes, value: bytes, *how: bytes) -> Any:
        before = self._at(key, None)
        if b"NX" in how and before is not None:
            return before if b"GET" in how else None
        self._drop(key)
        self._keys[key] = value
        for unit, scale in ((b"EX", 1.0), (b"PX", 0.001)):
            if unit in how:
                self._ends[key] = self._now() + scale * float(how[how.index(unit) + 1])
        return before if b"GET" in how else b"OK"

    def _incrby(self, key: bytes, by: bytes) -> int:
        value = int(self._at(key, b"0")) + int(by)
        self._keys[key] = plain(value)
        return value

    # --- hashes, lists, sorted sets --------------------------------------------------------------

    def _hset(self, key: bytes, *pairs: bytes) -> None:
        self._made(key, dict).update(zip(pairs[::2], pairs[1::2], strict=True))

    def _hsetnx(self, key: bytes, name: bytes, value: bytes) -> int:
        fields = self._made(key, dict)
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
        self._made(key, list).extend(entries)

    def _ltrim(self, key: bytes, first: bytes, last: bytes) -> None:
        kept = _range(self._at(key, []), int(first), int(last))
        if kept:
            self._keys[key] = kept
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
        self._made(key, dict)[member] = float(score)

    def _zrem(self, key: bytes, member: bytes) -> int:
        scores = self._at(key, {})
        removed = scores.pop(member, None) is not None
        if not scores:
            self._drop(key)
        return int(removed)

    def _zrange(self, key: bytes, low: bytes, high: bytes, *how: bytes) -> list[bytes]:
        assert how[:2] == (b"BYSCORE", b"LIMIT")
        offset, count = map(int, how[2:])
        found = sorted(
            (score, member)
            for member, score in self._at(key, {}).items()
            if float(low) <= score <= float(high)
        )
        return [member for _, member in found][offset : offset + count]

    # --- scripts, word for word ------------------------------------------------------------------

    def _evalsha(self, digest: bytes, count: bytes, *rest: bytes) -> Any:
        does = self._scripts.get(digest)
        if does is None:
            return NoScriptError("No matching script.")
        return does(list(rest[: int(count)]), list(rest[int(count) :]))

    def _eval(self, source: bytes, count: bytes, *rest: bytes) -> Any:
        digest, does = self._sources[source]
        self._scripts[digest] = does
        return does(list(rest[: int(count)]), list(rest[int(count) :]))

    def _commit(self, keys: list[bytes], arguments: list[bytes]) -> int:
        plan = unpackb(arguments[0], raw=True)
        for index, owner in enumerate(plan[b"owners"]):
            if not self._is_owned(keys[index], owner):
                self._committed([])
                return index + 1
        operations: list[Operation] = []
        for name, index, *rest in plan[b"operations"]:
            key = keys[index - 1]
            if name == scripts.PUSH.encode():
                hash_, field, most, size, since, ends, *entries = rest
                self._push(key, keys[hash_ - 1], plain(field), most, size, since, ends, entries)
                operations.append((b"RPUSH", key, entries))
            else:
                arguments_ = [*map(plain, rest)]
                operations.append((name, key, arguments_))
                self._commands[name](key, *arguments_)
        self._committed(operations)
        return 0

    def _push(
        self, key: bytes, hash_: bytes, field: bytes, most: int, most_size: int, since: bytes,
        ends: int, new: list[bytes],
    ) -> None:  # fmt: skip
        self._rpush(key, *new)
        entries = self._at(key, [])
        known, _, size = (self._hget(hash_, field) or b"0 0").partition(b" ")
        total = int(size) + sum(map(len, new))
        if int(known) + len(new) != len(entries):
            del entries[:-most]
            total = sum(map(len, entries))

        def drop(count: int) -> int:
            gone = entries[:count]
            del entries[:count]
            return sum(map(len, gone))

        if len(entries) > most + most // 10:
            total -= drop(len(entries) - most)
        if total > most_size + most_size // 10:
            while total > most_size and len(entries) > 1:
                share = len(entries) * (total - most_size) // total
                total -= drop(max(1, min(share, len(entries) - 1, scripts.MEASURED_AT_ONCE)))
        while since and len(entries) > 1:
            at = re.search(rb'"at":"([^"]*)"', entries[0])
            if at is None or at[1] >= since:
                break
            total -= drop(1)
        if ends:
            self._expire(key, plain(ends))
        self._hset(hash_, field, b"%d %d" % (len(entries), total))

    def _is_owned(self, key: bytes, owner: bytes) -> bool:
        stored = self._at(key, {})
        return b"version" not in stored if owner == b"" else stored.get(b"owner") == owner

    def _claim(self, keys: list[bytes], arguments: list[bytes]) -> list[Any]:
        owner, kept_s, epoch, left_out = arguments
        before = self._hget(keys[0], b"life")
        self._hset(keys[0], b"owner", owner, b"life", self.life)
        if self._hget(keys[0], b"version") is None:
            self._expire(keys[0], kept_s)
        elif before != self.life:
            effects = int(self._hget(keys[0], b"effects") or 0) + int(left_out)
            self._hset(keys[0], b"epoch", epoch, b"effects", plain(effects))
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
        if before != self.life:
            self._set(keys[1], self.life)
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
    """LRANGE: both ends belong to it, negative ones count from the end."""
    length = len(entries)
    first = max(0, first + length if first < 0 else first)
    last = last + length if last < 0 else last
    return list(entries[first : last + 1]) if last >= 0 else []
