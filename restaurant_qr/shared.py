"""Shared by all commands: help with examples, errors, JSON."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import typer

from restaurant_qr.exits import Exit

MARKUP: Literal["rich"] | None = "rich" if sys.stdout.isatty() else None
"""Without a terminal, help and errors are plain lines."""
PROGRAM = "./restaurant-qr"

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]


def epilog(title: str, lines: list[str]) -> str:
    """Lines below a command's help, which are not wrapped."""
    heading = f"[bold]{title}[/bold]" if MARKUP else f"\b\n{title}"
    return "\n".join([heading, *(f"  {line}" for line in lines)])


def examples(*lines: str) -> str:
    """`commands  # comments` as an epilog, without the program's name."""
    return epilog("Examples:", [f"{PROGRAM} {line}" for line in lines])


def typer_group(help_: str, **options: Any) -> typer.Typer:
    return typer.Typer(
        help=help_,
        add_completion=False,
        pretty_exceptions_enable=False,  # they would show the values of variables: secrets
        rich_markup_mode=MARKUP,
        context_settings={"help_option_names": ["-h", "--help"]},
        **options,
    )


def cannot(reason: object) -> typer.Exit:
    """The exit of work that cannot begin, for this reason."""
    typer.echo(reason, err=True)
    return typer.Exit(Exit.CANNOT)


@contextmanager
def refusing(*errors: type[Exception]) -> Iterator[None]:
    """Turns these errors into their sentence and exit code 3."""
    try:
        yield
    except errors as error:
        raise cannot(error) from error


@contextmanager
def checkout(install: str) -> Iterator[None]:
    """Imports that need a checkout, and the packages that `make INSTALL` installs."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise cannot(
            f"Cannot import {error.name}. Run this in a checkout, where `make {install}` installs "
            "what it needs."
        ) from error


def finish(failed: bool) -> None:
    """End with the exit code of work that has been done."""
    if failed:
        raise typer.Exit(Exit.FAILED)


def print_json(document: Any) -> None:
    typer.echo(json.dumps(document, indent=1, default=str))
