"""Detects signals that GNU make receives but does not forward.

On SIGTERM, make terminates its recipes. On SIGINT and SIGHUP, it waits for them, because a terminal
signals the whole process group; `kill -INT MAKE` and many supervisors do not. While it waits, the
signal has its default action again, which /proc shows.
"""

import os
import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path

CHECK_INTERVAL_S = 0.3
_NAMES = ("make", "gmake")
_FATAL = sum(1 << (signum - 1) for signum in (signal.SIGINT, signal.SIGHUP))


def follow_make(stop: Callable[[], object]) -> None:
    """Call `stop` once, from a thread, when the make that started this process is terminating.

    Does nothing if the parent process is not make, or on a system without /proc.
    """
    make = os.getppid()
    if _name(make) in _NAMES:
        threading.Thread(target=_watch, args=(make, stop), daemon=True).start()


def _watch(make: int, stop: Callable[[], object]) -> None:
    pause = threading.Event()
    while os.getppid() == make and not _is_ending(make):
        pause.wait(CHECK_INTERVAL_S)
    stop()


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _is_ending(make: int) -> bool:
    """Whether one of the signals has its default action, or the process has ended.

    A running make handles both, or ignores those that its own parent ignored.
    """
    try:
        status = Path(f"/proc/{make}/status").read_text()
    except OSError:
        return True
    masks = re.findall(r"^Sig(?:Ign|Cgt):\s*(\w+)$", status, re.M)
    handled = 0
    for mask in masks:
        handled |= int(mask, 16)
    return handled & _FATAL != _FATAL
