"""The restaurant that each entity belongs to, cached. Concurrent lookups share a round trip."""

from collections import OrderedDict

from gateway.backend.coalescing import Coalesced
from protocol.ids import Address, Kind
from storage.store import Store

MAX_CACHED_IDS = 200_000
"""Maximum number of cached ids."""


class Directory:
    """Looks up the addresses of ids."""

    def __init__(self, store: Store) -> None:
        self._restaurants: OrderedDict[tuple[Kind, int], int] = OrderedDict()
        self._lookups = Coalesced(store.restaurant_of)

    async def address(self, kind: Kind, id_: int) -> Address | None:
        """The address of an id; None if there is none. Raises StoreUnavailable."""
        if kind is Kind.MENU:  # each restaurant has one
            found = await self.address(Kind.RESTAURANT, id_)
            return None if found is None else Address(Kind.MENU, id_, id_)
        restaurant = self._restaurants.get((kind, id_))
        if restaurant is None:
            restaurant = await self._lookups.call((kind, id_))
            if restaurant is None:
                return None
            self.cache(Address(kind, id_, restaurant))
        return Address(kind, id_, restaurant)

    def cache(self, address: Address) -> None:
        """Cache an address that is in the store's directory."""
        self._restaurants[address.kind, address.id] = address.restaurant
        if len(self._restaurants) > MAX_CACHED_IDS:
            self._restaurants.popitem(last=False)
