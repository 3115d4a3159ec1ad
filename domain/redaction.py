"""Parts of a channel that are hidden from roles which may read the channel.

Kitchen screens are visible to many people: they get neither session codes, with which one could
join a table, nor takings and payments. Guests see how many portions of a dish are left if there are
few, and get their orders without the reasons for what was
voided or cancelled, and without who voided it. That they see their table only during their own
session is in `access.py`.
"""

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from domain.portions import MAX_SHOWN_TO_GUESTS
from domain.rows import EncodedRows
from protocol.caller import Role
from protocol.ids import Channel


class Hidden(NamedTuple):
    """`fields` are removed, and `nulls` become null, at any depth, as do numbers that are higher
    than in `above`. Notifications of these `kinds` are left out of lists, and their events become
    `withheld`, so that `seq` has no gap."""

    fields: Collection[str]
    kinds: Collection[str]
    nulls: Collection[str]
    above: Mapping[str, int]
    pattern: re.Pattern[bytes]
    """Occurs in the JSON of every message that has something to hide."""


def _hidden(
    fields: Collection[str] = (),
    kinds: Collection[str] = (),
    nulls: Collection[str] = (),
    above: Mapping[str, int] = MappingProxyType({}),
) -> Hidden:
    parts = [f'"{name}"' for name in (*fields, *kinds)]
    parts += [f'"{name}":(?!null)' for name in nulls]
    parts += [rf'"{name}":\d' for name in above]
    return Hidden(fields, kinds, nulls, above, re.compile("|".join(parts).encode()))


_FROM_KITCHENS = _hidden(fields=("session_code", "figures"), kinds=("payment",))
_FROM_GUESTS = _hidden(nulls=("reason", "by"))
HIDDEN: Mapping[Channel, Mapping[Role, Hidden]] = {
    Channel.ORDER: {Role.GUEST: _FROM_GUESTS},
    Channel.ITEMS: {Role.GUEST: _FROM_GUESTS},
    Channel.RESTAURANT: {Role.KITCHEN: _FROM_KITCHENS},
    Channel.MENU: {
        Role.GUEST: _hidden(kinds=("portions",), above={"portions": MAX_SHOWN_TO_GUESTS})
    },
    Channel.NOTIFICATIONS: {Role.KITCHEN: _FROM_KITCHENS},
}
"""Hidden parts by channel and role. Other channels and roles have none."""


def audiences(channel: Channel) -> Collection[Role]:
    """The roles that must not see all of a channel."""
    return HIDDEN.get(channel, ())


def audience(role: Role | None, channel: Channel) -> Role | None:
    """The role if it must not see all of a channel, else None."""
    return role if role in audiences(channel) else None


def redact(audience: Role, channel: Channel, message: Mapping[str, Any]) -> Mapping[str, Any]:
    """A message of a channel as an audience may see it; the same object if nothing is hidden."""
    hidden, data = HIDDEN[channel][audience], message["data"]
    if _is_withheld(data, hidden):
        return {**message, "type": "withheld", "data": {"version": data["version"]}}
    shown: Mapping[str, Any] = _strip(message, hidden)
    return message if shown == message else shown


def _strip(value: Any, hidden: Hidden) -> Any:
    if isinstance(value, dict):  # the encoders take no other mapping
        return {
            name: None if _is_null(name, each, hidden) else _strip(each, hidden)
            for name, each in value.items()
            if name not in hidden.fields
        }
    if isinstance(value, (list, tuple, EncodedRows)):
        return [_strip(each, hidden) for each in value if not _is_withheld(each, hidden)]
    return value


def _is_null(name: str, value: Any, hidden: Hidden) -> bool:
    is_number = name in hidden.above and value is not None
    return name in hidden.nulls or (is_number and value > hidden.above[name])


def _is_withheld(data: Any, hidden: Hidden) -> bool:
    return isinstance(data, dict) and data.get("kind") in hidden.kinds
