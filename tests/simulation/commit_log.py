"""Everything ever committed, taken from the server's commits: the reference for all checks.

The store trims lists and overwrites states; this keeps all of it.
"""

import copy
from collections import defaultdict

from tests.simulation.server import Operation, Server

Fields = dict[bytes, bytes]


class CommitLog:
    """Frames by journal key, history by entity key, and every version of every entity."""

    def __init__(self) -> None:
        self.frames: defaultdict[bytes, list[bytes]] = defaultdict(list)
        self.history: defaultdict[bytes, list[bytes]] = defaultdict(list)
        self.versions: defaultdict[bytes, dict[int, Fields]] = defaultdict(dict)
        self.results: defaultdict[bytes, list[bytes]] = defaultdict(list)
        self.audits: defaultdict[bytes, list[bytes]] = defaultdict(list)
        self.effects: defaultdict[bytes, dict[bytes, bytes]] = defaultdict(dict)
        self.seen: defaultdict[bytes, list[int]] = defaultdict(list)
        self.has_data_loss = False
        self.lost_frames: defaultdict[bytes, set[bytes]] = defaultdict(set)
        self.lost_versions: defaultdict[tuple[bytes, int], list[Fields]] = defaultdict(list)

    def snapshot(self) -> "CommitLog":
        """A copy for `restore`."""
        return copy.deepcopy(self)

    def restore(self, snapshot: "CommitLog") -> None:
        """Return to a snapshot. Later commits are lost: clients may have seen them."""
        self.has_data_loss = True
        for key, frames in self.frames.items():
            left = snapshot.frames.get(key, [])
            self.lost_frames[key].update(frames[len(left) :])
            frames[:] = left
        for key, versions in self.versions.items():
            for version, fields in versions.items():
                if snapshot.versions.get(key, {}).get(version) != fields:
                    self.lost_versions[key, version].append(fields)
        for name in ("history", "versions", "results", "audits", "effects", "seen"):
            own, others = getattr(self, name), getattr(snapshot, name)
            own.clear()
            own.update(others)

    def append(self, server: Server, operations: list[Operation]) -> list[bytes]:
        """Record one commit; returns the keys of the entities it wrote."""
        entities = []
        for name, key, arguments in operations:
            if name == b"RPUSH":
                if key.endswith(b":log"):
                    self.history[key[:-4]] += arguments
                elif key.endswith(b":req"):
                    self.results[key[:-4]] += arguments
                elif key.endswith(b":audit"):
                    self.audits[key[:-6]] += arguments
                else:
                    self.frames[key] += arguments
            elif name == b"HSET" and key.endswith(b":out"):
                for entry, value in zip(arguments[::2], arguments[1::2], strict=True):
                    if entry.startswith(b"e:"):
                        self.effects[key[:-4]][entry] = value
            elif name == b"HSET":
                entities.append(key)
                for field, value in zip(arguments[::2], arguments[1::2], strict=True):
                    if field.startswith(b"seen:"):
                        self.seen[key + b"<" + field].append(int(value))
        for key in entities:
            fields: Fields = server.value_of(key.decode())
            version = fields.get(b"version")
            if version is not None:
                self.versions[key][int(version)] = dict(fields)
        return entities
