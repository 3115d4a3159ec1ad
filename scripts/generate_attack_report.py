"""`make attacks`: runs the tests that attack the service and writes the table of their counts.

The table goes into `docs/security/attack-report.md`. The exit code is that of the tests. If a test
fails for another reason than a successful attack, the page is not changed.
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
        ended = subprocess.run([*command, *sys.argv[1:]], cwd=ROOT, check=False).returncode
        counted = json.loads(counts.read_text()) if counts.exists() else {}
    if not counted:
        return ended or 1
    if ended == 0 or any(through for _, through in counted.values()):
        before, _, rest = PAGE.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{table(counted)}\n{END}{after}")
    print(table(counted))
    return ended


def table(counted: dict[str, list[int]]) -> str:
    """One row per attack, and the sum."""
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
