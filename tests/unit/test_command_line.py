"""The command line: help, exit codes, JSON output and imports."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from protocol.caller import Role
from restaurant_qr import operate
from restaurant_qr.exits import EXIT_CODES, Exit
from restaurant_qr.progress import duration, progress
from scripts.environment import ROOT
from tests.command_line import restaurant_qr

COMMANDS = [
    "run", "token", "shards", "shards list", "shards move", "shards balance", "backup", "restore",
    "repair", "report", "simulate", "bench", "load", "faults",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_has_examples_that_call_it(command: str) -> None:
    result = restaurant_qr(*command.split(), "--help")
    assert result.exit_code == Exit.DONE
    before, _, examples = result.stdout.partition("Examples:\n")
    assert "Usage:" in before
    lines = [line.strip() for line in examples.splitlines() if line.strip()]
    assert lines
    assert all(line.startswith(f"./restaurant-qr {command}") for line in lines)
    assert max(map(len, lines)) <= 78, "the line wraps on a narrow terminal"


def test_help_lists_all_commands_and_exit_codes() -> None:
    shown = restaurant_qr("--help").stdout
    listed = shown.partition("Commands:\n")[2].partition("Exit codes:")[0]
    names = {line.split()[0] for line in listed.splitlines() if line.strip()}
    assert names == {command.split()[0] for command in COMMANDS}
    assert set(EXIT_CODES) == set(Exit)
    for code, text in EXIT_CODES.items():
        assert f"{code:<4} {text}" in shown


def test_scripts_readme_documents_the_exit_codes() -> None:
    page = (ROOT / "scripts" / "README.md").read_text()
    for code, text in EXIT_CODES.items():
        assert f"| {code} | {text} |" in page


@pytest.mark.parametrize(
    "arguments",
    [
        "nonsense", "run --placement table", "token", "token king", "backup", "backup f --record",
        "restore", "restore f --complete", "restore --void-codes", "shards move 1",
        "simulate --seeds 2 1", "simulate --without nothing", "faults nothing",
    ],
)  # fmt: skip
def test_wrong_usage_exits_with_2_and_prints_nothing_to_stdout(arguments: str) -> None:
    result = restaurant_qr(*arguments.split())
    assert result.exit_code == Exit.USAGE, result.output
    assert "Error: " in result.stderr
    assert result.stdout == ""


def test_a_command_without_its_precondition_exits_with_3_and_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESTAURANT_QR_DATA_DIR", str(tmp_path / "none"))
    result = restaurant_qr("repair")
    assert result.exit_code == Exit.CANNOT
    assert "because it has no data" in result.stderr
    assert result.stdout == ""


def test_a_command_without_its_packages_exits_with_3_and_names_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "tests.simulation.search", None)
    result = restaurant_qr("simulate")
    assert result.exit_code == Exit.CANNOT
    assert "make simulate" in result.stderr


def test_an_interrupted_command_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tests.simulation.search.search", interrupted)
    assert restaurant_qr("simulate", "--seeds", "1", "2").exit_code == Exit.INTERRUPTED


def test_simulate_prints_one_json_document_to_stdout_and_progress_to_stderr() -> None:
    result = restaurant_qr("simulate", "--seeds", "1", "2", "--json")
    assert result.exit_code == Exit.DONE, result.output
    printed = json.loads(result.stdout)
    assert (printed["seeds"], printed["failures"]) == (2, [])
    assert printed["simulated_s"] > 0
    assert "2 of 2 seeds" in result.stderr


def test_roles_are_those_that_can_have_tokens() -> None:
    roles = set(Role) - {Role.ANONYMOUS}
    assert set(get_args(operate.Role)) == {role.value for role in roles}


def test_without_a_terminal_progress_is_lines_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress(3, "trials") as shown:
        shown.at(0, "node 1")
        shown.say("node 1: 2.0 s")
        shown.at(1, "node 2")
        shown.at(1, "node 2")
        shown.at(3, "done")
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert printed.out == "node 1: 2.0 s\n"
    assert lines[0] == "node 1: 0 of 3 trials"
    assert lines[1] == "node 2: 1 of 3 trials, 0 s left"
    assert lines[2:] == ["done: 3 of 3 trials"]


def test_durations_are_rounded_for_people() -> None:
    assert [duration(each) for each in (4.4, 89, 600, 9000)] == ["4 s", "89 s", "10 min", "2.5 h"]


def test_the_launcher_works_from_any_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "restaurant-qr", "token", "--help"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Examples:" in done.stdout


@pytest.mark.parametrize("module", ["serve_app", "scripts.local_application", "actors.preloaded"])
def test_the_service_does_not_import_the_command_line(module: str) -> None:
    code = f"import sys, {module}; print('typer' in sys.modules, 'rich' in sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([], []),
        (["--demo-photos"], ["--demo-photos"]),
        (["--no-dashboard", "--demo-photos"], ["--no-dashboard", "--demo-photos"]),
        (["--phone", "1", "--no-dashboard"], ["--phone", "1", "--no-dashboard"]),
        (["--placement", "shard"], ["shard"]),
    ],
)
def test_run_waits_in_a_process_without_typer(
    tmp_path: Path, arguments: list[str], options: list[str]
) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "__init__.py").touch()
    (tmp_path / "scripts" / "run.py").write_text(
        "import os, sys\n"
        "def main(options):\n"
        "    placement = os.environ.get('RESTAURANT_QR_PLACEMENT')\n"
        "    print('typer' in sys.modules, *options, placement or '')\n"
        "    return 7\n"
        "if __name__ == '__main__': sys.exit(main(sys.argv[1:]))\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RESTAURANT_QR_")}
    done = subprocess.run(
        [sys.executable, "-m", "restaurant_qr", "run", *arguments],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7, done.stderr
    assert done.stdout.split() == ["False", *options]
