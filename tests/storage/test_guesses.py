"""Wrong codes, counted by the store for all gateways."""

from functools import partial

from storage.store import Store
from tests.eventually import eventually


async def test_guesses_are_limited_per_address(store: Store) -> None:
    guess = partial(store.consume_guess, every_s=60.0, burst=3)
    answers = [await guess("203.0.113.9", 1) for _ in range(5)]
    assert answers == [True, True, True, False, False]
    assert await guess("203.0.113.10", 1), "each address has its own limit"


async def test_guesses_are_replenished_over_time(store: Store) -> None:
    guess = partial(store.consume_guess, "203.0.113.9", 1, every_s=0.2, burst=1)
    assert await guess()
    await eventually(guess, period_s=0.05)


async def test_correct_guess_is_refunded(store: Store) -> None:
    guess = partial(store.consume_guess, "203.0.113.9", every_s=60.0, burst=2)
    for _ in range(5):
        assert await guess(1)
        assert await guess(-1)
    assert [await guess(1) for _ in range(3)] == [True, True, False]
    assert await guess(-1)
    assert await guess(1)
