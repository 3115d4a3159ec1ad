"""Retired words stay out of names, documents, log messages and error sentences."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from scripts.environment import ROOT

FOLDERS = (
    "actors", "domain", "engine", "gateway", "load_tests", "protocol", "restaurant_qr",
    "restaurant_qr_client", "restaurant_qr_wire", "scripts", "storage", "tests",
)  # fmt: skip

TESTS = ("load_tests/", "tests/")
"""Folders in which the words of RETIRED_IN_TESTS are forbidden, too."""
BROWSER_TESTS = ROOT / "tests" / "e2e"

RETIRED = {
    "tide": "write_batcher",
    "strainer": "message_assembler",
    "whereabouts": "placement_watcher or client_ip",
    "reckoning": "final_checks",
    "telling": "publish",
    "turned_away": "rejected",
    "held_from": "LoadedEntity.from_store",
    "put_on_record": "audit",
    "introductions": "shard_warmup",
    "go_on_soon": "resume",
    "leave_unfit_node": "evacuate_node",
    "mark_doubtful": "mark_unverified",
    "open_door": "allow_anonymous",
    "before_start": "preflight",
    "only_our_words": "silence_ray",
    "spend_the_evening": "run",
    "encode_to_keep": "encode_compact",
    "trace_share": "trace_sample_rate",
    "when_it_exists": "send_until_created",
    "thrifty": "shared_caches",
    "overstayed": "has_closed_session",
    "disasters": "faults",
    "wishes": "requests",
    "evening": "workload or schedule",
}
"""Word or words of an identifier or file name -> the term to use."""

RETIRED_NAMES = {
    "Held": "LoadedEntity",
    "Draft": "EntityTransaction",
    "Wire": "RespConnection",
    "unborn": "LoadedEntity.new",
    "run_apart": "run_dedicated",
    "sold_lines": "price_lines",
    "SHORTEST_KEY": "MIN_KEY_CHARS",
    "MOST_KEYS": "MAX_KEYS",
    "CLAIM_OF_NOTHING_S": "EMPTY_CLAIM_S",
    "LASTING": "PERMANENT_KINDS",
    "_FOR_EVER": "_NO_EXPIRY",
    "_OF_TIMEOUT": "_TIMEOUT_SHARE",
    "_give_up": "_time_out",
    "_last_words": "_last_log_line",
    "_as_it_is": "_unchanged",
    "_telling": "_metrics_task",
    "_refers_to_stored": "_repeats_result",
    "_may_carry": "_may_run_shards",
    "Letter": "Envelope",
    "Telling": "publish",
    "HostGone": "HostUnavailable",
    "CannotStart": "PreflightError",
    "NotMoved": "MigrationFailed",
    "Supplies": "Inputs",
    "Strainer": "MessageAssembler",
    "Latch": "LazyEvent",
    "Door": "ApiRequests",
    "Reach": "Visibility",
    "Watches": "RevocationWatcher",
    "TurnedAway": "RejectionLog",
    "Isolation": "PartitionDetector",
    "Codes": "CodeSigner",
    "Occupancy": "ConnectionQuota",
    "NamedPages": "OriginMiddleware",
    "BehindError": "SlowConsumerError",
    "OrderCard": "OrderSummary",
    "SessionCard": "SessionSummary",
    "TableCard": "TableSummary",
    "Evening": "Workload",
    "Party": "a name with the kind of client",
    "World": "RulesWorld, SimWorld, LoadWorld",
    "PATIENCE": "the limit that it is",
    "REMEMBERED": "a size of the cache",
    "_turn_away": "_reject",
    "_wish": "_request",
}
"""A whole identifier -> the term to use."""

RETIRED_IN_TESTS = {
    "house": "harness or restaurant",
    "hasty": "fast_settings",
    "sleeper": "suspended_client",
    "rough": "adverse_conditions or disposable_service",
    "mistakes": "errors",
    "patience": "timeout",
    "patiently": "with_retry",
    "impatient": "short_timeout",
    "come_back": "restore",
    "heard": "publications or received",
    "told": "published, received or reported",
    "wish": "command or request",
    "spoil": "a verb for the damage",
    "mend": "fix",
}
"""The same in names of tests: words that a reader of a CI log would not know."""

NO_QUESTION = r"(?![^.\n]*\?)"
HEADLESS_WHO = (
    r"(?:^|[.:;] )Who(?:ever)? (?!can |may )[^.?\n]{3,80}\b(?:is|are|has|gets|waits)\b"
    + NO_QUESTION
)
HEADLESS_WHAT = (
    r"(?:^|[.;] )What (?:is|was|has|does) [^.?\n]{3,60} (?:is|are|stays|remains)\b" + NO_QUESTION
)
PROSE = {
    r"\bwhereabouts\b": "placement, address",
    r"\breckoning\b": "final checks",
    r"\bstrainer\b": "message assembler",
    r"\bturned away\b": "rejected",
    r"\bwhere in doubt\b": "if the outcome is unknown",
    r"\bnobody is told\b": "nothing is published",
    r"\bthe store is away\b": "store unavailable",
    r"\banew\b": "again",
    HEADLESS_WHO: "a subject, as in 'The gateway closes slow consumers'",
    HEADLESS_WHAT: "a noun, as in 'An acknowledged command is durable'",
}
"""A pattern of prose -> what to write."""

DOCSTRINGS = {
    r"\A(?:What|Who|Whoever|Whose|Where|Which)\b": "a noun or an imperative first",
    r"(?i)\b(?:nobody|somebody|anybody|everybody|whoever|anew)\b": "the subject, such as a client",
    r"\bgiven out\b": "issued",
    r"\bput back\b": "restored",
    r"\bnot good\b": "invalid",
    r"\bis told\b": "receives",
    r"\bknows? (?:no|nothing)\b": "does not have, cannot",
    r"\b(?:None|True|False) where\b": "None if",
}
"""The same for docstrings, which are never questions."""

TEST_NAMES = {
    r"(?i)\A(?:its?|they|what|who|whoever|whose|where|which|nobody|somebody)\b": "a subject first",
}
"""The same for names of tests, as sentences."""

PHRASE_PARTS = (
    "whereabouts", "reckoning", "strainer", "turned away", "where in doubt", "nobody is told",
    "store is away", "anew", '"who', '"what ', ". who", ". what ", ": who", "; who", "; what ",
)  # fmt: skip
"""Lower-case texts of which one occurs in every file with a retired phrase."""

ALLOWED = {
    ("tests/unit/test_vocabulary.py", "*"),
}
"""File and word of uses that are right, such as names on the wire."""


JAVASCRIPT_TEST = re.compile(r"\btest\(\s*['\"`]([^'\"`]+)")
JAVASCRIPT_NAME = re.compile(r"\b(?:const|let|class|function)\s+([A-Za-z_$][\w$]*)")


class Use(NamedTuple):
    file: str
    line: int
    found: str
    write: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.found!r}: write {self.write}"


@cache
def sources() -> dict[str, str]:
    """Texts of Python files by path."""
    paths = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return {
        path.relative_to(ROOT).as_posix(): path.read_text()
        for path in paths
        if "node_modules" not in path.parts
    }


@cache
def scripts() -> dict[str, str]:
    """Texts of the tests' JavaScript files by path."""
    return {
        path.relative_to(ROOT).as_posix(): path.read_text()
        for path in BROWSER_TESTS.rglob("*.mjs")
        if "node_modules" not in path.parts
    }


@cache
def trees() -> dict[str, ast.Module]:
    """Syntax trees of Python files by path."""
    return {file: ast.parse(text) for file, text in sources().items()}


def parsed(words: Iterable[str]) -> Iterator[tuple[str, ast.Module]]:
    """Syntax trees of files in which one of the words occurs: walking all would be slow."""
    words = list(words)
    for file, text in sources().items():
        lowered = text.lower()
        if any(word in (lowered if word.islower() else text) for word in words):
            yield file, trees()[file]


def names_of(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Names that a module defines or binds, with their lines."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.ClassDef(name=name)
                | ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
            ):
                yield name, node.lineno
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno


def sentences_of(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Texts of log messages and of errors."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield from texts_of(node.exc)
        elif isinstance(node, ast.Call) and _is_log_or_rejection(node.func):
            yield from texts_of(node)


def _is_log_or_rejection(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.value.id in ("log", "logger")
    return isinstance(function, ast.Name) and function.id == "Rejected"


def docstrings_of(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Docstrings, those of constants and fields included."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield text, node.lineno


def texts_of(call: ast.Call) -> Iterator[tuple[str, int]]:
    for argument in call.args:
        for node in ast.walk(argument):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value, node.lineno


def name_parts() -> set[str]:
    """Texts of which one occurs in every file with a retired name; case matters if not lower."""
    words = {*RETIRED, *RETIRED_IN_TESTS}
    return {*words, *(word.replace("_", "") for word in words), *RETIRED_NAMES}


def words_of(name: str) -> str:
    """`HostGone` and `host_gone` as `_host_gone_`."""
    return f"_{re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', name).lower().strip('_')}_"


def check_name(file: str, line: int, name: str) -> Iterator[Use]:
    if name in RETIRED_NAMES:
        yield Use(file, line, name, RETIRED_NAMES[name])
    words = words_of(name.replace("-", "_").replace(".", "_"))
    retired = RETIRED | RETIRED_IN_TESTS if file.startswith(TESTS) else RETIRED
    for word, write in retired.items():
        if f"_{word}_" in words:
            yield Use(file, line, name, write)


def check_text(
    file: str, line: int, text: str, patterns: Mapping[str, str] = PROSE
) -> Iterator[Use]:
    for pattern, write in patterns.items():
        for found in re.finditer(pattern, text, re.MULTILINE):
            yield Use(file, line + text.count("\n", 0, found.start()), found[0].strip(), write)


def forbidden(uses: Iterator[Use]) -> list[str]:
    return [
        str(use)
        for use in uses
        if (use.file, "*") not in ALLOWED and (use.file, use.found) not in ALLOWED
    ]


def test_identifiers_have_no_retired_words() -> None:
    uses = (
        use
        for file, tree in parsed(name_parts())
        for name, line in names_of(tree)
        for use in check_name(file, line, name)
    )
    assert forbidden(uses) == []


def test_javascript_identifiers_of_tests_have_no_retired_words() -> None:
    uses = (
        use
        for file, text in scripts().items()
        for found in JAVASCRIPT_NAME.finditer(text)
        for use in check_name(file, text.count("\n", 0, found.start()) + 1, found[1])
    )
    assert forbidden(uses) == []


def test_file_names_have_no_retired_words() -> None:
    files = [*sources(), *scripts()]
    assert forbidden(use for file in files for use in check_name(file, 0, Path(file).stem)) == []


def test_log_messages_and_errors_have_no_retired_phrases() -> None:
    uses = (
        use
        for file, tree in parsed(PHRASE_PARTS)
        for text, line in sentences_of(tree)
        for use in check_text(file, line, text)
    )
    assert forbidden(uses) == []


def test_docstrings_begin_with_their_subject() -> None:
    uses = (
        use
        for file, tree in trees().items()
        for text, line in docstrings_of(tree)
        for use in check_text(file, line, text.strip(), DOCSTRINGS)
    )
    assert forbidden(uses) == []


def test_names_of_tests_begin_with_their_subject() -> None:
    names = [
        (file, line, name.removeprefix("test_").replace("_", " "))
        for file, tree in trees().items()
        if file.startswith("tests/")
        for name, line in names_of(tree)
        if name.startswith("test_")
    ]
    names += [
        (file, text.count("\n", 0, found.start()) + 1, found[1])
        for file, text in scripts().items()
        for found in JAVASCRIPT_TEST.finditer(text)
    ]
    assert len(names) > 1000
    assert forbidden(use for name in names for use in check_text(*name, TEST_NAMES)) == []


def test_documents_have_no_retired_phrases() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    uses = (
        use
        for page in pages
        for use in check_text(page.relative_to(ROOT).as_posix(), 1, page.read_text())
    )
    assert forbidden(uses) == []


@pytest.mark.parametrize(
    "source",
    ["class Held: pass", "def f(tide): pass", "self._whereabouts = 1", "from_tide: int = 1"],
)
def test_check_reports_retired_identifiers(source: str) -> None:
    names = names_of(ast.parse(source))
    assert [use for name, line in names for use in check_name("a.py", line, name)]


@pytest.mark.parametrize("name", ["house", "test_what_is_told", "Impatient", "rough.test"])
def test_check_reports_names_that_are_retired_in_tests(name: str) -> None:
    assert list(check_name("tests/a.py", 1, name))
    assert not list(check_name("gateway/a.py", 1, name))


@pytest.mark.parametrize(
    "text", ["Who reads too slowly is closed.", "the store is away", "What is lost is gone."]
)
def test_check_reports_retired_phrases(text: str) -> None:
    assert list(check_text("a.md", 1, text))
