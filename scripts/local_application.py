"""Checks and deploys the application of `make run`, creates the demo data and prints the links.

Imports the whole service, which `scripts.local_cluster` does while Ray starts.
"""

import itertools
import os
import time
import urllib.request

from ray import serve

from actors.cluster_config import NAMESPACE
from actors.embedded_store import embedded_store
from protocol.caller import Role
from scripts import demo_photos
from scripts.demo import Api, DemoRefused, fill
from scripts.issue_token import token_for
from scripts.lan_address import lan_address
from scripts.preflight import check, settings_of_environment
from scripts.ray_processes import metrics_address, say
from scripts.welcome import Place, links, place_of, qr_codes, url_of, welcome
from serve_app import app
from service_settings import Auth, Settings

READY_TIMEOUT_S = 180.0
POLL_S = 0.1
POLLS_PER_STATUS = 10
"""Serve's status takes more CPU than a request to the gateway."""


class LocalApplication:
    """The application of one run. The constructor raises PreflightError if a check fails."""

    def __init__(self, phone: str | None) -> None:
        self._is_for_phones = phone is not None
        self._settings = settings_of_environment() if phone is None else _for_phones(phone)
        check(self._settings)

    def start(self) -> None:
        """Deploy it, wait until it responds, and create the demo data. Ray must be running."""
        settings = self._settings
        if settings.redis_url is None:  # starts while Serve does; the gateway waits for it
            embedded_store(settings.data_dir, settings.durability)
        serve.start(proxy_location="Disabled")
        # Without waiting for Serve, which detects up to 1.5 s late that the application runs.
        serve.run_many(
            [serve.RunTarget(app(settings), name=NAMESPACE)],
            wait_for_ingress_deployment_creation=False,
            wait_for_applications_running=False,
        )
        _wait_until_ready(url_of(settings))
        say(f"The application is running at {url_of(settings)}.")
        self._token = token_for(settings, Role.ADMIN, label="make run")
        self._api = Api(url_of(settings), self._token)
        self._has_new_demo = fill_if_empty(self._api)

    def describe(self, dashboard: str | None) -> None:
        """Print links, commands and QR codes."""
        place = _place_of(self._api)
        pages = links(self._settings, place)
        say(welcome(self._settings, place, pages, dashboard, metrics_address()))
        if self._is_for_phones:
            say(qr_codes(pages, coloured=os.isatty(1)))
        say("Press Ctrl-C to stop. The data is kept for the next run.")

    def add_photos(self) -> None:
        """Add photos to the demo chain in the background, if this run has created it."""
        if self._has_new_demo:
            demo_photos.start(url_of(self._settings), self._token)


def _for_phones(phone: str) -> Settings:
    """Settings that also serve phones of the local network, which need a token or a code.

    `phone` is this machine's address in that network, or 1 to detect it.
    """
    host = lan_address(None if phone == "1" else phone)
    settings = settings_of_environment(host=host, auth=Auth.REQUIRED)
    public_url = settings.public_url or url_of(settings)
    return settings.model_copy(update={"public_url": public_url})


def _place_of(api: Api) -> Place | None:
    try:
        return place_of(api)
    except (DemoRefused, OSError):
        return None


def _wait_until_ready(url: str) -> None:
    """Raises RuntimeError if Serve cannot run the application, TimeoutError after the timeout."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    for poll in itertools.count(1):
        if answers(url):
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"the gateway did not respond within {READY_TIMEOUT_S:.0f} s.")
        if poll % POLLS_PER_STATUS == 0:
            status = serve.status().applications.get(NAMESPACE)
            if status is not None and status.status == "DEPLOY_FAILED":
                raise RuntimeError(status.message)
        time.sleep(POLL_S)  # Serve reports no event when a replica is ready


def answers(url: str) -> bool:
    """Whether the application responds at `/healthz`."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2):  # noqa: S310  # our own server
            return True
    except OSError:
        return False


def fill_if_empty(api: Api) -> bool:
    """Create the demo data; returns whether any was missing. A failure is only printed: the
    application works without it."""
    try:
        if not fill(api):
            return False
    except (DemoRefused, OSError) as error:
        say(f"Cannot create the demo chain: {error}")
        return False
    say("Created a demo chain of two restaurants in the empty store.")
    return True
