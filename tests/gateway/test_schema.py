"""The API does what its OpenAPI document says, whatever schemathesis makes of that document.

Left out of its checks: that all that the document allows is accepted. No schema says which
timezones there are, or that one of two codes is needed, and to JSON Schema `1.0` is an integer.
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

from actors.placement import Mode, Placement
from tests.gateway.conftest import Gateway, Place, make_place, token
from tests.tally import Attempts

EXAMPLES = 36
"""Of each operation, half of them about entities that are there."""
TIGHT = hypothesis_settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)

LEFT_OUT = {"positive_data_acceptance"}

AnyOperation = APIOperation[Any, Any, Any, Any]

pytestmark = pytest.mark.slow


@pytest.fixture
def placement() -> Placement:
    return Placement(Mode.SHARD, shards=2)


@dataclass
class House:
    """A restaurant in the middle of an evening, made anew for each operation."""

    place: Place
    session: int
    order: int

    def ids(self, path: str) -> dict[str, Any]:
        """What a path's parameters are here."""
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
            "nobody": None,
        }


async def opened(gateway: Gateway) -> House:
    place = await make_place(gateway)
    made = await gateway.post(f"/tables/{place.table}/sessions")
    session = made["session_id"]
    items = {"items": [{"name": "Soup", "unit_price": "6.50"}]}
    order = (await gateway.post(f"/sessions/{session}/orders", items))["order_id"]
    await gateway.post(f"/sessions/{session}/calls")
    return House(place, session, order)


@pytest.mark.filterwarnings("ignore:Do not use the .random. module")  # schemathesis does
@pytest.mark.attack("schema")
async def test_every_answer_is_one_of_the_document(gateway: Gateway, attempts: Attempts) -> None:
    document = (await gateway.http.get("/api/openapi.json")).json()
    load_all_checks()
    chosen = [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in LEFT_OUT]
    schema = schemathesis.openapi.from_dict(document)
    schema.config.generation.update(allow_extra_parameters=False)  # nobody minds a `?utm_source=`
    loop = asyncio.get_running_loop()

    def run() -> None:
        """In a thread of its own, since schemathesis waits for each answer."""
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            house = asyncio.run_coroutine_threadsafe(opened(gateway), loop).result(30)
            base = f"{gateway.http.base_url}/api"
            _try(found.ok(), house, base, chosen, attempts)

    await asyncio.to_thread(run)
    assert attempts.tried > EXAMPLES * len(document["paths"]) / 2
    assert (await gateway.http.get("/healthz")).status_code == 200


def _try(
    operation: AnyOperation,
    house: House,
    base: str,
    checks: list[Any],
    attempts: Attempts,
) -> None:
    bearers = house.bearers()
    cases = st.one_of([operation.as_strategy(mode) for mode in GenerationMode])

    @TIGHT
    @given(cases, st.sampled_from(sorted(bearers)), st.booleans())
    def attempt(case: Any, who: str, there: bool) -> None:
        if there:
            known = house.ids(operation.path)
            case.path_parameters = {
                name: known[name] or value for name, value in case.path_parameters.items()
            }
        bearer = bearers[who]
        if bearer is not None:
            case.headers["Authorization"] = f"Bearer {bearer}"
        answer = case.call(base_url=base)
        try:
            case.validate_response(answer, checks=checks)
        except FailureGroup as group:
            failed = "; ".join(str(each) for each in group.exceptions)
            attempts.refused(False, f"{operation.label} as {who}: {failed}")
        else:
            attempts.refused(True)

    attempt()


async def test_the_document_is_about_every_route(gateway: Gateway) -> None:
    """What schemathesis does not know of it cannot try."""
    document = (await gateway.http.get("/api/openapi.json")).json()
    async with httpx.AsyncClient(base_url=str(gateway.http.base_url)) as nobody:
        for path in document["paths"]:
            answer = await nobody.request("TRACE", "/api" + path.replace("{id}", "1"))
            assert answer.status_code == 405, path
