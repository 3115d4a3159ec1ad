"""The application on two nodes and a head without CPUs, in a process of its own:
`REDIS_URL PORT DIRECTORY`.

Says the cluster's address and its nodes' ids when it serves. Then it obeys lines of JSON, and says
`done` after each: `{"user_config": ...}`, `{"move": shard, "to": node}` or `{"drain": node}`. It
ends with its input.
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
from ray.serve.config import HTTPOptions
from ray.serve.context import _get_global_client
from ray.serve.schema import ServeDeploySchema

from actors.announced import NAMESPACE, announced
from actors.moving import move
from actors.ray_hosts import RayHosts

OBJECT_STORE_BYTES = 100 * 1024 * 1024
DEADLINE_S = 120


def main(redis_url: str, port: int, data_dir: str) -> None:
    cluster = Cluster()
    head, *nodes = (
        cluster.add_node(
            num_cpus=cpus, object_store_memory=OBJECT_STORE_BYTES, include_dashboard=False
        ).node_id
        for cpus in (0, 2, 2)
    )
    ray.init(address=cluster.address, namespace=NAMESPACE, log_to_driver=False)
    serve.start(proxy_location="HeadOnly", http_options=HTTPOptions(host="127.0.0.1", port=port))
    arguments = {
        "placement": "shard", "shards": 2, "redis_url": redis_url, "port": port,
        "data_dir": data_dir,
    }  # fmt: skip

    def deploy(user_config: dict[str, Any]) -> None:
        """As `serve deploy` does, which knows what has changed since the last time."""
        gateway = {"name": "Gateway", "num_replicas": 2, "user_config": user_config}
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
    say({"address": cluster.address, "head": head, "nodes": nodes})
    for line in sys.stdin:
        wanted = json.loads(line)
        if "user_config" in wanted:
            deploy(wanted["user_config"])
        if "move" in wanted:
            config = announced()
            assert config is not None
            asyncio.run(move(RayHosts(config), wanted["move"], wanted["to"]))
        if "drain" in wanted:
            drain(wanted["drain"])
        say("done")
    serve.shutdown()
    ray.shutdown()
    cluster.shutdown()


def drain(node: str) -> None:
    """As `ray drain-node` does."""
    reasons: Any = autoscaler_pb2
    reason = reasons.DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION")
    deadline_ms = int((time.time() + DEADLINE_S) * 1000)
    accepted, why = internal_kv_get_gcs_client().drain_node(node, reason, "a test", deadline_ms)
    assert accepted, why


def say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
