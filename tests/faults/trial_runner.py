"""Runs trials, reusing a cluster while it matches the fault."""

import asyncio
import shutil
import tempfile
from pathlib import Path

from tests.faults.cluster import Cluster
from tests.faults.deployed import Deployed
from tests.faults.faults import Fault
from tests.faults.injections import NoTarget
from tests.faults.network import LOOPBACK, Network
from tests.faults.trial import Outcome, Trial
from tests.faults.valkey import Valkey

MAX_ATTEMPTS = 5


class TrialRunner:
    """Keeps one cluster at a time; `close` ends it."""

    def __init__(self) -> None:
        self._cluster: Cluster | None = None
        self._network: Network | None = None
        self._deployed: Deployed | None = None
        self._directory = Path()

    def run(self, fault: Fault) -> Outcome:
        """Run a trial of a fault that hits its target. Raises NotSupported."""
        for _ in range(MAX_ATTEMPTS):
            try:
                return self._run(fault)
            except* NoTarget:
                pass
        raise NoTarget(f"{fault.name}: missed {MAX_ATTEMPTS} times")

    def _run(self, fault: Fault) -> Outcome:
        if fault.needs_own_cluster:
            self.close()
        cluster = self._cluster or self._open(fault)
        try:
            if fault.small_disk:
                cluster.store.move_to_small_disk()  # before clients connect
            self._deploy(cluster, fault.before)
            outcome = asyncio.run(Trial(cluster, fault).run())
        except BaseException:
            self.close()  # a broken cluster cannot be reused
            raise
        self._deployed = fault.after or fault.before
        if fault.needs_own_cluster:
            self.close()
        return outcome

    def close(self) -> None:
        cluster, self._cluster, self._deployed = self._cluster, None, None
        if cluster is not None:
            cluster.end()
            cluster.store.end()
        if self._network is not None:
            self._network.close()
            self._network = None
        if self._directory != Path():
            shutil.rmtree(self._directory, ignore_errors=True)

    def _open(self, fault: Fault) -> Cluster:
        network = self._network = Network() if fault.network else None
        self._directory = Path(tempfile.mkdtemp(prefix="rqf-", dir="/tmp"))
        data = self._directory / "store"
        data.mkdir()
        store = Valkey(data, network.namespace() if network else LOOPBACK)
        store.start()
        cluster = self._cluster = Cluster(
            store, self._directory, persistent_head=fault.persistent_head, network=network
        )
        cluster.start()
        return cluster

    def _deploy(self, cluster: Cluster, wanted: Deployed) -> None:
        if wanted != self._deployed:
            wanted.deploy_to(cluster)
            self._deployed = wanted
        cluster.wait_until_serving()
