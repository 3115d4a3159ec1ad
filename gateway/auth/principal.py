"""An authenticated caller."""

from dataclasses import dataclass, replace

from gateway.auth.client_address import ClientAddress
from protocol.caller import ANONYMOUS, Caller, Role


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller. `restaurant_id` of None is the whole chain; `expires_at` is when the
    token ends, in epoch seconds, None without a token; `token_id` is that of a registered token."""

    caller: Caller
    restaurant_id: int | None = None
    waiter_id: int | None = None
    session_id: int | None = None
    device_id: int | None = None
    expires_at: float | None = None
    token_id: int | None = None

    @property
    def role(self) -> Role:
        return self.caller.role

    @property
    def quota_key(self) -> str | None:
        """The key by which requests are counted; guests of a session share one. None for callers
        without this limit: administrators and anonymous callers."""
        if self.role in (Role.ADMIN, Role.ANONYMOUS):
            return None
        return f"session:{self.session_id}" if self.role is Role.GUEST else self.caller.subject

    def at(self, address: ClientAddress) -> "Principal":
        """The same principal with the address that the request came from."""
        return replace(self, caller=replace(self.caller, address=address.site))


ANONYMOUS_PRINCIPAL = Principal(ANONYMOUS)
