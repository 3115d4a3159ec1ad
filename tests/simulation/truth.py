"""Everything that was ever stored, as the server's commits had it: what all else is held against.

Rings forget and states are overwritten; this is not.
"""

import copy
from collections import defaultdict

from tests.simulation.server import Operation, Server

Fields = dict[bytes, bytes]


class Truth:
    """Frames by topic key, history by entity key, and each version of each entity."""

    def __init__(self) -> None:
        self.frames: defaultdict[bytes, list[bytes]] = defaultdict(list)
        self.history: defaultdict[bytes, list[bytes]] = defaultdict(list)
        self.versions: defaultdict[bytes, dict[int, Fields]] = defaultdict(dict)
        self.results: defaultdict[bytes, list[bytes]] = defaultdict(list)
        self.audits: defaultdict[bytes, list[bytes]] = defaultdict(list)
        self.effects: defaultdict[bytes, dict[bytes, bytes]] = defaultdict(dict)
        self.seen: defaultdict[bytes, list[int]] = defaultdict(list)
        self.has_lost = False
        self.lost_frames: defaultdict[bytes, set[bytes]] = defaultdict(set)
        self.lost_versions: defaultdict[tuple[bytes, int], list[Fields]] = defaultdict(list)

    def kept(self) -> "Truth":
        """All that is stored now, for `fall_back`."""
        return copy.deepcopy(self)

    def fall_back(self, kept: "Truth") -> None:
        """What was stored since is lost: it may have been told, and does not hold any more."""
        self.has_lost = True
        for key, frames in self.frames.items():
            left = kept.frames.get(key, [])
            self.lost_frames[key].update(frames[len(left) :])
            frames[:] = left
        for key, versions in self.versions.items():
            for version, fields in versions.items():
                if kept.versions.get(key, {}).get(version) != fields:
                    self.lost_versions[key, version].append(fields)
        for name in ("history", "versions", "results", "audits", "effects", "seen"):
            own, others = getattr(self, name), getattr(kept, name)
            own.clear()
            own.update(others)

    def committed(self, server: Server, operations: list[Operation]) -> list[bytes]:
        """Take in one commit; answers with the entities that it wrote."""
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
            fields: Fields = server.look(key.decode())
            version = fields.get(b"version")
            if version is not None:
                self.versions[key][int(version)] = dict(fields)
        return entities
