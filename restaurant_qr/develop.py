"""The commands of developers: report, simulate, bench, load, faults."""

import json
from pathlib import Path
from typing import Annotated

import typer

from restaurant_qr.progress import progress
from restaurant_qr.shared import Json, cannot, checkout, examples, finish, print_json

commands = typer.Typer()
PAGES = ["performance", "reliability"]


@commands.command(
    epilog=examples(
        "report                     # writes both pages",
        "report performance --json  # the stored figures instead",
    )
)
def report(
    pages: Annotated[
        list[str] | None, typer.Argument(help="performance or reliability; none: both.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Regenerate the pages of stored results, without measuring."""
    with checkout("bench"):
        from load_tests.bench import report as performance
        from load_tests.bench.servers import ROOT
        from tests.faults import report as reliability

    docs = ROOT / "docs"
    written = {"performance": docs / "performance.md", "reliability": reliability.PAGE}
    wanted = _known(pages, PAGES)
    results = {page: json.loads(written[page].with_suffix(".json").read_text()) for page in wanted}
    if as_json:
        print_json(results)
        return
    if "performance" in results:
        performance.write(results["performance"], docs)
    if "reliability" in results:
        reliability.write(results["reliability"])
    typer.echo("\n".join(str(written[page]) for page in wanted))


@commands.command(
    epilog=examples(
        "simulate 1814              # what happens in one seed",
        "simulate --seeds 1 1000    # looks for a seed that fails",
        "simulate --seeds 1 200 --without no_sweep",
    )
)
def simulate(
    seed: Annotated[int, typer.Argument(help="Explain this seed.")] = 1,
    seeds: Annotated[
        tuple[int, int] | None,
        typer.Option(help="Search these instead, first and last.", metavar="FIRST LAST"),
    ] = None,
    without: Annotated[
        str | None, typer.Option(help="A guarantee to take away, by its name.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Simulate evenings in which everything fails that can.

    Exit code 1 says that a guarantee was broken.
    """
    with checkout("simulate"):
        from tests.simulation.mutations import MUTATIONS
        from tests.simulation.search import explain, search

    if without is not None and without not in MUTATIONS:
        raise typer.BadParameter(f"one of {', '.join(MUTATIONS)}", param_hint="--without")
    if seeds is None:
        finish(explain(seed, without, None if as_json else typer.echo, print_json))
        return
    first, last = seeds
    if first > last:
        raise typer.BadParameter("FIRST must not be above LAST", param_hint="--seeds")
    with progress(last + 1 - first, "seeds", quiet=as_json) as shown:
        total = search(first, last, without, shown)
    if as_json:
        failures = [{"seed": each.seed, "failure": each.failure} for each in total.failures]
        print_json(
            {
                "seeds": total.seeds,
                "simulated_s": total.seconds,
                "failures": failures,
                "counts": total.counts,
            }
        )
    else:
        for name, count in sorted(total.counts.items()):
            typer.echo(f"{count:12,}  {name}")
    finish(bool(total.failures))


@commands.command(
    epilog=examples(
        "bench                    # all, half an hour",
        "bench broadcast idle     # some",
        "bench single --json",
    )
)
def bench(
    names: Annotated[list[str] | None, typer.Argument(help="Which; none: all.")] = None,
    as_json: Json = False,
) -> None:
    """Measure the service beside its baselines.

    Exit code 1 says that a benchmark broke off.
    """
    with checkout("bench"):
        from load_tests.bench.benches import BENCHES, measure

    wanted = _known(names, list(BENCHES))
    with progress(len(wanted), "benchmarks", quiet=as_json) as shown:
        results, failed = measure(wanted, shown)
    if as_json:
        print_json({"results": {name: results.get(name) for name in wanted}, "failed": failed})
    finish(bool(failed))


@commands.command(
    epilog=examples(
        "load   # two minutes, 60 users",
        "load --restaurants 40 --users 2000 --minutes 10",
    )
)
def load(
    restaurants: Annotated[int, typer.Option(min=1, help="How many.")] = 4,
    minutes: Annotated[float, typer.Option(help="How long the evening takes.")] = 2.0,
    users: Annotated[int, typer.Option(help="Staff, and places for parties.")] = 60,
    waiters: Annotated[int, typer.Option(min=1, help="In each restaurant.")] = 2,
    workers: Annotated[
        int, typer.Option(min=0, help="Locust workers. 0: one process for all.")
    ] = 0,
    url: Annotated[str, typer.Option(help="A running application.")] = "http://127.0.0.1:9000",
    data_dir: Annotated[Path, typer.Option(help="Its data folder, which has the key.")] = Path(
        ".data"
    ),
    placement: Annotated[
        str, typer.Option(help="Of the application that is started if none answers.")
    ] = "shard",
    html: Annotated[
        Path | None, typer.Option(help="The report. Without it: in .data/load.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a load test with Locust that checks every frame.

    Exit code 1 says that something was lost, or that a request failed.
    """
    with checkout("load"):
        from load_tests.headless import LoadOptions, run_load_test, with_whole_restaurants
        from load_tests.service import DidNotStart

    options = with_whole_restaurants(
        LoadOptions(restaurants, minutes, users, waiters, workers, url, data_dir, placement, html)
    )
    if users <= options.staff:
        reason = f"{options.restaurants} restaurants have {options.staff} staff: give more"
        raise typer.BadParameter(reason, param_hint="--users")
    with progress(minutes * 60, "s", quiet=as_json) as shown:
        try:
            code, made = run_load_test(options, shown)
        except DidNotStart as error:
            raise cannot(f"The application did not start:\n{error}") from error
    summary = made.with_suffix(".txt")
    if as_json:
        print_json({"passed": code == 0, "report": made, "summary": summary})
    else:
        if summary.exists():
            typer.echo(f"\n{summary.read_text()}")
        typer.echo(f"Report: {made}\nSummary: {summary}")
    finish(code != 0)


@commands.command(
    epilog=examples(
        "faults                       # all, three times each",
        "faults node store --runs 5",
    )
)
def faults(
    names: Annotated[list[str] | None, typer.Argument(help="Which; none: all.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="Of each.")] = 3,
    as_json: Json = False,
) -> None:
    """Break things on a cluster of four nodes, and record what clients see.

    Exit code 1 says that something was lost, or that a trial broke off.
    """
    with checkout("faults"):
        from scripts.run_fault_trials import run_trials
        from tests.faults.faults import FAULTS

    wanted = _known(names, [fault.name for fault in FAULTS])
    with progress(len(wanted) * runs, "trials", quiet=as_json) as shown:
        rows, failed = run_trials(wanted, runs, shown)
    if as_json:
        print_json({"results": rows, "failed": failed})
    finish(failed)


def _known(names: list[str] | None, known: list[str]) -> list[str]:
    if unknown := sorted(set(names or ()) - set(known)):
        raise typer.BadParameter(f"there is no {', '.join(unknown)}; there are {', '.join(known)}")
    return [name for name in known if not names or name in names]
