"""The values in messages, as JSON has them.

The statuses are the values of the enums in `protocol/statuses.py`.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from typing_extensions import TypeAliasType


class _JsonSchema:
    """Keywords for a JSON schema, which pydantic reads and type checkers ignore."""

    def __init__(self, **keywords: str) -> None:
        self._keywords = keywords

    def __get_pydantic_json_schema__(
        self, core_schema: Any, handler: Callable[[Any], dict[str, Any]]
    ) -> dict[str, Any]:
        return {**handler(core_schema), **self._keywords}


Timestamp = Annotated[str, _JsonSchema(format="date-time")]
"""RFC 3339 in whole seconds of UTC, such as `2026-01-28T21:00:00Z`."""
Day = Annotated[str, _JsonSchema(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Amount = Annotated[str, _JsonSchema(pattern=r"^-?[0-9]+\.[0-9]{2}$")]
"""Money, such as `250.00`."""

Allergen = TypeAliasType(
    "Allergen",
    Literal[
        "gluten", "crustaceans", "eggs", "fish", "peanuts", "soybeans", "milk", "nuts", "celery",
        "mustard", "sesame", "sulphites", "lupin", "molluscs",
    ],
)  # fmt: skip
AutoConfirm = TypeAliasType("AutoConfirm", Literal["none", "staff", "all"])
CallReason = TypeAliasType("CallReason", Literal["waiter", "bill", "other"])
CallStatus = TypeAliasType("CallStatus", Literal["open", "acknowledged", "resolved"])
DeviceRole = Literal["waiter", "kitchen"]
Diet = TypeAliasType("Diet", Literal["vegetarian", "vegan", "pescatarian", "halal", "kosher"])
ItemStatus = TypeAliasType("ItemStatus", Literal["pending", "ready", "voided"])
OrderStatus = TypeAliasType(
    "OrderStatus", Literal["pending", "confirmed", "ready", "delivered", "cancelled"]
)
PaymentMethod = TypeAliasType(
    "PaymentMethod", Literal["cash", "card", "online", "voucher", "other"]
)
PaymentStatus = TypeAliasType(
    "PaymentStatus", Literal["unpaid", "partially_paid", "paid", "refunded"]
)
SessionStatus = TypeAliasType("SessionStatus", Literal["open", "closed"])
