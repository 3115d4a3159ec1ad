"""The frames of roles that must not see all of a channel, made where frames are published or read.

A frame that hides nothing from a role is encoded once, for all.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from domain.redaction import HIDDEN, redact
from engine.messages import Variants
from protocol.caller import Role
from protocol.codec import encode
from protocol.ids import Channel


class Frame(NamedTuple):
    """An event of a channel, as a message and encoded."""

    channel: Channel
    message: Mapping[str, Any]
    encoded: bytes

    def redacted(self, audience: Role) -> bytes:
        """The frame for an audience: this one, if it hides nothing."""
        shown = redact(audience, self.channel, self.message)
        return self.encoded if shown is self.message else encode(shown)


def variants(channel: Channel, frames: Collection[Frame], whole: tuple[bytes, ...]) -> Variants:
    """The frames of each audience of a channel; none if they are the `whole` ones."""
    redacted: dict[str, tuple[bytes, ...]] = {}
    for role, hidden in HIDDEN[channel].items():
        shown = whole
        if any(map(hidden.pattern.search, whole)):
            shown = tuple([each.redacted(role) for each in frames])
        redacted[role] = () if shown == whole else shown
    return redacted
