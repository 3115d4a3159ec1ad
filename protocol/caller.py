"""The authenticated caller of a command."""

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


MAX_SUBJECT_CHARS = 120
"""Longer subjects are truncated, and a digest makes them unique."""

STAFF = frozenset({Role.WAITER, Role.KITCHEN, Role.MANAGER, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Caller:
    """A role and a subject, such as `waiter:10`. Requests are deduplicated per subject. `address`
    is the client's IP address, or "" if it is unknown."""

    role: Role
    subject: str
    address: str = ""

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF


def subject_of(role: Role, name: str) -> str:
    """The subject of a caller. Different roles or names have different subjects."""
    subject = f"{role.value}:{name}"
    if len(subject) <= MAX_SUBJECT_CHARS:
        return subject
    digest = blake2b(subject.encode(), digest_size=16).hexdigest()
    return f"{subject[:MAX_SUBJECT_CHARS]}~{digest}"


def previous_subject(subject: str) -> str:
    """The subject of the same caller in the previous release, which only truncated long ones."""
    return subject[:MAX_SUBJECT_CHARS]


def without_name(subject: str | None) -> str | None:
    """The role of a subject, of waiters with their id: other subjects are logins, or whatever their
    provider calls people."""
    role, _, _ = (subject or "").partition(":")
    return subject if role == Role.WAITER else role or None


ANONYMOUS = Caller(Role.ANONYMOUS, "anonymous")
SYSTEM = Caller(Role.ADMIN, "system")
