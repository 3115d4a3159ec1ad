"""Composition root: settings in, a Ray Serve application out. Nothing else reads settings.

`serve run serve_app:app`, `serve run deployments.yaml` and `make run` all come through `app`.
Settings are the builder's typed arguments; each has an environment variable for the same, such as
`RESTAURANT_QR_REDIS_URL`. An argument beats its variable.
"""

import asyncio
import ipaddress
import logging
import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from ray import serve
from ray.serve import Application
from starlette.types import ASGIApp

from actors import gc_tuning
from actors.cluster_config import (
    HostConfig,
    StoreSettings,
    deploy,
    deployment_number,
    new_deployment,
)
from actors.embedded_store import embedded_store
from actors.ray_hosts import RayHosts
from actors.ray_metrics import RayMetrics
from actors.rebalancing import roll_out
from actors.warm_workers import WarmWorkers
from engine import metrics as host_metrics
from engine import tracing
from engine.host import HostSettings
from engine.placement import Mode, Placement
from engine.placement_watcher import PlacementWatcher
from gateway import metrics as gateway_metrics
from gateway import scaling
from gateway.app import build
from gateway.auth.origins import ANY_PAGE, is_origin
from gateway.http.pages import served_folder
from gateway.settings import (
    LOOPBACK,
    RELOADABLE_LIMITS,
    GatewaySettings,
    IdentityProvider,
    Keys,
    Limits,
)
from storage.durability import Durability

log = logging.getLogger(__name__)

RELOADABLE = frozenset({"shards", "pinned", "limits"})
"""The settings that `user_config` changes at run time; of the limits, RELOADABLE_LIMITS."""


class Auth(StrEnum):
    """`open`: callers without a token are anonymous, only on loopback. `required`: every caller
    needs a token."""

    OPEN = "open"
    REQUIRED = "required"


SHORTEST_KEY = 32
MOST_KEYS = 2


def _split(keys: Any) -> Any:
    """Split the keys of an environment variable: `current,previous`."""
    return keys.split(",") if isinstance(keys, str) else keys


KeyList = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]


Port = Annotated[int, Field(ge=0, le=65536)]


class Settings(BaseSettings):
    """All settings. `docs/settings.md` is generated from the docstrings."""

    model_config = SettingsConfigDict(
        env_prefix="RESTAURANT_QR_",
        env_nested_delimiter="__",
        extra="forbid",
        hide_input_in_errors=True,  # some of it is secret
        validate_default=True,
    )

    revision: str = ""
    """Another value makes another deployment. Serve rebuilds the application only if its arguments
    or code location change, not if only the environment (such as a secret) does."""
    host: str = "127.0.0.1"
    """Address that each gateway listens on. Loopback is IPv4 and IPv6, and is added to any other
    single address; `0.0.0.0` and `::` are all addresses."""
    port: Annotated[int, Field(ge=1, le=65535)] = 9000
    """Port of the gateways, shared by all gateways of a node."""
    placement: Mode = Mode.ENTITY
    """The Ray actors that carry entities: one per entity, one per restaurant, or one per shard."""
    shards: Annotated[int, Field(ge=1, le=4096)] = 2
    """Number of hosts with placement `shard`."""
    pinned: dict[int, int] = {}
    """Restaurants with a shard of their own: `{2: 1}` gives shard 1 to restaurant 2 alone."""
    gateways: Annotated[int, Field(ge=1, le=64)] = 1
    """Gateway replicas. 1 leaves the number to the deployment's settings, which may autoscale. On
    macOS, which does not spread connections, there is always one."""
    warm_workers: Annotated[int, Field(ge=0, le=1000)] = 8
    """Idle processes for new actors on each node with a gateway, about 65 MB each; only with
    placement `entity`. 0: each new actor waits for its process to start."""
    stream_ports: tuple[Port, Port] = (0, 1)
    """Ports on which actors listen for other nodes, one per actor: `[first, last + 1]`. `[0, 1]`:
    any free port."""
    redis_url: str | None = None
    """Store: `redis://`, `rediss://`, `unix://`, `redis+sentinel://` or `redis+cluster://`. None:
    embedded Valkey."""
    data_dir: Path = Path(".data")
    """Folder of the embedded Valkey and of the generated secret."""
    store_timeout_s: Annotated[float, Field(gt=0)] = 2.0
    """Timeout of a call to the store."""
    durability: Durability = Durability.STORE
    """The durability that an `ack` waits for: the store, its disk or a replica. See
    [Guarantees](reliability/guarantees.md#durability)."""
    retention_days: Annotated[float, Field(gt=0)] = 30.0
    """How long closed sessions, finished orders and audits are kept."""
    idle_timeout_s: Annotated[float, Field(gt=0)] = 300.0
    """After this time without use, an entity is evicted from memory and an empty actor ends."""
    allowed_origins: frozenset[str] = frozenset()
    """Origins of other web pages that may use the service: `["https://app.example"]`. `["*"]`: any
    page, only with `auth: required`."""
    public_url: Annotated[str, Field(pattern=r"^https?://[^\s/]+")] | None = None
    """Public address of the service, for QR codes. None: the address of the request."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = LOOPBACK
    """Networks whose `X-Forwarded-For` is trusted: the load balancer's and the cluster's, never one
    with guests. See [Client addresses](security/limits.md#client-addresses)."""
    trace_sample_rate: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of commands that are traced. `OTEL_EXPORTER_OTLP_ENDPOINT` is the destination."""
    limits: Limits = Limits()
    """See [Limits](#limits)."""
    auth: Auth = Auth.OPEN
    """Whether callers without a token are anonymous (`open`, only on loopback) or rejected."""
    auth_secret: SecretStr | None = None
    """Key that replaces `token_keys` or `code_keys` if unset; at least 32 characters. None:
    generated on first use and kept in `data_dir`."""
    token_keys: KeyList = ()
    """Keys of tokens and sign-in codes, one or two: the first signs, both are accepted. Separated
    by a comma in the environment. None: `auth_secret`."""
    code_keys: KeyList = ()
    """Keys of printed table codes, in the same format. None: `auth_secret`."""
    auth_jwks_url: str | None = None
    """JWKS document of the [identity provider](security/identity-provider.md)."""
    auth_issuer: str | None = None
    """`iss` of the provider's tokens."""
    auth_audience: str | None = None
    """`aud` of the provider's tokens for this service."""

    @model_validator(mode="after")
    def _closed_unless_loopback(self) -> Self:
        if self.auth is Auth.OPEN and not _is_loopback(self.host):
            raise ValueError(
                f"auth=open listens on loopback only, not on {self.host}: "
                "set auth=required (RESTAURANT_QR_AUTH) and an auth_secret, or host=127.0.0.1"
            )
        elsewhere = [str(each) for each in self.trusted_proxies if not each.is_loopback]
        if self.auth is Auth.OPEN and elsewhere:
            raise ValueError(
                f"auth=open is for this machine alone, and trusted_proxies has {elsewhere[0]}: set "
                "auth=required (RESTAURANT_QR_AUTH), or leave RESTAURANT_QR_TRUSTED_PROXIES out"
            )
        if any(each.prefixlen == 0 for each in self.trusted_proxies):
            raise ValueError(
                "trusted_proxies cannot cover every address, because clients could then forge "
                "theirs: list the networks of the load balancer and of the cluster's nodes"
            )
        return self

    @model_validator(mode="after")
    def _pages_are_named(self) -> Self:
        for origin in self.allowed_origins - {ANY_PAGE}:
            if not is_origin(origin):
                raise ValueError(
                    f"allowed_origins contains {origin!r}, which is not an origin: write "
                    '"https://app.example", without a path, or "*" for any page'
                )
        if self.auth is Auth.OPEN and ANY_PAGE in self.allowed_origins:
            raise ValueError(
                'auth=open with allowed_origins ["*"] would let any web page use the chain: set '
                "auth=required (RESTAURANT_QR_AUTH), or list the origins"
            )
        return self

    @model_validator(mode="after")
    def _streams_have_ports(self) -> Self:
        first, end = self.stream_ports
        if first >= end:
            raise ValueError(
                f"stream_ports [{first}, {end}] has no port: the second is the first that is not "
                "used, as in [20000, 21000]"
            )
        return self

    @model_validator(mode="after")
    def _everybody_has_a_shard(self) -> Self:
        placement_of(self)
        return self

    @model_validator(mode="after")
    def _keys_are_good(self) -> Self:
        secret = () if self.auth_secret is None else (self.auth_secret,)
        for name, keys in (
            ("auth_secret", secret),
            ("token_keys", self.token_keys),
            ("code_keys", self.code_keys),
        ):
            if any(len(key.get_secret_value()) < SHORTEST_KEY for key in keys):
                raise ValueError(f"each key of {name} needs at least {SHORTEST_KEY} characters")
            if len(keys) > MOST_KEYS or len(set(keys)) < len(keys):
                raise ValueError(f"{name} takes one key, or two different ones: current,previous")
        return self

    @model_validator(mode="after")
    def _provider_is_known(self) -> Self:
        described = (self.auth_jwks_url, self.auth_issuer, self.auth_audience)
        if any(part is not None for part in described) and not all(described):
            raise ValueError(
                "an identity provider needs auth_jwks_url, auth_issuer and auth_audience: set all "
                "three (RESTAURANT_QR_AUTH_JWKS_URL, …_AUTH_ISSUER, …_AUTH_AUDIENCE), or none"
            )
        if self.auth_jwks_url is not None and not _is_safe(self.auth_jwks_url):
            raise ValueError(
                "auth_jwks_url (RESTAURANT_QR_AUTH_JWKS_URL) must be an https:// address without a "
                "user name or password; http:// is for loopback only"
            )
        return self


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_safe(url: str) -> bool:
    """Whether keys from there come from whom it names."""
    try:
        parts = urlsplit(url)
        host, user = parts.hostname, parts.username
        _ = parts.port
    except ValueError:
        return False
    if not host or user is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def provider_of(settings: Settings) -> IdentityProvider | None:
    """The chain's identity provider, where one is set."""
    if not (settings.auth_jwks_url and settings.auth_issuer and settings.auth_audience):
        return None
    return IdentityProvider(settings.auth_jwks_url, settings.auth_issuer, settings.auth_audience)


def keys_of(settings: Settings) -> Keys:
    """The keys of the settings; `auth_secret` if the list is empty."""
    tokens, codes = (
        tuple(key.get_secret_value() for key in keys) or (secret_of(settings),)
        for keys in (settings.token_keys, settings.code_keys)
    )
    return Keys(tokens, codes)


def secret_of(settings: Settings) -> str:
    """`auth_secret`: from the settings, or the data folder's own, generated on first use."""
    if settings.auth_secret is not None:
        return settings.auth_secret.get_secret_value()
    path = settings.data_dir / "auth_secret"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as made:  # its owner's alone
            made.write(secrets.token_urlsafe(32))
            made.flush()
            with suppress(FileExistsError):  # another one was first
                os.link(made.name, path)
    return path.read_text().strip()


def host_config(settings: Settings, redis_url: str, deployment: int) -> HostConfig:
    """The configuration of the Ray actors that carry entities."""
    store = StoreSettings(
        redis_url,
        settings.store_timeout_s,
        settings.retention_days * 86400,
        settings.durability,
    )
    host = HostSettings(idle_s=settings.idle_timeout_s)
    return HostConfig(
        store,
        placement_of(settings),
        host,
        deployment,
        settings.trace_sample_rate,
        settings.stream_ports,
    )


def placement_of(settings: Settings) -> Placement:
    """As it is set. Raises ValueError where a restaurant would be without a shard."""
    return Placement(settings.placement, settings.shards, frozenset(settings.pinned.items()))


def changed(settings: Settings, user_config: Mapping[str, Any]) -> Settings:
    """The settings with what Serve's `user_config` changes of them. Raises ValueError."""
    limits: dict[str, Any] = user_config.get("limits", {})
    unknown = [
        *(user_config.keys() - RELOADABLE),
        *(f"limits.{name}" for name in limits.keys() - RELOADABLE_LIMITS),
    ]
    if unknown:
        raise ValueError(
            f"user_config cannot change {', '.join(sorted(unknown))}; "
            "it can change shards, pinned and the limits of connections: set it in `args`"
        )
    described = settings.model_dump() | dict(user_config)
    return Settings.model_validate(described | {"limits": asdict(settings.limits) | limits})


@serve.deployment(
    max_ongoing_requests=100_000,  # behind Serve's proxy each connection is one
    max_queued_requests=-1,
    graceful_shutdown_timeout_s=20,
    graceful_shutdown_wait_loop_s=0.1,  # the gateway waits for its connections itself
    logging_config={"encoding": "JSON", "log_level": "WARNING"},  # access logs show addresses
    user_config={},  # so that `reconfigure` is called at the start, too
)
@serve.ingress()
class Gateway:
    """The Ray Serve shell around the gateway's Starlette application."""

    async def __init__(self, settings: Settings, keys: Keys, deployment: str) -> None:  # type: ignore[misc]  # awaited by Serve
        redis_url = settings.redis_url
        if redis_url is None:
            redis_url = await embedded_store(settings.data_dir, settings.durability).url.remote()
        self._deployed = settings
        self._config = host_config(settings, redis_url, deployment_number(deployment))
        in_force = deploy(self._config)
        self._hosts = RayHosts(in_force, serve.get_replica_context().replica_tag)
        self._watcher = PlacementWatcher(in_force.placement, self._hosts.fetch_placement)
        self._is_configured = False
        self._settings = GatewaySettings(
            keys,
            allow_anonymous=settings.auth is Auth.OPEN,
            limits=settings.limits,
            trusted_proxies=settings.trusted_proxies,
            allowed_origins=settings.allowed_origins,
            public_url=settings.public_url,
            provider=provider_of(settings),
        )
        tracing.install(settings.trace_sample_rate, serve.get_replica_context().replica_tag)
        # By their modules: this class reaches a replica by value, and so would what it names.
        meters = [gateway_metrics.GATEWAY, host_metrics.SWEEP, host_metrics.COMMON]
        if is_warm := in_force.placement.mode is Mode.ENTITY and settings.warm_workers > 0:
            meters.append(host_metrics.WARM)
        self._warm = WarmWorkers(settings.warm_workers) if is_warm else None
        metrics = RayMetrics("gateway", serve.get_replica_context().replica_tag, *meters)
        self._telling = asyncio.create_task(metrics.run())
        gc_tuning.tune()

    def __serve_build_asgi_app__(self) -> ASGIApp:
        self._application = build(
            network=self._hosts,
            watcher=self._watcher,
            store=self._config.store.open(),
            settings=self._settings,
            gateway_id=serve.get_replica_context().replica_tag,
            pages_folder=served_folder(),
        )
        return self._application

    def record_autoscaling_stats(self) -> dict[str, float]:
        """For `gateway.scaling`."""
        return {scaling.CONNECTIONS: float(self._application.sockets.connections)}

    async def reconfigure(self, user_config: dict[str, Any]) -> None:
        """Serve calls this at the start and when `user_config` changes; every socket stays."""
        try:
            settings = changed(self._deployed, user_config)
        except ValueError as error:
            if not self._is_configured:
                raise
            log.error(
                "user_config is wrong and changes nothing: correct it and deploy again",
                extra={"why": str(error)},
            )
            return
        for limit in RELOADABLE_LIMITS:
            setattr(self._settings.limits, limit, getattr(settings.limits, limit))
        config = replace(self._config, placement=placement_of(settings))
        await roll_out(self._hosts, self._watcher, config)
        if not self._is_configured:
            await self._application.listener.start(self._deployed.host, self._deployed.port)
            if self._warm is not None:  # now, since its processes would slow down the start
                self._warming = asyncio.create_task(self._warm.run())
        self._is_configured = True


def app(args: Settings) -> Application:
    """The Serve application for these settings. Nothing is started here, not even Ray."""
    placed = args.model_copy(update={"data_dir": args.data_dir.absolute()})
    gateway: Any = Gateway  # a Deployment by now
    if placed.gateways > 1 and sys.platform != "darwin":
        gateway = gateway.options(num_replicas=placed.gateways)
    application: Application = gateway.bind(placed, keys_of(placed), new_deployment())
    return application
