"""The autoscaling policy `replicas_for_connections` of `deployments.yaml`.

Serve does not see connections: each gateway reports its own, and Serve's controller calls this
policy with the reports.
"""

import math
from typing import Any

CONNECTIONS = "connections"
"""The name of the reported value."""


def replicas_for_connections(context: Any) -> tuple[int, dict[str, Any]]:
    """Replicas for `target_ongoing_requests` connections each; Serve keeps them between its minimum
    and maximum. `context` is a `ray.serve.config.AutoscalingContext`."""
    reported = (context.aggregated_metrics or {}).get(CONNECTIONS, {})
    return max(1, math.ceil(sum(reported.values()) / context.config.target_ongoing_requests)), {}
