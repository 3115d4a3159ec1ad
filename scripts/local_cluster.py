"""Runs Ray, Serve and the application in a cluster on this machine; started by `scripts.run`.

Runs until its standard input is closed. A startup error is printed as one sentence.
"""

import argparse
import logging
import os
import signal
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import ray
from ray import serve
from ray.exceptions import RayError

from actors.cluster_config import NAMESPACE
from actors.embedded_store import NAME as EMBEDDED_STORE
from actors.embedded_store import embedded_store
from protocol.caller import Role
from restaurant_qr.exits import Exit
from scripts.demo import Api, DemoRefused, fill
from scripts.issue_token import CannotIssue, token_for
from scripts.lan_address import lan_address
from scripts.preflight import PreflightError, check, settings_of_environment
from scripts.ray_processes import leave_out, metrics_address, start_dashboard
from scripts.welcome import Place, links, place_of, qr_codes, url_of, welcome
from serve_app import Auth, Settings, app

OBJECT_STORE_BYTES = 100 * 1024 * 1024  # the application stores no large objects
READY_TIMEOUT_S = 60.0
STORE_STOP_TIMEOUT_S = 10.0


def main(directory: Path, phone: str | None, *, has_dashboard: bool) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs
    threading.Thread(target=_interrupt_at_end_of_input, daemon=True).start()
    try:
        settings = settings_of_environment() if phone is None else _for_phones(phone)
        check(settings)
        with silence_ray(), running(settings, directory):
            api = Api(url_of(settings), token_for(settings, Role.ADMIN, label="make run"))
            say(f"The application is running at {url_of(settings)}.")
            fill_if_empty(api)
            dashboard = _dashboard() if has_dashboard else None
            place = _place_of(api)
            pages = links(settings, place)
            say(welcome(settings, place, pages, dashboard, metrics_address()))
            if phone is not None:
                say(qr_codes(pages, coloured=os.isatty(1)))
            say("Press Ctrl-C to stop. The data is kept for the next run.")
            threading.Event().wait()
    except (CannotIssue, PreflightError) as error:
        print(error, file=sys.stderr)
        return Exit.CANNOT
    except KeyboardInterrupt:
        pass
    return 0


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


def _interrupt_at_end_of_input() -> None:
    while os.read(0, 4096):  # not sys.stdin, whose lock would be held at exit
        pass
    os.kill(os.getpid(), signal.SIGINT)


def say(text: str) -> None:
    print(text, file=sys.__stdout__, flush=True)


@contextmanager
def silence_ray() -> Iterator[None]:
    """Hide Ray's messages about its workers, which its logs have, too."""
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    with Path(os.devnull).open("w") as null, redirect_stdout(null), redirect_stderr(null):
        yield


@contextmanager
def running(settings: Settings, directory: Path) -> Iterator[None]:
    """Start the cluster and the application, and stop both at exit."""
    try:
        _start(settings, directory)
        yield
    except (RayError, RuntimeError, TimeoutError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise PreflightError(
            f"The application did not start: {reason} (logs: {directory}/session_latest/logs)"
        ) from error
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stop()


def _start(settings: Settings, directory: Path) -> None:
    say("Starting Ray ...")
    leave_out()
    ray.init(
        address="local",
        namespace=NAMESPACE,
        dashboard_host="127.0.0.1",
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        logging_level=logging.ERROR,
        logging_config=ray.LoggingConfig(encoding="JSON", log_level="WARNING"),
        _temp_dir=str(directory),
    )
    say("Starting the application ...")
    if settings.redis_url is None:  # starts while Serve does; the gateway waits for it
        embedded_store(settings.data_dir, settings.durability)
    serve.start(proxy_location="Disabled")
    serve.run(app(settings), name=NAMESPACE)
    _wait_until_ready(settings)


def stop() -> None:
    """Close every WebSocket with 1012, stop the embedded store cleanly, and stop Ray."""
    if not ray.is_initialized():
        return
    with suppress(Exception):
        serve.delete(NAMESPACE)
    with suppress(Exception):
        store = ray.get_actor(EMBEDDED_STORE, namespace=NAMESPACE)
        ray.get(store.stop.remote(), timeout=STORE_STOP_TIMEOUT_S)
    ray.shutdown()


def _wait_until_ready(settings: Settings) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        if answers(url_of(settings)):
            return
        time.sleep(0.1)
    raise PreflightError(f"The gateway did not respond at {url_of(settings)} within a minute.")


def answers(url: str) -> bool:
    """Whether the application responds at `/healthz`."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2):  # noqa: S310  # our own server
            return True
    except OSError:
        return False


def fill_if_empty(api: Api) -> None:
    """Create the demo data. A failure is only printed: the application works without it."""
    try:
        if fill(api):
            say("Created a demo chain of two restaurants in the empty store.")
    except (DemoRefused, OSError) as error:
        say(f"Cannot create the demo chain: {error}")


def _dashboard() -> str | None:
    """The address of Ray's dashboard, which is optional; None if it did not start."""
    say("Starting Ray's dashboard ...")
    try:
        return start_dashboard()
    except RuntimeError as error:
        say(str(error))
        return None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--phone")
    parser.add_argument("--no-dashboard", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    arguments = _arguments()
    sys.exit(main(arguments.directory, arguments.phone, has_dashboard=not arguments.no_dashboard))
