"""The application on two nodes and a head without CPUs, as a process: `REDIS_URL PORT DIRECTORY`.

The gateways are on the first node. Prints the cluster's address and its nodes' ids once it serves.
Then it runs commands, lines of JSON, and prints `done` after each: `{"user_config": ...}`,
`{"move": shard, "to": node}` or `{"drain": node}`. It exits at the end of its input.
"""

import asyncio
import json
import sys
import time
from typing import Any

import ray
from ray import serve
from ray.cluster_utils import Cluster
from ray.core.generated import autoscaler_pb2
from ray.experimental.internal_kv import internal_kv_get_gcs_client
from ray.serve.context import _get_global_client
from ray.serve.schema import ServeDeploySchema

from actors import cluster_config
from actors.cluster_config import NAMESPACE
from actors.ray_hosts import RayHosts
from actors.rebalancing import migrate

OBJECT_STORE_BYTES = 100 * 1024 * 1024
DEADLINE_S = 120
GATEWAYS = 2


def main(redis_url: str, port: int, data_dir: str) -> None:
    cluster = Cluster()
    head, *nodes = (
        cluster.add_node(
            num_cpus=cpus,
            resources={"gateway": gateways},
            object_store_memory=OBJECT_STORE_BYTES,
            include_dashboard=False,
        ).node_id
        for cpus, gateways in ((0, 0), (2, GATEWAYS), (2, 0))
    )
    ray.init(address=cluster.address, namespace=NAMESPACE, log_to_driver=False)
    serve.start(proxy_location="Disabled")
    arguments = {
        "placement": "shard", "shards": 2, "redis_url": redis_url, "port": port,
        "data_dir": data_dir,
    }  # fmt: skip

    def deploy(user_config: dict[str, Any]) -> None:
        """Deploy as `serve deploy` does, which applies only changes."""
        gateway = {
            "name": "Gateway",
            "num_replicas": GATEWAYS,
            "user_config": user_config,
            # Not on the second node: Serve replaces the gateways of a node that is draining.
            "ray_actor_options": {"num_cpus": 0.1, "resources": {"gateway": 1}},
        }
        application = {
            "name": NAMESPACE,
            "import_path": "serve_app:app",
            "args": arguments,
            "deployments": [gateway],
        }
        described = ServeDeploySchema.model_validate({"applications": [application]})
        client: Any = _get_global_client()
        client.deploy_apps(described, _blocking=True)

    deploy({})
    report({"address": cluster.address, "head": head, "nodes": nodes})
    for line in sys.stdin:
        command = json.loads(line)
        if "user_config" in command:
            deploy(command["user_config"])
        if "move" in command:
            config = cluster_config.latest()
            assert config is not None
            asyncio.run(migrate(RayHosts(config, "test"), command["move"], command["to"]))
        if "drain" in command:
            drain(command["drain"])
        report("done")
    serve.shutdown()
    ray.shutdown()
    cluster.shutdown()


def drain(node: str) -> None:
    """Drain a node as `ray drain-node` does."""
    reasons: Any = autoscaler_pb2
    reason = reasons.DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION")
    deadline_ms = int((time.time() + DEADLINE_S) * 1000)
    accepted, why = internal_kv_get_gcs_client().drain_node(node, reason, "a test", deadline_ms)
    assert accepted, why


def report(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
