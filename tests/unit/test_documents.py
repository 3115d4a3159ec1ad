"""Links, file names and log lines in documents exist; decisions are complete."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from scripts.environment import ROOT
from scripts.generate_decision_index import PARTS, Decision, decisions
from tests.faults import report

TEMPLATE = "load_tests/bench/performance.md"
"""A template whose links are relative to `docs/`, where its output is."""
PAGES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    if (ROOT / name).exists() and name != TEMPLATE
]
_CODE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"")
SOURCES = ("*.py", "*.yaml", "*.mjs", "*.js", "*.toml", "*.env", "*.example", "Makefile", "*.md")
UNUSED = "CHANGELOG.md"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _CODE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def is_broken(page: Path, link: str) -> bool:
    target, _, anchor = link.partition("#")
    path = (page.parent / target).resolve() if target else page
    return not path.exists() or (bool(anchor) and anchor not in anchors(path))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_document_resolves(page: Path) -> None:
    links = [a or b for a, b in _LINK.findall(_CODE.sub("", page.read_text()))]
    ours = [link for link in links if not re.match(r"\w+:", link)]
    assert [link for link in ours if is_broken(page, link)] == []


def test_every_document_that_code_names_exists() -> None:
    command = ["git", "grep", "-hIoE", r"\bdocs/[A-Za-z0-9_./-]+\.(md|json|svg)\b", "--"]
    found = subprocess.run(
        [*command, *SOURCES, f":!{UNUSED}"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert found
    assert [name for name in sorted(set(found)) if not (ROOT / name).exists()] == []


def test_every_document_is_linked_from_another() -> None:
    linked = {
        (page.parent / target).resolve()
        for page in PAGES
        for a, b in _LINK.findall(page.read_text())
        if (target := (a or b).partition("#")[0]) and ":" not in target
    }
    assert [
        page for page in PAGES if page.is_relative_to(ROOT / "docs") and page not in linked
    ] == []


def test_the_readme_of_the_scripts_lists_each_script() -> None:
    folder = ROOT / "scripts"
    readme = (folder / "README.md").read_text()
    listed = set(
        re.findall(r"`([a-z_]+(?:\.\w+)?)`", "".join(re.findall(r"^\|[^|]+\|", readme, re.M)))
    )
    scripts = {path.name for path in folder.iterdir() if path.is_file()}
    assert listed == scripts - {"README.md", "__init__.py"}


PROGRAMS = ("kubectl", "ray", "redis-cli", "systemctl")


def test_every_log_line_that_a_document_quotes_is_in_the_code() -> None:
    packages = ("actors", "engine", "gateway", "storage")
    sources = [path.read_text() for each in packages for path in (ROOT / each).rglob("*.py")]
    code = re.sub(r'"\s*\n\s*f?"', "", "".join(sources))
    quoted = {
        " ".join(line.split())
        for page in PAGES
        if page.is_relative_to(ROOT / "docs")
        for line in re.findall(r"`([a-z][a-z':,…\s]+)`", _CODE.sub("", page.read_text()))
    }
    lines = {each for each in quoted if each.count(" ") > 1 and not each.startswith(PROGRAMS)}
    assert "store call failed" in lines
    assert {each for each in lines if each.partition(" …")[0].rstrip(":") not in code} == set()


DECISIONS = decisions()


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda decision: decision.path.name)
def test_a_decision_has_all_its_parts_in_order(decision: Decision) -> None:
    assert decision.parts == PARTS


def test_superseded_decisions_name_the_decision_that_names_them() -> None:
    pairs = {"Superseded by": set[tuple[str, str]](), "supersedes": set[tuple[str, str]]()}
    for each in DECISIONS:
        for words, found in pairs.items():
            if words in each.status:
                others = re.findall(r"\[(\d{4})\]", each.status)
                found |= {(each.number, other) for other in others}
    assert pairs["Superseded by"]
    assert {(old, new) for new, old in pairs["supersedes"]} == pairs["Superseded by"]


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(each.number) for each in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_fault_report_is_written_from_its_results() -> None:
    assert report.measured(json.loads(report.RESULTS.read_text())) in report.PAGE.read_text()
