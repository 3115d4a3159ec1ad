"""Assigns users to Locust's workers: a restaurant's staff to the same worker.

Locust deals users to workers in turn. Class by class, with restaurants a multiple of the workers,
all users of a restaurant get the worker that has the restaurant.
"""

from collections.abc import Iterator

from locust.dispatch import UsersDispatcher


class ByRestaurant(UsersDispatcher):
    """Users of classes with a fixed count first, then guests."""

    def _user_gen(self) -> Iterator[str | None]:
        for user in self._user_classes:
            missing = user.fixed_count - self._get_user_current_count(user.__name__)
            for _ in range(missing):
                yield user.__name__
        others = [user.__name__ for user in self._user_classes if not user.fixed_count]
        while True:
            yield from others
