"""Output of `make run`: links that sign in for some hours, and commands."""

import subprocess
import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from scripts.environment import ROOT
from scripts.lan_address import lan_address
from scripts.preflight import PreflightError
from scripts.welcome import LINK_HOURS, Place, links, place_of, qr_codes, url_of, welcome
from serve_app import secret_of
from service_settings import Auth, Settings
from storage.embedded import EmbeddedStore

GUEST = "http://127.0.0.1:9000/guest/#join=5.1.code"
PLACE = Place(2, table=5, guest=GUEST, waiter=10, session=1, order=1)


@pytest.fixture
def settings(tmp_path: Path, valkey: EmbeddedStore) -> Settings:
    return Settings(data_dir=tmp_path, redis_url=valkey.url)


def claims(settings: Settings, url: str) -> dict[str, Any]:
    token = url.partition("#token=")[2]
    read: dict[str, Any] = jwt.decode(token, secret_of(settings), ["HS256"])
    return read


@pytest.mark.parametrize(
    ("who", "path", "role"),
    [
        ("start page", "", {"role": "admin"}),
        ("kitchen", "kitchen/", {"role": "kitchen", "restaurant_id": 2}),
        ("waiter", "waiter/", {"role": "waiter", "restaurant_id": 2, "waiter_id": 10}),
        ("manager", "manager/", {"role": "manager", "restaurant_id": 2}),
    ],
)
def test_a_welcome_link_grants_its_role_for_some_hours(
    settings: Settings, who: str, path: str, role: dict[str, object]
) -> None:
    url = links(settings, PLACE)[who]
    assert url.startswith(f"http://127.0.0.1:9000/{path}#token=")
    read = claims(settings, url)
    assert role.items() <= read.items()
    assert abs(read["exp"] - time.time() - LINK_HOURS * 3600) < 60


def test_links_start_with_the_start_page_and_the_guest_page(settings: Settings) -> None:
    pages = links(settings, PLACE)
    assert list(pages) == ["start page", "guest", "kitchen", "waiter", "manager"]
    assert pages["guest"] == GUEST


def test_welcome_links_use_the_public_address(settings: Settings) -> None:
    public = settings.model_copy(update={"public_url": "http://192.168.1.20:9000/"})
    assert links(public, PLACE)["manager"].startswith("http://192.168.1.20:9000/manager/#")


def test_the_welcome_of_an_empty_chain_has_only_the_start_page(settings: Settings) -> None:
    pages = links(settings, None)
    assert list(pages) == ["start page"]
    shown = welcome(settings, None, pages, "127.0.0.1:8265", "http://127.0.0.1:1/metrics")
    assert pages["start page"] in shown


@pytest.mark.parametrize("auth", Auth)
def test_printed_commands_have_a_token_if_one_is_required(settings: Settings, auth: Auth) -> None:
    closed = settings.model_copy(update={"auth": auth})
    shown = welcome(closed, PLACE, {}, "127.0.0.1:8265", "http://127.0.0.1:1/metrics")
    bearer = '-s bearer -s "$token" ' if auth is Auth.REQUIRED else ""
    assert f"npx -y wscat {bearer}-c ws://127.0.0.1:9000/ws/orders/1/\n" in shown
    assert "| grep restaurant_qr" in shown


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000"),
        ("0.0.0.0", "http://127.0.0.1:9000"),
        ("192.168.1.20", "http://192.168.1.20:9000"),
        ("localhost", "http://localhost:9000"),
        ("::1", "http://[::1]:9000"),
    ],
)
def test_the_printed_url_is_reachable_from_this_machine(
    settings: Settings, host: str, url: str
) -> None:
    assert url_of(settings.model_copy(update={"host": host})) == url


class WelcomeApi:
    """An API with one restaurant."""

    def __init__(self, restaurant: dict[str, Any] | None) -> None:
        self._restaurant = restaurant

    def get(self, path: str) -> Any:
        if path == "/restaurants":
            return [] if self._restaurant is None else [self._restaurant]
        assert path == "/tables/2/code"
        return {"table_code": "2.1.code", "url": "http://127.0.0.1:9000/guest/#join=2.1.code"}


def test_the_welcome_names_a_free_table_and_its_waiter() -> None:
    api: Any = WelcomeApi(
        {
            "id": 7,
            "name": "Own",
            "waiters": [{"waiter_id": 3}],
            "open_orders": [{"order_id": 4}],
            "tables": {
                "list": [
                    {"table_id": 1, "waiter_id": 8, "is_active": True, "is_occupied": True,
                     "session": {"id": 5}},
                    {"table_id": 2, "waiter_id": 9, "is_active": True, "is_occupied": False,
                     "session": None},
                ]
            },
        }
    )  # fmt: skip
    guest = "http://127.0.0.1:9000/guest/#join=2.1.code"
    assert place_of(api) == Place(7, table=2, guest=guest, waiter=9, session=5, order=4)


def test_the_welcome_of_an_empty_restaurant_names_no_table_order_or_waiter() -> None:
    bare = {"id": 7, "name": "Own", "waiters": [], "open_orders": [], "tables": {"list": []}}
    api: Any = WelcomeApi(bare)
    assert place_of(api) == Place(7)
    empty: Any = WelcomeApi(None)
    assert place_of(empty) is None


def test_qr_codes_are_white_on_black_in_a_terminal_and_plain_in_a_file(settings: Settings) -> None:
    pages = links(settings, PLACE)
    plain = qr_codes(pages, coloured=False)
    coloured = qr_codes(pages, coloured=True)
    assert "\033" not in plain
    assert coloured.replace("\033[97;40m", "").replace("\033[0m", "") == plain
    assert plain.index("manager:") < plain.index("guest:")


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        ([], "restaurant_qr run --demo-photos"),
        (["PHONE=192.168.1.20"], 'restaurant_qr run --demo-photos --phone "192.168.1.20"'),
        (
            ["DASHBOARD=0", "PLACEMENT=shard"],
            'restaurant_qr run --demo-photos --no-dashboard --placement "shard"',
        ),
        (["DASHBOARD=1"], "restaurant_qr run --demo-photos"),
    ],
    ids=["nothing", "phones", "less memory", "the dashboard"],
)
def test_make_run_passes_its_variables_to_the_command(given: list[str], ends: str) -> None:
    command = [
        "make",
        "--dry-run",
        "--no-print-directory",
        "--old-file=.venv/run.stamp",
        "run",
        *given,
    ]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert " ".join(shown.split()).endswith(ends)


@pytest.mark.parametrize("wanted", ["127.0.0.1", "0.0.0.0", "203.0.113.9", "nonsense", "fe80::1"])
def test_an_address_unreachable_for_phones_is_refused(wanted: str) -> None:
    with pytest.raises(PreflightError, match=f"PHONE={wanted} is not"):
        lan_address(wanted)
