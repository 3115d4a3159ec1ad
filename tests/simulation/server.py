"""A simulated store server: scripts, restarts and lost writes.

Only what `RedisStore` uses. `test_server.py` compares it with a real server.
"""

import copy
import re
from collections.abc import Callable
from typing import Any

from msgpack import unpackb
from redis.exceptions import NoScriptError

from storage import scripts
from tests.simulation.keyspace import Keyspace, list_range, to_bytes

Operation = tuple[bytes, bytes, list[bytes]]
"""Name, key and arguments of one write of a commit."""


class Server(Keyspace):
    """`now` is the server's clock in seconds; `on_commit` receives the writes of each commit, none
    if it was fenced."""

    def __init__(
        self,
        now: Callable[[], float],
        on_commit: Callable[[list[Operation]], None] = lambda operations: None,
    ) -> None:
        super().__init__(now)
        self._on_commit = on_commit
        self.replication_id = b"1"
        self._scripts: dict[bytes, Callable[..., Any]] = {}
        self._commands |= {b"EVALSHA": self._evalsha, b"EVAL": self._eval}
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
        return list_range(self._at(keys[1], []), since - last, seq - last - 1)

    def _history(self, keys: list[bytes], arguments: list[bytes]) -> list[Any]:
        total = int(self._hget(keys[0], arguments[2]) or 0)
        stop = min(int(arguments[1] or total), total)
        newer = total - stop
        events = list_range(self._at(keys[1], []), -newer - int(arguments[0]), -newer - 1)
        return [stop, events]

    def _reserve(self, keys: list[bytes], arguments: list[bytes]) -> int:
        wanted, skipped, ttl = arguments
        before = self._get(keys[1])
        if before != self.replication_id:
            self._set(keys[1], self.replication_id)
            if before is not None or self._get(keys[0]) is not None:
                self._incrby(keys[0], skipped)
        last = self._incrby(keys[0], wanted)
        if ttl != b"0":
            self._expire(keys[0], ttl)
        return last

    def _lease(self, keys: list[bytes], arguments: list[bytes]) -> int:
        holder = self._get(keys[0])
        if holder is not None and holder != arguments[0]:
            return 0
        self._set(keys[0], arguments[0], b"PX", arguments[1])
        return 1
