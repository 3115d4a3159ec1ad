"""The hooks before a commit and the fixes run the tools of `make check`."""

import re
import subprocess
from pathlib import PurePath

import yaml

from scripts.environment import ROOT


def tools(*targets: str) -> set[str]:
    """The tools that a make target runs, as `folder/tool`."""
    command = ["make", "--dry-run", "--no-print-directory", *targets]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    commands = [line.split() for line in shown.splitlines() if "bin/" in line.split(" ")[0]]
    return {" ".join([PurePath(tool).name, *rest]) for tool, *rest in commands}


def test_each_tool_of_make_check_is_a_hook_with_the_same_arguments() -> None:
    [repo] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    hooks = {hook["entry"] for hook in repo["hooks"]}
    assert repo["repo"] == "local"
    assert {hook["language"] for hook in repo["hooks"]} == {"system"}
    generated = tools("check-generated")
    checked = tools("check-types", "check-others") - generated
    run = {" ".join([PurePath(hook.split()[0]).name, *hook.split()[1:]]) for hook in hooks}
    by_name = {each.split()[0]: each for each in checked}
    assert run - {"make check-generated"} == {
        "ruff format", "ruff check --fix", *(by_name[tool] for tool in by_name if tool != "ruff")
    }  # fmt: skip
    assert generated
    assert "make check-generated" in hooks


def test_make_fix_changes_what_ruff_eslint_and_stylelint_check() -> None:
    names = {command.split()[0] for command in tools("--old-file=.venv/dev.stamp", "fix")}
    assert names >= {"ruff", "eslint", "stylelint"}


def test_the_workflow_runs_what_developers_run() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yaml").read_text())
    steps = workflow["jobs"]["test"]["steps"]
    assert steps[-1] == {"run": ".ci/run"}


def test_every_path_of_contributing_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    paths = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", text)) | set(
        re.findall(r"\]\((\S+)\)", text)
    )
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
