"""`make screenshots`: takes the screenshots of `docs/screenshots`.

Starts its own service. `tests/e2e/web/scenes.mjs` defines the scenes; the arguments are names of
scenes, by default all.
"""

import sys
import tempfile
from pathlib import Path

from scripts.environment import ROOT
from tests.e2e.javascript import TESTS, run
from tests.e2e.service import free_port, running_service

FOLDER = ROOT / "docs" / "screenshots"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as data_dir,
        running_service(Path(data_dir), PLACEMENT="shard", PORT=free_port()) as service,
    ):
        print(run("node", TESTS / "screenshots.mjs", FOLDER, *sys.argv[1:], service=service))


if __name__ == "__main__":
    main()
