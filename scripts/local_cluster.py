"""Ray, Serve and the application in one cluster of this machine; started by `scripts.run`.

Runs until its standard input ends. Whatever stands in the way is said in one sentence.
"""

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
from ray.serve.config import HTTPOptions

from actors.announced import NAMESPACE
from actors.embedded_store import NAME as EMBEDDED_STORE
from protocol.caller import Role
from scripts.before_start import CannotStart, addresses, check, settings_of_environment
from scripts.demo import Api, DemoRefused, fill
from scripts.issue_token import CannotIssue, token_for
from scripts.lan_address import lan_address
from scripts.welcome import Place, links, place_of, qr_codes, url_of, welcome
from serve_app import Auth, Settings, app

OBJECT_STORE_BYTES = 100 * 1024 * 1024  # nothing here is large enough for it
READY_TIMEOUT_S = 60.0
STORE_STOP_TIMEOUT_S = 10.0


def main(directory: Path, phone: str | None = None) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job is born deaf to it
    threading.Thread(target=_interrupt_at_end_of_input, daemon=True).start()
    try:
        settings = settings_of_environment() if phone is None else _for_phones(phone)
        check(settings)
        with only_our_words(), running(settings, directory) as dashboard:
            api = Api(url_of(settings), token_for(settings, Role.ADMIN, label="make run"))
            fill_if_empty(api)
            place = _place_of(api)
            pages = links(settings, place)
            say(welcome(settings, place, pages, dashboard, _metrics()))
            if phone is not None:
                say(qr_codes(pages, coloured=os.isatty(1)))
            say("Ctrl-C ends it; the next run finds the same state.")
            threading.Event().wait()
    except (CannotIssue, CannotStart) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _for_phones(phone: str) -> Settings:
    """Settings that admit phones of the local network, each with a token or a code.

    `phone` is this machine's address there, or 1: find it.
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
    while os.read(0, 4096):  # not through sys.stdin, whose lock would be held at exit
        pass
    os.kill(os.getpid(), signal.SIGINT)


def say(text: str) -> None:
    print(text, file=sys.__stdout__, flush=True)


@contextmanager
def only_our_words() -> Iterator[None]:
    """Keep what Ray prints about its workers off the screen; it stands in Ray's logs, too."""
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield


@contextmanager
def running(settings: Settings, directory: Path) -> Iterator[str]:
    """The cluster with the application in it; yields the dashboard's address, ends all at exit."""
    try:
        yield _start(settings, directory)
    except (RayError, RuntimeError, TimeoutError) as error:
        last = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise CannotStart(
            f"The application did not start, {directory}/session_latest/logs says why: {last}"
        ) from error
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stop()


def _start(settings: Settings, directory: Path) -> str:
    host, *also = addresses(settings)
    if also:
        os.environ["RESTAURANT_QR_ALSO_BIND"] = also[0]  # for scripts/haproxy
    say("Starting Ray ...")
    context = ray.init(
        address="local",
        namespace=NAMESPACE,
        include_dashboard=True,
        dashboard_host="127.0.0.1",
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        logging_level=logging.ERROR,
        logging_config=ray.LoggingConfig(encoding="JSON", log_level="WARNING"),
        _temp_dir=str(directory),
    )
    say("Starting the application ...")
    serve.start(
        proxy_location="HeadOnly",
        http_options=HTTPOptions(host=host, port=settings.port),
    )
    serve.run(app(settings), name=NAMESPACE)
    _wait_until_ready(settings)
    return str(context.dashboard_url)


def stop() -> None:
    """Close every socket with 1012, put the embedded store's data on disk, end Ray."""
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
        if answers_directly(url_of(settings)):
            return
        time.sleep(0.1)
    raise CannotStart(f"The gateway did not answer at {url_of(settings)} within a minute.")


def answers_directly(url: str) -> bool:
    """Whether the application answers at its `/healthz`, and not by way of Serve's own proxy.

    Serve calls an application ready while HAProxy may still send to that proxy, where a socket
    would stay for its life.
    """
    try:
        return bool(_answer(f"{url}/healthz")) and _is_direct()
    except OSError:
        return False


def _is_direct() -> bool:
    if os.environ["RAY_SERVE_ENABLE_HA_PROXY"] != "1":
        return True
    servers = _answer(f"http://127.0.0.1:{os.environ['RAY_SERVE_HAPROXY_STATS_PORT']}/stats;csv")
    return any("SERVE_REPLICA" in server and ",UP," in server for server in servers.splitlines())


def _answer(url: str) -> str:
    with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  # our own server
        text: str = answer.read().decode()
    return text


def fill_if_empty(api: Api) -> None:
    """Demo data; without it the application serves all the same."""
    try:
        if fill(api):
            say("The empty store was filled with a demo chain of two restaurants.")
    except (DemoRefused, OSError) as error:
        say(f"The demo chain could not be made: {error}")


def _metrics() -> str:
    """Where this node shows its metrics to Prometheus."""
    (node,) = ray.nodes()
    return f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
