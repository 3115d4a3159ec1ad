"""The manifests: valid by KubeRay's schema, and consistent with the rest of the project."""

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from scripts.environment import ROOT, serve_environment
from service_settings import Settings

KUBERNETES = ROOT / "deploy" / "kubernetes"
BASE = KUBERNETES / "base"
SECRETS = {
    "restaurant-qr.env": [
        "RESTAURANT_QR_REDIS_URL",
        "RESTAURANT_QR_TOKEN_KEYS",
        "RESTAURANT_QR_CODE_KEYS",
    ],
    "ray-token.env": ["auth_token"],
    "ray-redis.env": ["password"],
}
PORT = 9000
METRICS = 8080


def documents(path: Path) -> list[Any]:
    return [each for each in yaml.safe_load_all(path.read_text()) if each]


@pytest.fixture(scope="module")
def service() -> Any:
    (service,) = documents(BASE / "ray-service.yaml")
    return service


@pytest.fixture(scope="module")
def groups(service: Any) -> dict[str, Any]:
    """The head and the groups of workers, by name."""
    cluster = service["spec"]["rayClusterConfig"]
    workers = {group["groupName"]: group for group in cluster["workerGroupSpecs"]}
    return {"head": cluster["headGroupSpec"]} | workers


@pytest.fixture(scope="module")
def schema() -> Any:
    """KubeRay's schema, from its repository, without unknown fields: Kubernetes would silently
    drop them."""
    vendored = Path(__file__).with_name("ray-service.json.gz")
    return _closed(json.loads(gzip.decompress(vendored.read_bytes()))["schema"])


def _closed(node: Any) -> Any:
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(value) for key, value in node.items()}
    is_object = node.get("type") == "object" and "properties" in node
    is_whole = node["properties"].get("metadata") == {"type": "object"} if is_object else False
    if is_object and not node.get("x-kubernetes-preserve-unknown-fields"):
        closed["additionalProperties"] = False
    if is_whole:  # Kubernetes defines the fields of metadata
        closed["properties"]["metadata"] = {"type": "object"}
    return closed


def test_kuberays_schema_accepts_the_manifest(service: Any, schema: Any) -> None:
    jsonschema.validate(service, schema)


def test_kuberays_schema_rejects_a_misspelled_field(service: Any, schema: Any) -> None:
    misspelled = json.loads(json.dumps(service))
    misspelled["spec"]["rayClusterConfig"]["workerGroupSpecs"][0]["maxReplica"] = 3
    with pytest.raises(jsonschema.ValidationError, match="maxReplica"):
        jsonschema.validate(misspelled, schema)


def test_manifest_matches_deployments_yaml(service: Any) -> None:
    assert service["spec"]["serveConfigV2"] == (ROOT / "deployments.yaml").read_text()


def test_every_pod_has_the_environment_of_other_nodes() -> None:
    lines = (BASE / "serve.env").read_text().splitlines()
    existing = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    here = {name: value.replace(str(ROOT), "/app") for name, value in serve_environment().items()}
    assert existing == here


def test_every_pod_has_the_environment_and_few_rights(groups: dict[str, Any]) -> None:
    for name, group in groups.items():
        pod = group["template"]["spec"]
        (container,) = pod["containers"]
        sources = [source for each in container["envFrom"] for source in each.values()]
        assert [each["name"] for each in sources] == ["serve-environment", "restaurant-qr"], name
        assert pod["securityContext"]["runAsNonRoot"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert pod["automountServiceAccountToken"] is (name == "head")


def test_service_selects_the_pods_with_gateways(service: Any, groups: dict[str, Any]) -> None:
    """A gateway needs a CPU in Ray. One group has CPUs, and the service selects its port."""
    cpus = {name: group["rayStartParams"]["num-cpus"] for name, group in groups.items()}
    assert cpus == {"head": "0", "gateways": "1", "actors": "0"}
    (led,) = service["spec"]["serveService"]["spec"]["ports"]
    assert (led["port"], led["targetPort"]) == (PORT, "serve")
    (container,) = groups["gateways"]["template"]["spec"]["containers"]
    assert {"name": "serve", "containerPort": PORT} in container["ports"]
    (other,) = groups["actors"]["template"]["spec"]["containers"]
    assert "serve" not in {port["name"] for port in other["ports"]}
    (head,) = groups["head"]["template"]["spec"]["containers"]
    assert "serve" not in {port["name"] for port in head["ports"]}
    assert service["spec"]["excludeHeadPodFromServeSvc"]
    described = yaml.safe_load(service["spec"]["serveConfigV2"])
    assert described["applications"][0]["args"]["port"] == PORT


def test_every_pod_exposes_metrics_to_prometheus(groups: dict[str, Any]) -> None:
    named = {"name": "metrics", "containerPort": METRICS}
    for name, group in groups.items():
        assert group["rayStartParams"]["metrics-export-port"] == str(METRICS), name
        (container,) = group["template"]["spec"]["containers"]
        assert named in container["ports"], name
    asking = [
        rule
        for policy in documents(BASE / "network-policy.yaml")
        for rule in policy["spec"]["ingress"]
    ]
    (collector,) = [
        rule for rule in asking if {"protocol": "TCP", "port": METRICS} in rule.get("ports", [])
    ]
    assert collector["from"] == [
        {"namespaceSelector": {"matchLabels": {"restaurant-qr/access": "metrics"}}}
    ]


def test_the_manifest_has_a_pod_for_each_gateway(service: Any, groups: dict[str, Any]) -> None:
    described = yaml.safe_load(service["spec"]["serveConfigV2"])
    (gateway,) = described["applications"][0]["deployments"]
    scaling, pods = gateway["autoscaling_config"], groups["gateways"]
    assert pods["minReplicas"] == pods["replicas"] == scaling["min_replicas"]
    assert pods["maxReplicas"] == scaling["max_replicas"]


def test_network_policies_and_disruption_budgets_select_existing_pods(
    groups: dict[str, Any],
) -> None:
    labels = [
        group["template"]["metadata"]["labels"] | {"ray.io/group": name}
        for name, group in groups.items()
    ]
    policies = documents(BASE / "network-policy.yaml")
    budgets = documents(BASE / "disruption-budgets.yaml")
    selected = [each["spec"]["podSelector"] for each in policies]
    selected += [each["spec"]["selector"] for each in budgets]
    for selector in selected:
        wanted = selector["matchLabels"].items()
        assert any(wanted <= existing.items() for existing in labels), selector


def test_only_the_cluster_and_the_operator_reach_rays_ports() -> None:
    """Other clients can connect only to the named ports, and no policy opens all ports."""
    cluster = {"app.kubernetes.io/name": "restaurant-qr"}
    for policy in documents(BASE / "network-policy.yaml"):
        assert policy["spec"]["policyTypes"] == ["Ingress"]
        for rule in policy["spec"]["ingress"]:
            (source,) = rule["from"]
            if source == {"podSelector": {"matchLabels": cluster}}:
                continue
            ports = {each["port"] for each in rule["ports"]}
            operator = source.get("podSelector", {}).get("matchLabels", {})
            allowed = {8265, PORT} if "kuberay-operator" in operator.values() else {METRICS, PORT}
            assert ports <= allowed


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_an_overlay_requires_the_secrets_of_the_template(overlay: str) -> None:
    (created,) = documents(KUBERNETES / "overlays" / overlay / "kustomization.yaml")
    files = [file for each in created["secretGenerator"] for file in each["envs"]]
    assert files == list(SECRETS)
    template = (KUBERNETES / "secrets.env.example").read_text()
    assert re.findall(r"^(\w+)=$", template, re.M) == [
        n for names in SECRETS.values() for n in names
    ]
    own = {name.removeprefix("RESTAURANT_QR_").lower() for name in SECRETS["restaurant-qr.env"]}
    assert own <= Settings.model_fields.keys()


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl renders the overlays")
@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_kuberays_schema_accepts_a_rendered_overlay(
    overlay: str, tmp_path: Path, schema: Any
) -> None:
    shutil.copytree(KUBERNETES, tmp_path / "kubernetes")
    folder = tmp_path / "kubernetes" / "overlays" / overlay
    for file, names in SECRETS.items():
        (folder / file).write_text("".join(f"{name}=made-up\n" for name in names))
    rendered = subprocess.run(
        ["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=True
    ).stdout
    kinds = {
        (each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(rendered)
    }
    service = kinds["RayService", "restaurant-qr"]
    jsonschema.validate(service, schema)
    images = set(re.findall(r"image: (\S+)", rendered))
    assert images == {"registry.example/restaurant-qr:0.1.0"}
    assert {each["metadata"]["namespace"] for each in kinds.values()} == {
        f"restaurant-qr-{overlay}"
    }
    pods = yaml.safe_dump(service)
    for kind, name in kinds:
        if kind in {"Secret", "ConfigMap"}:
            assert f"name: {name}\n" in pods or f"secretName: {name}\n" in pods


def test_the_image_copies_existing_files_and_no_development_files() -> None:
    dockerfile = (KUBERNETES / "Dockerfile").read_text()
    copied = [
        words.split()[:-1] for words in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.M)
    ]
    named = {name for names in copied for name in names}
    ignore = (KUBERNETES / "Dockerfile.dockerignore").read_text().splitlines()
    assert {line[1:] for line in ignore if line.startswith("!")} == named
    assert all((ROOT / name).exists() for name in named)
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - named <= {"load_tests", "restaurant_qr_client", "tests"}
    assert re.search(r"^USER 10001$", dockerfile, re.M)
    assert not re.search(r"^FROM \S+:latest|^FROM [^:]+$", dockerfile, re.M)
