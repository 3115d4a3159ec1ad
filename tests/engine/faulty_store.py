"""A real store that fails at the moment a test chooses."""

from collections.abc import Sequence
from typing import Any

from storage.store import EntityCommit, Store, StoreUnavailable


class FaultyStore:
    """Forwards to `store` all calls except those that the test makes fail.

    `refuse_commits` are not executed; `lose_replies` are executed, but their replies are lost.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.refuse_commits = 0
        self.refuse_claims = 0
        self.refuse_ownership_checks = 0
        self.lose_replies = 0
        self.commits: list[Sequence[EntityCommit]] = []
        self.claims = 0
        self.ownership_checks = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def claim(self, addresses: Sequence[Any]) -> Any:
        self.claims += 1
        if self.refuse_claims:
            self.refuse_claims -= 1
            raise StoreUnavailable("refused by the test")
        return await self._store.claim(addresses)

    async def fencing_tokens(self, addresses: Sequence[Any]) -> Any:
        self.ownership_checks += 1
        if self.refuse_ownership_checks:
            self.refuse_ownership_checks -= 1
            raise StoreUnavailable("refused by the test")
        return await self._store.fencing_tokens(addresses)

    async def commit(self, commits: Sequence[EntityCommit]) -> frozenset[int]:
        self.commits.append(commits)
        if self.refuse_commits:
            self.refuse_commits -= 1
            raise StoreUnavailable("refused by the test")
        fenced = await self._store.commit(commits)
        if self.lose_replies:
            self.lose_replies -= 1
            raise StoreUnavailable("reply lost by the test")
        return fenced
