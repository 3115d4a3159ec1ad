"""A store that accepts every commit and stores nothing, to count a turn without a round trip."""

from collections.abc import Sequence
from typing import Any

from protocol.ids import Address
from storage.store import EntityCommit, StoredEntity


class AcceptingStore:
    """Claimed entities are new and keep their owner. Methods other than `claim`,
    `fencing_tokens` and `commit` raise AssertionError."""

    def __init__(self) -> None:
        self.commits: list[Sequence[EntityCommit]] = []
        self.claims: list[Sequence[Address]] = []
        self._owners: dict[Address, int] = {}

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a hot path calls {name} of the store")

    async def claim(self, addresses: Sequence[Address]) -> list[StoredEntity]:
        self.claims.append(addresses)
        self._owners |= dict.fromkeys(addresses, 1)
        return [StoredEntity(1, False, 0, "", 0, 0, {}, {}, {}, [], {}, 0) for _ in addresses]

    async def fencing_tokens(self, addresses: Sequence[Address]) -> list[int | None]:
        return [self._owners.get(address) for address in addresses]

    async def commit(self, commits: Sequence[EntityCommit]) -> frozenset[int]:
        self.commits.append(commits)
        self._owners |= {commit.address: commit.next_fencing_token for commit in commits}
        return frozenset()

    def clear(self) -> None:
        self.commits.clear()
        self.claims.clear()

    def groups(self) -> list[list[EntityCommit]]:
        """Commits by restaurant, as arguments of the real store's scripts."""
        groups: dict[int, list[EntityCommit]] = {}
        for commits in self.commits:
            for commit in commits:
                groups.setdefault(commit.address.restaurant, []).append(commit)
        return list(groups.values())
