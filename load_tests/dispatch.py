"""How users are dealt out to Locust's workers: the staff of a restaurant to one of them.

Locust deals to one worker after the other. Class by class, with restaurants a multiple of the
workers, everybody of a restaurant comes to the worker that has the restaurant.
"""

from collections.abc import Iterator

from locust.dispatch import UsersDispatcher


class ByRestaurant(UsersDispatcher):
    """First all users of a class with a fixed count, then of the next; then the guests."""

    def _user_gen(self) -> Iterator[str | None]:
        for user in self._user_classes:
            missing = user.fixed_count - self._get_user_current_count(user.__name__)
            for _ in range(missing):
                yield user.__name__
        others = [user.__name__ for user in self._user_classes if not user.fixed_count]
        while True:
            yield from others
