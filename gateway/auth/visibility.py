"""Object-level authorization: finds an entity by its id if the caller may see it, and checks that
the caller may see it in each state that its host sends.

A caller that may not see an entity gets the same answer as for a missing one. For guests, their
session decides about every id, existing or not: once it is closed, every id gets the same answer,
so that no answer reveals which entities exist.
"""

from functools import partial

from domain.access import Access
from domain.audit import DeniedRead
from domain.redaction import audience
from engine.messages import CheckGuest, Published, RecordDenial, Subscribed, View
from gateway.auth.policy import is_visible, not_found
from gateway.auth.principal import Principal
from gateway.auth.revocation import SESSION_CLOSED
from gateway.backend.directory import Directory
from gateway.backend.host_client import HostClient
from gateway.backend.topic_subscribers import FrameCheck
from protocol.caller import Role
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Channel, Kind


class Visibility:
    """Resolves ids for the callers of one gateway."""

    def __init__(self, directory: Directory, client: HostClient) -> None:
        self._directory = directory
        self._client = client

    async def resolve(self, principal: Principal, kind: Kind, id_: int) -> Address | Rejected:
        """The address of an entity, or why the caller may not see it. Raises StoreUnavailable.

        A request for an entity of another restaurant is audited in the caller's own.
        """
        address = await self._directory.address(kind, id_)
        restaurant, is_granted = principal.restaurant_id, True
        if principal.role is Role.GUEST:
            assert principal.session_id is not None
            session = await self._directory.address(Kind.SESSION, principal.session_id)
            if session is None:
                return SESSION_CLOSED
            access = await self._guest_access(session, address)
            if isinstance(access, Rejected):
                return access
            restaurant, is_granted = session.restaurant, access is Access.GRANTED
        if address is None:
            return not_found(kind, id_)
        if is_granted and is_visible(principal, address):
            return address
        if restaurant is not None:
            home = Address(Kind.RESTAURANT, restaurant, restaurant)
            denied = DeniedRead(action=kind.value, foreign_id=id_)
            self._client.send(RecordDenial(home, denied, principal.caller, Code.NOT_FOUND))
        return not_found(kind, id_)

    async def _guest_access(self, session: Address, target: Address | None) -> Access | Rejected:
        """The access that an open session grants to its guests; SESSION_CLOSED if it is closed."""
        reply = await self._client.send(CheckGuest(session, target))
        if reply is Access.GRANTED or reply is Access.HIDDEN:
            return reply
        is_unknown = isinstance(reply, Rejected) and reply.code is Code.UNAVAILABLE
        return UNAVAILABLE if is_unknown else SESSION_CLOSED


# --- frames --------------------------------------------------------------------------------------


def may_resume(principal: Principal, channel: Channel) -> bool:
    """False for a guest on its table's channel: missed events may belong to an earlier session."""
    return not _is_at_table(principal, channel)


def frame_check(principal: Principal, channel: Channel) -> FrameCheck | None:
    """Checks the frames for a subscriber; None if every frame of the channel is for it."""
    if audience(principal.role, channel) is None and not _is_at_table(principal, channel):
        return None
    return partial(_refusal, principal, channel)


def admit(principal: Principal, channel: Channel, view: View) -> View | Rejected:
    """A snapshot, or why the caller may not see it."""
    return _refusal(principal, channel, view) or view


def _refusal(
    principal: Principal, channel: Channel, sent: View | Subscribed | Published
) -> Rejected | None:
    """A guest sees its table only while its own session is there. UNAVAILABLE if the host, of
    another release, has not checked that, or has not redacted the frames for the role."""
    if audience(principal.role, channel) is not None and principal.role not in sent.variants:
        return UNAVAILABLE
    if not _is_at_table(principal, channel):
        return None
    if sent.admitted is None:
        return UNAVAILABLE
    return None if principal.session_id in sent.admitted else SESSION_CLOSED


def _is_at_table(principal: Principal, channel: Channel) -> bool:
    return principal.role is Role.GUEST and channel is Channel.TABLE
