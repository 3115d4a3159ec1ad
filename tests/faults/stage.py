"""Clusters for trials, one at a time: deployed as a fault wants it, renewed where it is spoilt."""

import asyncio
import shutil
import tempfile
from pathlib import Path

from tests.faults.cluster import Cluster
from tests.faults.faults import Deployed, Fault, Missed
from tests.faults.network import LOOPBACK, Network
from tests.faults.trial import Outcome, Trial
from tests.faults.valkey import Valkey

TRIES = 5


class Stage:
    """One cluster at a time; `close` ends it."""

    def __init__(self) -> None:
        self._cluster: Cluster | None = None
        self._network: Network | None = None
        self._deployed: Deployed | None = None
        self._directory = Path()

    def play(self, fault: Fault) -> Outcome:
        """One trial of a fault, which hits. Raises NotHere where it cannot be made here."""
        for _ in range(TRIES):
            try:
                return self._play(fault)
            except* Missed:
                pass
        raise Missed(f"{fault.name}: missed {TRIES} times")

    def _play(self, fault: Fault) -> Outcome:
        if fault.alone:
            self.close()
        cluster = self._cluster or self._open(fault)
        try:
            if fault.small_disk:
                cluster.store.move_to_small_disk()  # before anybody is connected to it
            self._deploy(cluster, fault.before)
            outcome = asyncio.run(Trial(cluster, fault).run())
        except BaseException:
            self.close()  # whatever is left of it is of no use to the next trial
            raise
        self._deployed = fault.after or fault.before
        if fault.alone:
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
        store = Valkey(data, network.place() if network else LOOPBACK)
        store.start()
        cluster = self._cluster = Cluster(
            store, self._directory, lasting_head=fault.lasting_head, network=network
        )
        cluster.start()
        return cluster

    def _deploy(self, cluster: Cluster, wanted: Deployed) -> None:
        if wanted != self._deployed:
            wanted.on(cluster)
            self._deployed = wanted
        cluster.wait_until_serving()
