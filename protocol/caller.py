"""Who asks: the caller that the gateway has authenticated, as every layer below sees it."""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b


class Role(StrEnum):
    ANONYMOUS = "anonymous"
    GUEST = "guest"
    WAITER = "waiter"
    KITCHEN = "kitchen"
    MANAGER = "manager"
    ADMIN = "admin"


LONGEST_SUBJECT = 120
"""Characters of a subject that are kept; a longer one is told apart by a digest."""

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


def subject_of(role: Role, name: str) -> str:
    """The subject of a caller of this role and name. Two long names never share one."""
    subject = f"{role.value}:{name}"
    if len(subject) <= LONGEST_SUBJECT:
        return subject
    digest = blake2b(subject.encode(), digest_size=16).hexdigest()
    return f"{subject[:LONGEST_SUBJECT]}~{digest}"


def subject_before(subject: str) -> str:
    """The subject that the release before gave the same caller: a long one was cut."""
    return subject[:LONGEST_SUBJECT]


ANONYMOUS = Caller(Role.ANONYMOUS, "anonymous")
SYSTEM = Caller(Role.ADMIN, "system")
