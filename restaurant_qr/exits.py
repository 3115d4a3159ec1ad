"""The exit codes of the command line, and the error of work that cannot begin."""

from enum import IntEnum


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    """The work found failures, or an error aborted it."""
    USAGE = 2
    CANNOT = 3
    """Refused, or a precondition is not met."""
    INTERRUPTED = 130


EXIT_CODES = {
    Exit.DONE: "done",
    Exit.FAILED: "failures were found, or the command was aborted by an error",
    Exit.USAGE: "wrong usage",
    Exit.CANNOT: "refused, for example because a precondition is not met; stderr has the reason",
    Exit.INTERRUPTED: "interrupted by Ctrl-C",
}


class Cannot(Exception):
    """Work cannot begin. The message says why and what to do; the exit code is `Exit.CANNOT`."""
