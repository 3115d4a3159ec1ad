"""Guesses, counted by the store for all gateways."""

import asyncio
from functools import partial

from storage.store import Store


async def test_a_few_at_once_and_no_more(store: Store) -> None:
    guess = partial(store.guess, every_s=60.0, at_once=3)
    answers = [await guess("203.0.113.9", 1) for _ in range(5)]
    assert answers == [True, True, True, False, False]
    assert await guess("203.0.113.10", 1), "everybody for themselves"


async def test_who_waits_may_guess_again(store: Store) -> None:
    guess = partial(store.guess, "203.0.113.9", 1, every_s=0.2, at_once=1)
    assert await guess()
    async with asyncio.timeout(10):
        while not await guess():
            await asyncio.sleep(0.05)


async def test_what_did_not_count_is_taken_back(store: Store) -> None:
    guess = partial(store.guess, "203.0.113.9", every_s=60.0, at_once=2)
    for _ in range(5):
        assert await guess(1)
        assert await guess(-1)
    assert [await guess(1) for _ in range(3)] == [True, True, False]
    assert await guess(-1)
    assert await guess(1)
