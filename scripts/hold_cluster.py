"""Waits until standard input is closed, then replaces itself with a process that stops the cluster.

Replaces the process that started Ray: Ray's processes stay its children, which the kernel kills
when it exits. Without packages it takes 4 MB, where Ray and the application take 130.
"""

import os
import signal
import sys


def main(raylet: int, directory: str, *stop: str) -> None:
    """`stop` are the arguments of Python that stop the cluster in order."""

    def end_with_raylet(*_: object) -> None:
        if _has_ended(raylet):
            sys.exit(f"Ray ended unexpectedly (logs: {directory}/session_latest/logs).")

    signal.signal(signal.SIGCHLD, end_with_raylet)
    end_with_raylet()
    os.read(sys.stdin.fileno(), 1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.execv(sys.executable, [sys.executable, *stop, str(raylet)])  # noqa: S606  # ourselves


def _has_ended(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG)[0] == child
    except ChildProcessError:  # it ended before this process replaced its parent
        return True


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
