"""`make screenshots`: the pages as people see them, into `docs/screenshots`.

Starts a service of its own; `tests/e2e/web/scenes.mjs` says what is pictured. Names of scenes as
arguments: only those.
"""

import sys
import tempfile
from pathlib import Path

from scripts.environment import ROOT
from tests.e2e.javascript import TESTS, run
from tests.e2e.service import free_port, started

FOLDER = ROOT / "docs" / "screenshots"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as data_dir,
        started(Path(data_dir), PLACEMENT="shard", PORT=free_port()) as service,
    ):
        print(run("node", TESTS / "screenshots.mjs", FOLDER, *sys.argv[1:], service=service))


if __name__ == "__main__":
    main()
