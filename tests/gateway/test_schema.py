"""The API against its OpenAPI document, with requests that schemathesis generates from it.

Positive data acceptance is not checked: no schema says which time zones exist or that one of two
codes is required, and JSON Schema takes `1.0` for an integer.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation

from engine.placement import Mode, Placement
from tests.attack_report import Attempts
from tests.gateway.conftest import Gateway, Place, make_place, token

EXAMPLES = 36
"""Examples for each operation, half of them for existing entities."""
FUZZ_SETTINGS = hypothesis_settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)

EXCLUDED_CHECKS = {"positive_data_acceptance"}

AnyOperation = APIOperation[Any, Any, Any, Any]

pytestmark = pytest.mark.slow


@pytest.fixture
def placement() -> Placement:
    return Placement(Mode.SHARD, shards=2)


@dataclass
class SchemaRestaurant:
    """A restaurant with an open session and an order, created for each operation."""

    place: Place
    session: int
    order: int

    def ids(self, path: str) -> dict[str, Any]:
        """Existing values of a path's parameters."""
        ids = {
            "restaurants": self.place.restaurant,
            "tables": self.place.table,
            "sessions": self.session,
            "orders": self.order,
            "waiters": self.place.waiter,
        }
        call = f"{self.session}-1"
        return {
            "id": ids.get(path.split("/")[1]), "item_id": 1, "call_id": call, "device_id": 1,
            "token_id": 1,
        }  # fmt: skip

    def bearers(self) -> dict[str, str | None]:
        home = self.place.restaurant
        return {
            "admin": token("admin"),
            "manager": token("manager", restaurant_id=home),
            "waiter": token("waiter", restaurant_id=home, waiter_id=self.place.waiter),
            "kitchen": token("kitchen", restaurant_id=home),
            "guest": token("guest", restaurant_id=home, session_id=self.session),
            "foreign": token("manager", restaurant_id=home + 1000),
            "forged": token("admin")[:-2],
            "anonymous": None,
        }


async def open_session(gateway: Gateway) -> SchemaRestaurant:
    place = await make_place(gateway)
    created = await gateway.post(f"/tables/{place.table}/sessions")
    session = created["session_id"]
    items = {"items": [{"name": "Soup", "unit_price": "6.50"}]}
    order = (await gateway.post(f"/sessions/{session}/orders", items))["order_id"]
    await gateway.post(f"/sessions/{session}/calls")
    return SchemaRestaurant(place, session, order)


@pytest.mark.filterwarnings("ignore:Do not use the .random. module")  # schemathesis does
@pytest.mark.attack("schema")
async def test_every_response_matches_the_openapi_document(
    gateway: Gateway, attempts: Attempts
) -> None:
    document = (await gateway.http.get("/api/openapi.json")).json()
    load_all_checks()
    chosen = [
        CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in EXCLUDED_CHECKS
    ]
    schema = schemathesis.openapi.from_dict(document)
    schema.config.generation.update(allow_extra_parameters=False)  # the API ignores them
    loop = asyncio.get_running_loop()

    def run() -> None:
        """Try all operations, in a thread: schemathesis blocks until each response."""
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            restaurant = asyncio.run_coroutine_threadsafe(open_session(gateway), loop).result(30)
            base = f"{gateway.http.base_url}/api"
            _try(found.ok(), restaurant, base, chosen, attempts)

    await asyncio.to_thread(run)
    assert attempts.tried > EXAMPLES * len(document["paths"]) / 2
    assert (await gateway.http.get("/healthz")).status_code == 200


def _try(
    operation: AnyOperation,
    restaurant: SchemaRestaurant,
    base: str,
    checks: list[Any],
    attempts: Attempts,
) -> None:
    bearers = restaurant.bearers()
    cases = st.one_of([operation.as_strategy(mode) for mode in GenerationMode])

    @FUZZ_SETTINGS
    @given(cases, st.sampled_from(sorted(bearers)), st.booleans())
    def attempt(case: Any, role: str, exists: bool) -> None:
        if exists:
            known = restaurant.ids(operation.path)
            case.path_parameters = {
                name: known[name] or value for name, value in case.path_parameters.items()
            }
        bearer = bearers[role]
        if bearer is not None:
            case.headers["Authorization"] = f"Bearer {bearer}"
        response = case.call(base_url=base)
        try:
            case.validate_response(response, checks=checks)
        except FailureGroup as group:
            failed = "; ".join(str(each) for each in group.exceptions)
            attempts.refused(False, f"{operation.label} as {role}: {failed}")
        else:
            attempts.refused(True)

    attempt()


async def test_the_openapi_document_covers_every_route(gateway: Gateway) -> None:
    """Methods that the document leaves out are refused with 405."""
    document = (await gateway.http.get("/api/openapi.json")).json()
    async with httpx.AsyncClient(base_url=str(gateway.http.base_url)) as http:
        for path in document["paths"]:
            response = await http.request("TRACE", "/api" + path.replace("{id}", "1"))
            assert response.status_code == 405, path
