"""Commands for operators: run, token, shards, backup, restore, repair."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from restaurant_qr.shared import (
    Json,
    cannot,
    examples,
    finish,
    print_json,
    refusing,
    typer_group,
)

commands = typer.Typer()
Role = Literal["guest", "waiter", "kitchen", "manager", "admin"]


@commands.command(
    epilog=examples(
        "run                                    # until Ctrl-C",
        "run --phone 1                          # also serves phones",
        "run --no-dashboard --placement shard   # uses less memory",
    )
)
def run(
    phone: Annotated[
        str | None,
        typer.Option(help="Also listen on this address of this machine; 1: detect it."),
    ] = None,
    dashboard: Annotated[
        bool,
        typer.Option(
            "--dashboard/--no-dashboard",
            help="Ray's dashboard, which `serve status` and `ray list actors` need.",
        ),
    ] = True,
    placement: Annotated[
        Literal["entity", "restaurant", "shard"] | None,
        typer.Option(help="Which entities share an actor; sets RESTAURANT_QR_PLACEMENT."),
    ] = None,
    demo_photos: Annotated[
        bool,
        typer.Option("--demo-photos", help="Draw photos for the dishes of a new demo chain."),
    ] = False,
) -> None:
    """Run the service with demo data on this machine until Ctrl-C."""
    if placement is not None:
        os.environ["RESTAURANT_QR_PLACEMENT"] = placement
    options = ["--phone", phone] if phone else []
    options += [] if dashboard else ["--no-dashboard"]
    options += ["--demo-photos"] if demo_photos else []
    # Replaces this process, whose parsers would keep 17 MB of memory.
    os.execv(sys.executable, [sys.executable, "-m", "scripts.run", *options])  # noqa: S606  # our own


@commands.command(
    epilog=examples(
        "token admin",
        "token manager --restaurant 2 --hours 720 --label office",
        "token waiter --restaurant 2 --waiter 10 --json",
    )
)
def token(
    role: Annotated[Role, typer.Argument(help="Role of the token's holder.")],
    restaurant: Annotated[
        int | None, typer.Option(min=1, help="Restaurant; default: the whole chain.")
    ] = None,
    waiter: Annotated[
        int | None, typer.Option(min=1, help="Waiter whose channel the token opens.")
    ] = None,
    session: Annotated[int | None, typer.Option(min=1, help="Session of a guest's token.")] = None,
    hours: Annotated[float, typer.Option(help="Lifetime.")] = 12.0,
    label: Annotated[str, typer.Option(help="Name in the list of tokens.")] = "make token",
    as_json: Json = False,
) -> None:
    """Issue and print a signed token, registered with the running application."""
    from protocol import caller
    from scripts.issue_token import CannotIssue, claims_of, has_key, longest_hours, token_for
    from service_settings import Settings

    if role not in ("admin", "guest") and restaurant is None:
        raise _missing(f"a {role}'s token needs a restaurant", "--restaurant")
    needed: dict[str, tuple[str, int | None]] = {
        "waiter": ("--waiter", waiter),
        "guest": ("--session", session),
    }
    if role in needed and needed[role][1] is None:
        option = needed[role][0]
        raise _missing(f"a {role}'s token needs the id of a {option[2:]}", option)
    longest = longest_hours(caller.Role(role))
    if not 0 < hours <= longest:
        reason = f"the lifetime of the token must be more than 0 and at most {longest:g} hours"
        raise typer.BadParameter(reason, param_hint="--hours (HOURS=)")
    settings = Settings()
    if not has_key(settings):
        raise cannot(
            f"There is no key in {settings.data_dir.absolute()} yet: start the application first "
            "(make run), or set RESTAURANT_QR_DATA_DIR to its data folder."
        )
    ids = {
        "restaurant_id": restaurant,
        "waiter_id": waiter if role == "waiter" else None,
        "session_id": session,
    }
    with refusing(CannotIssue):
        issued = token_for(settings, caller.Role(role), hours=hours, label=label, **ids)
    if as_json:
        print_json({"token": issued, **claims_of(issued)})
    else:
        typer.echo(issued)


def _missing(reason: str, option: str) -> typer.BadParameter:
    """A usage error that also names the variable of `make token`."""
    return typer.BadParameter(reason, param_hint=f"{option} ({option[2:].upper()}=)")


shards = typer_group(
    "List or move shards. Moving closes no WebSockets and loses no data.",
    invoke_without_command=True,
    epilog=examples(
        "shards                     # their nodes and CPU use",
        "shards move 1 --to 10.0.0.7",
        "shards balance             # with as few moves as possible",
    ),
)
commands.add_typer(shards, name="shards")


@shards.callback()
def shards_default(context: typer.Context, as_json: Json = False) -> None:
    if context.invoked_subcommand is None:
        _shards(as_json)


@shards.command("list", epilog=examples("shards list --json"))
def shards_list(as_json: Json = False) -> None:
    """List shards and nodes."""
    _shards(as_json)


@shards.command("move", epilog=examples("shards move 1 --to 10.0.0.7", "shards move 1 --to 4f0c"))
def shards_move(
    shard: Annotated[int, typer.Argument(help="Number of the shard.")],
    to: Annotated[str, typer.Option(help="Prefix of the node's id, or its IP address.")],
    as_json: Json = False,
) -> None:
    """Move a shard to a node."""
    _shards(as_json, move=(shard, to))


@shards.command("balance", epilog=examples("shards balance"))
def shards_balance(as_json: Json = False) -> None:
    """Balance the number of shards per node with as few moves as possible."""
    _shards(as_json, balance=True)


def _shards(as_json: bool, **change: Any) -> None:
    from scripts.environment import serve_environment

    # Ray reads its environment when it is imported, so set that of the cluster's nodes first.
    os.environ.update(serve_environment() | os.environ)
    from scripts.shards import CANNOT, changed, text

    with refusing(*CANNOT):
        status = changed(**change)
    if as_json:
        print_json(status)
    else:
        typer.echo(text(status))


@commands.command(
    epilog=examples(
        "backup monday.rdb   # the embedded store, running or not",
        "backup --record     # after backing up your own store",
    )
)
def backup(
    file: Annotated[Path | None, typer.Argument(help="File to write.")] = None,
    record: Annotated[
        bool,
        typer.Option("--record", help="Record that your own store has just been backed up."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Back up the embedded store. Records the time for the alert `BackupOld`."""
    from scripts import backup as backups
    from scripts.preflight import embedded, settings_of_environment

    if (file is None) != record:
        raise typer.BadParameter("specify either FILE or --record")
    with refusing(*backups.CANNOT):
        settings = settings_of_environment()
        if file is None:
            backups.record(settings)
            size, unrecorded = None, None
        else:
            size, unrecorded = backups.save(embedded(settings), file)
    if as_json:
        print_json({"file": file, "bytes": size, "recorded": unrecorded is None})
    elif file is None:
        typer.echo("Recorded the time of the backup.")
    else:
        typer.echo(
            f"{file}: {size:,} bytes. It contains guests' data and codes: protect it like the "
            "store."
        )
        if unrecorded is not None:
            typer.echo(
                f"The backup is complete, but its time could not be recorded ({unrecorded})."
            )


@commands.command(
    epilog=examples(
        "restore monday.rdb   # into an empty data folder",
        "restore --complete   # after restoring your own store",
        "restore --complete --void-codes",
    )
)
def restore(
    file: Annotated[Path | None, typer.Argument(help="Backup file.")] = None,
    complete: Annotated[
        bool,
        typer.Option("--complete", help="Complete the restore of your own store."),
    ] = False,
    void_codes: Annotated[
        bool, typer.Option("--void-codes", help="Also void the printed table codes.")
    ] = False,
) -> None:
    """Restore a backup. All tokens that the service issued become void."""
    from scripts import backup as backups
    from scripts.preflight import embedded, settings_of_environment

    if (file is None) != complete:
        raise typer.BadParameter("specify either FILE or --complete")
    with refusing(*backups.CANNOT):
        settings = settings_of_environment()
        if file is None:
            result = backups.restored(settings, void_codes=void_codes)
        else:
            result = backups.restore(embedded(settings), file, void_codes=void_codes)
    typer.echo(result)


@commands.command(
    epilog=examples(
        "repair               # the log files, after a power failure",
        "repair --directory   # if stored entities are not found",
    )
)
def repair(
    directory: Annotated[
        bool,
        typer.Option("--directory", help="Write missing directory entries and session codes."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Repair the embedded store's files, or the directory of ids.

    With --directory, exit code 1: an id belongs to two restaurants.
    """
    import asyncio

    from scripts import backup as backups
    from scripts import rebuild_directory
    from scripts.preflight import embedded, settings_of_environment
    from storage.repair import repair as repair_log

    with refusing(*backups.CANNOT):
        settings = settings_of_environment()
        if not directory:
            lines = repair_log(embedded(settings).data_dir.absolute())
            if as_json:
                print_json({"done": lines})
            else:
                typer.echo("\n".join(lines))
            return
        done = asyncio.run(rebuild_directory.rebuild(settings))
    if as_json:
        print_json(
            done._asdict()
            | {
                "counters_raised": [kind.value for kind in done.counters_raised],
                "conflicts": [
                    {"kind": each.kind.value, "id": each.id, "restaurant": each.restaurant}
                    for each in done.conflicts
                ],
            }
        )
    else:
        typer.echo(rebuild_directory.report(done))
    finish(bool(done.conflicts))
