"""A store that takes every commit and holds nothing: what a turn costs, without its round trip."""

from collections.abc import Sequence
from typing import Any

from protocol.ids import Address
from storage.store import EntityCommit, StoredEntity


class AcceptingStore:
    """Every entity that is claimed is new, and stays whose it is. Anything but a claim, a look at
    its owner and a commit is a mistake."""

    def __init__(self) -> None:
        self.commits: list[Sequence[EntityCommit]] = []
        self.claims: list[Sequence[Address]] = []
        self._owners: dict[Address, int] = {}

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a hot path has come to call {name} of the store")

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

    def forget(self) -> None:
        self.commits.clear()
        self.claims.clear()

    def groups(self) -> list[list[EntityCommit]]:
        """What was committed, a restaurant at a time, as the real store's scripts take it."""
        groups: dict[int, list[EntityCommit]] = {}
        for commits in self.commits:
            for commit in commits:
                groups.setdefault(commit.address.restaurant, []).append(commit)
        return list(groups.values())
