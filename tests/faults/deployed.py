"""The deployments between which the trials change, also of the previous version."""

import atexit
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from engine.placement import Mode, Placement
from protocol.ids import Address
from scripts.environment import ROOT
from tests.faults.cluster import Cluster


@dataclass(frozen=True)
class Deployed:
    """Arguments of a deployment; `is_previous` uses the previous version's code."""

    placement: Mode
    shards: int = 2
    idle_timeout_s: float = 300.0
    is_previous: bool = False

    def deploy_to(self, cluster: Cluster) -> None:
        """Deploy it; does not wait."""
        args = asdict(self)
        code = previous_version() if args.pop("is_previous") else None
        cluster.deploy(code, **args)

    def host_of(self, address: Address) -> str:
        return Placement(self.placement, self.shards).host_of(address)


SHARD = Deployed(Mode.SHARD)
PREVIOUS = Deployed(Mode.SHARD, is_previous=True)
ENTITY = Deployed(Mode.ENTITY, idle_timeout_s=20.0)

PRODUCT = (
    "serve_app.py",
    "service_settings.py",
    "actors",
    "domain",
    "engine",
    "gateway",
    "protocol",
    "storage",
)


@cache
def previous_version() -> Path:
    """A folder with the code before the last commit that changed the product."""
    last = subprocess.run(
        ["git", "rev-list", "-1", "HEAD", "--", *PRODUCT],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="rqf-previous-", dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    archive = subprocess.run(
        ["git", "archive", f"{last}~1"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return folder
