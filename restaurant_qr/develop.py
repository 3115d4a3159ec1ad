"""Commands for developers: report, simulate, bench, load, faults."""

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
        "report performance --json  # prints the stored figures instead",
    )
)
def report(
    pages: Annotated[
        list[str] | None, typer.Argument(help="performance or reliability; default: both.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Regenerate documentation pages from stored results, without measuring."""
    with checkout("bench"):
        from load_tests.bench import report as performance
        from load_tests.bench.servers import ROOT
        from tests.faults import report as reliability

    docs = ROOT / "docs"
    targets = {"performance": docs / "performance.md", "reliability": reliability.PAGE}
    selected = _selected(pages, PAGES)
    stored = {page: targets[page].with_suffix(".json") for page in selected}
    results = {page: json.loads(path.read_text()) for page, path in stored.items()}
    if as_json:
        print_json(results)
        return
    if "performance" in results:
        performance.write(results["performance"], docs)
    if "reliability" in results:
        reliability.write(results["reliability"])
    typer.echo("\n".join(str(targets[page]) for page in selected))


@commands.command(
    epilog=examples(
        "simulate 1814              # prints the events of one seed",
        "simulate --seeds 1 1000    # searches for a failing seed",
        "simulate --seeds 1 200 --without no_sweep",
    )
)
def simulate(
    seed: Annotated[int, typer.Argument(help="Seed to explain.")] = 1,
    seeds: Annotated[
        tuple[int, int] | None,
        typer.Option(help="Range of seeds to search instead.", metavar="FIRST LAST"),
    ] = None,
    without: Annotated[
        str | None, typer.Option(help="Mutation that removes one guarantee.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Simulate workloads with random failures of every component.

    Exit code 1: a guarantee was violated.
    """
    with checkout("simulate"):
        from tests.simulation.mutations import MUTATIONS
        from tests.simulation.search import explain, search

    if without is not None and without not in MUTATIONS:
        raise typer.BadParameter(f"must be one of {', '.join(MUTATIONS)}", param_hint="--without")
    if seeds is None:
        finish(explain(seed, without, None if as_json else typer.echo, print_json))
        return
    first, last = seeds
    if first > last:
        raise typer.BadParameter("FIRST must not be greater than LAST", param_hint="--seeds")
    with progress(last + 1 - first, "seeds", quiet=as_json) as reporter:
        total = search(first, last, without, reporter)
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
        "bench                    # all; takes half an hour",
        "bench broadcast idle     # only these",
        "bench single --json",
    )
)
def bench(
    names: Annotated[list[str] | None, typer.Argument(help="Benchmarks; default: all.")] = None,
    as_json: Json = False,
) -> None:
    """Run benchmarks of the service and its baselines.

    Exit code 1: a benchmark was aborted.
    """
    with checkout("bench"):
        from load_tests.bench.benches import BENCHES, measure

    selected = _selected(names, list(BENCHES))
    with progress(len(selected), "benchmarks", quiet=as_json) as reporter:
        results, failed = measure(selected, reporter)
    if as_json:
        print_json({"results": {name: results.get(name) for name in selected}, "failed": failed})
    finish(bool(failed))


@commands.command(
    epilog=examples(
        "load   # two minutes, 60 users",
        "load --restaurants 40 --users 2000 --minutes 10",
    )
)
def load(
    restaurants: Annotated[int, typer.Option(min=1, help="Number of restaurants.")] = 4,
    minutes: Annotated[float, typer.Option(help="Duration.")] = 2.0,
    users: Annotated[int, typer.Option(help="Simulated users: staff and guests.")] = 60,
    waiters: Annotated[int, typer.Option(min=1, help="Waiters per restaurant.")] = 2,
    workers: Annotated[
        int, typer.Option(min=0, help="Locust worker processes; 0: a single process.")
    ] = 0,
    url: Annotated[
        str, typer.Option(help="URL of a running application.")
    ] = "http://127.0.0.1:9000",
    data_dir: Annotated[Path, typer.Option(help="Its data folder, which contains the key.")] = Path(
        ".data"
    ),
    placement: Annotated[
        str, typer.Option(help="Placement of the application that is started if none is running.")
    ] = "shard",
    html: Annotated[
        Path | None, typer.Option(help="File for the report; default: in .data/load.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a Locust load test that verifies every frame.

    Exit code 1: data was lost or a request failed.
    """
    with checkout("load"):
        from load_tests.headless import LoadOptions, run_load_test, with_whole_restaurants
        from load_tests.service import DidNotStart

    options = with_whole_restaurants(
        LoadOptions(restaurants, minutes, users, waiters, workers, url, data_dir, placement, html)
    )
    if users <= options.staff:
        reason = f"must be more than the {options.staff} staff of {options.restaurants} restaurants"
        raise typer.BadParameter(reason, param_hint="--users")
    with progress(minutes * 60, "s", quiet=as_json) as reporter:
        try:
            code, report_file = run_load_test(options, reporter)
        except DidNotStart as error:
            raise cannot(f"The application did not start:\n{error}") from error
    summary = report_file.with_suffix(".txt")
    if as_json:
        print_json({"passed": code == 0, "report": report_file, "summary": summary})
    else:
        if summary.exists():
            typer.echo(f"\n{summary.read_text()}")
        typer.echo(f"Report: {report_file}\nSummary: {summary}")
    finish(code != 0)


@commands.command(
    epilog=examples(
        "faults                       # all, three runs each",
        "faults node store --runs 5",
    )
)
def faults(
    names: Annotated[list[str] | None, typer.Argument(help="Faults; default: all.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="Runs per fault.")] = 3,
    as_json: Json = False,
) -> None:
    """Inject faults into a cluster of four nodes and record what clients observe.

    Exit code 1: data was lost or a trial was aborted.
    """
    with checkout("faults"):
        from scripts.run_fault_trials import run_trials
        from tests.faults.faults import FAULTS

    selected = _selected(names, [fault.name for fault in FAULTS])
    with progress(len(selected) * runs, "trials", quiet=as_json) as reporter:
        rows, failed = run_trials(selected, runs, reporter)
    if as_json:
        print_json({"results": rows, "failed": failed})
    finish(failed)


def _selected(names: list[str] | None, available: list[str]) -> list[str]:
    """The given names in the order of `available`; all if none is given."""
    if unknown := sorted(set(names or ()) - set(available)):
        raise typer.BadParameter(f"unknown: {', '.join(unknown)}. Use {', '.join(available)}")
    return [name for name in available if not names or name in names]
