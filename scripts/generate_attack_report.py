"""`make attacks`: runs the attack tests and writes their counts.

Writes the table of `docs/security/attack-report.md`, unless a test failed for another reason than a
successful attack. The exit code is that of the tests.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.environment import ROOT
from tests.attack_report import ATTACKS

PAGE = ROOT / "docs" / "security" / "attack-report.md"
BEGIN, END = "<!-- attacks: begin -->", "<!-- attacks: end -->"
HEADER = ("attack", "tried", "as documented", "got through")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder) / "counts.json"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-m",
            "attack",
            "--attack-report",
            str(counts),
        ]
        exit_code = subprocess.run([*command, *sys.argv[1:]], cwd=ROOT, check=False).returncode
        counted = json.loads(counts.read_text()) if counts.exists() else {}
    if not counted:
        return exit_code or 1
    if exit_code == 0 or any(through for _, through in counted.values()):
        before, _, rest = PAGE.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{table(counted)}\n{END}{after}")
    print(table(counted))
    return exit_code


def table(counted: dict[str, list[int]]) -> str:
    """The table: one row per attack, and the totals."""
    rows = [
        (description, *(f"{count:,}" for count in (tried, tried - through, through)))
        for name, description in ATTACKS.items()
        if name in counted
        for tried, through in [counted[name]]
    ]
    tried, through = (sum(column) for column in zip(*counted.values(), strict=True))
    rows.append(("all", f"{tried:,}", f"{tried - through:,}", f"{through:,}"))
    lines = [HEADER, ("---", "---:", "---:", "---:"), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
