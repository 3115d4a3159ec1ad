"""Who asks: the caller that the gateway has authenticated, as every layer below sees it."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    ANONYMOUS = "anonymous"
    GUEST = "guest"
    WAITER = "waiter"
    KITCHEN = "kitchen"
    MANAGER = "manager"
    ADMIN = "admin"


STAFF = frozenset({Role.WAITER, Role.KITCHEN, Role.MANAGER, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Caller:
    """A role and a subject (`waiter:10`); requests are deduplicated per subject. `address` is where
    the request came from, as far as the gateway knows."""

    role: Role
    subject: str
    address: str = ""

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF


ANONYMOUS = Caller(Role.ANONYMOUS, "anonymous")
SYSTEM = Caller(Role.ADMIN, "system")
