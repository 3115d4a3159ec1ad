"""Follows the signals that GNU make receives but does not forward.

On SIGTERM make ends its recipes. On SIGINT and SIGHUP it waits for them: it expects the terminal to
have signalled the whole process group, which `kill -INT MAKE` and many supervisors do not do.
While it waits, the signal has its default action again, which /proc shows.
"""

import os
import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path

PERIOD_S = 0.3
_NAMES = ("make", "gmake")
_FATAL = sum(1 << (signum - 1) for signum in (signal.SIGINT, signal.SIGHUP))


def follow_make(stop: Callable[[], object]) -> None:
    """Call `stop` once, from a thread, when the make that started this process is about to end.

    Does nothing if the parent is another program, or on a system without /proc.
    """
    make = os.getppid()
    if _name(make) in _NAMES:
        threading.Thread(target=_watch, args=(make, stop), daemon=True).start()


def _watch(make: int, stop: Callable[[], object]) -> None:
    pause = threading.Event()
    while os.getppid() == make and not _is_ending(make):
        pause.wait(PERIOD_S)
    stop()


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _is_ending(make: int) -> bool:
    """Whether one of the signals has its default action, or the process has ended.

    A make that runs catches both, or ignores what its own parent ignored.
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
