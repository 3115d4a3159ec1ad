"""Starts Ray, Serve and the application in a cluster on this machine; started by `scripts.run`.

A thread imports the application while Ray starts. Once the application is running, this process
replaces itself with `scripts.hold_cluster`, which frees 130 MB. A startup error is printed as one
sentence.
"""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import ray
from ray.exceptions import RayError

from restaurant_qr.exits import Cannot, Exit
from scripts import hold_cluster
from scripts.ray_processes import leave_out, leave_running, say, silence_ray, start_dashboard

if TYPE_CHECKING:
    from scripts.local_application import LocalApplication

OBJECT_STORE_BYTES = 100 * 1024 * 1024  # the application stores no large objects


def main(directory: Path, phone: str | None, *, has_dashboard: bool, has_photos: bool) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs
    threading.Thread(target=_interrupt_at_end_of_input, daemon=True).start()
    try:
        with silence_ray(), ThreadPoolExecutor(1) as thread, _running(directory):
            imported = thread.submit(_imported, directory, phone)
            _start_ray(directory)
            application = imported.result()
            say("Starting the application ...")
            application.start()
            application.describe(_dashboard() if has_dashboard else None)
            if has_photos:
                application.add_photos()
            _hold(directory)
    except Cannot as error:
        print(error, file=sys.stderr)
        return Exit.CANNOT
    except KeyboardInterrupt:
        pass
    return 0


def _interrupt_at_end_of_input() -> None:
    while os.read(0, 4096):  # not sys.stdin, whose lock would be held at exit
        pass
    os.kill(os.getpid(), signal.SIGINT)


def _imported(directory: Path, phone: str | None) -> "LocalApplication":
    """Import and check the application. If a check fails, end this process, and Ray with it."""
    from scripts.local_application import LocalApplication

    try:
        application = LocalApplication(phone)
    except Cannot as error:
        print(error, file=sys.__stderr__, flush=True)
        (directory / "session_latest").unlink(missing_ok=True)  # no log says more
        os._exit(Exit.CANNOT)  # without waiting for `ray.init`, which hangs if there is no network
    say("Starting Ray ...")
    return application


@contextmanager
def _running(directory: Path) -> Iterator[None]:
    """Stop the application and Ray at exit."""
    try:
        yield
    except (RayError, RuntimeError, TimeoutError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise Cannot(
            f"The application did not start: {reason} (logs: {directory}/session_latest/logs)"
        ) from error
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if ray.is_initialized():
            from scripts.stop_application import stop

            stop()
            ray.shutdown()


def _start_ray(directory: Path) -> None:
    leave_out()
    ray.init(
        address="local",
        dashboard_host="127.0.0.1",
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        logging_level=logging.ERROR,
        logging_config=ray.LoggingConfig(encoding="JSON", log_level="WARNING"),
        _temp_dir=str(directory),
    )


def _dashboard() -> str | None:
    """The address of Ray's dashboard, which is optional; None if it did not start."""
    say("Starting Ray's dashboard ...")
    try:
        return start_dashboard()
    except RuntimeError as error:
        say(str(error))
        return None


def _hold(directory: Path) -> NoReturn:
    """Replace this process with a light one, which waits and stops the cluster."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the light process reads the end of input
    stop = "-m", "scripts.stop_application", ray.get_runtime_context().gcs_address
    hold = hold_cluster.__file__, str(leave_running()), str(directory), *stop
    os.execv(sys.executable, [sys.executable, "-IS", *hold])  # noqa: S606  # ourselves


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--phone")
    parser.add_argument("--no-dashboard", action="store_true")
    parser.add_argument("--demo-photos", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    arguments = _arguments()
    code = main(
        arguments.directory,
        arguments.phone,
        has_dashboard=not arguments.no_dashboard,
        has_photos=arguments.demo_photos,
    )
    sys.exit(code)
