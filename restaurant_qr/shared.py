"""Shared by all commands: help texts with examples, errors, and JSON output."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import typer

from restaurant_qr.exits import Exit

MARKUP: Literal["rich"] | None = "rich" if sys.stdout.isatty() else None
"""Without a terminal, help and errors are plain text."""
PROGRAM = "./restaurant-qr"

Json = Annotated[bool, typer.Option("--json", help="Print a JSON document.")]


def epilog(title: str, lines: list[str]) -> str:
    """Unwrapped lines below a command's help."""
    heading = f"[bold]{title}[/bold]" if MARKUP else f"\b\n{title}"
    return "\n".join([heading, *(f"  {line}" for line in lines)])


def examples(*lines: str) -> str:
    """An epilog of example commands, given without the program's name."""
    return epilog("Examples:", [f"{PROGRAM} {line}" for line in lines])


def typer_group(help_: str, **options: Any) -> typer.Typer:
    return typer.Typer(
        help=help_,
        add_completion=False,
        pretty_exceptions_enable=False,  # they show the values of variables, such as secrets
        rich_markup_mode=MARKUP,
        context_settings={"help_option_names": ["-h", "--help"]},
        **options,
    )


def cannot(reason: object) -> typer.Exit:
    """Print the reason why a command cannot run; returns the exit to raise."""
    typer.echo(reason, err=True)
    return typer.Exit(Exit.CANNOT)


@contextmanager
def refusing(*errors: type[Exception]) -> Iterator[None]:
    """Print these errors as one sentence and exit with code 3."""
    try:
        yield
    except errors as error:
        raise cannot(error) from error


@contextmanager
def checkout(install: str) -> Iterator[None]:
    """Explain a failed import of modules that need a checkout and `make INSTALL`."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise cannot(
            f"Cannot import {error.name}. Run this in a checkout, where `make {install}` installs "
            "what it needs."
        ) from error


def finish(failed: bool) -> None:
    """Exit with code 1 if the work found failures."""
    if failed:
        raise typer.Exit(Exit.FAILED)


def print_json(document: Any) -> None:
    typer.echo(json.dumps(document, indent=1, default=str))
