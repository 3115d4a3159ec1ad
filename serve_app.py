"""Composition root: builds the Ray Serve application from the settings.

`serve run serve_app:app`, `serve run deployments.yaml` and `make run` call `app`. Settings are its
typed arguments, or environment variables such as `RESTAURANT_QR_REDIS_URL`; an argument overrides
its variable.
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
"""Settings that `user_config` can change at run time. Of `limits`, only RELOADABLE_LIMITS."""


class Auth(StrEnum):
    """`open`: callers without a token are anonymous; only on loopback. `required`: callers without
    a token are rejected."""

    OPEN = "open"
    REQUIRED = "required"


MIN_KEY_CHARS = 32
MAX_KEYS = 2
"""Two keys are in use only during a rotation."""


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
        hide_input_in_errors=True,  # some settings are secret
        validate_default=True,
    )

    revision: str = ""
    """Change it to force a new deployment. Serve rebuilds the application only if its arguments or
    code location change, not if only the environment (such as a secret) changes."""
    host: str = "127.0.0.1"
    """Address that each gateway listens on; `0.0.0.0` and `::` mean all addresses. A loopback
    address means both IPv4 and IPv6 loopback, which are added to any other single address."""
    port: Annotated[int, Field(ge=1, le=65535)] = 9000
    """Port that all gateways of a node share."""
    placement: Mode = Mode.ENTITY
    """Which entities share a Ray actor: none (`entity`), those of one restaurant (`restaurant`), or
    those of all restaurants in a shard (`shard`)."""
    shards: Annotated[int, Field(ge=1, le=4096)] = 2
    """Number of shards, each with one actor. Only with placement `shard`."""
    pinned: dict[int, int] = {}
    """Restaurants with a shard of their own: `{2: 1}` reserves shard 1 for restaurant 2."""
    gateways: Annotated[int, Field(ge=1, le=64)] = 1
    """Number of gateway replicas. With 1, the deployment's settings determine it, which may
    autoscale. On macOS, which does not balance connections between processes, there is always
    one."""
    warm_workers: Annotated[int, Field(ge=0, le=1000)] = 8
    """Number of idle processes for new actors, on each node with a gateway, of about 65 MB each;
    only with placement `entity`. With 0, each new actor waits for its process to start."""
    stream_ports: tuple[Port, Port] = (0, 1)
    """Range `[first, last + 1]` of the ports on which actors accept connections from other nodes;
    each actor uses one. `[0, 1]` means any free port."""
    redis_url: str | None = None
    """URL of the store: `redis://`, `rediss://`, `unix://`, `redis+sentinel://` or
    `redis+cluster://`. Default: the embedded Valkey."""
    data_dir: Path = Path(".data")
    """Folder of the embedded Valkey's data and of the generated secret."""
    store_timeout_s: Annotated[float, Field(gt=0)] = 2.0
    """Timeout of a call to the store."""
    durability: Durability = Durability.STORE
    """Stage that a write must reach before its `ack`: the store, its disk or a replica. See
    [Guarantees](reliability/guarantees.md#durability)."""
    retention_days: Annotated[float, Field(gt=0)] = 30.0
    """How long closed sessions, finished orders and audit entries are kept."""
    idle_timeout_s: Annotated[float, Field(gt=0)] = 300.0
    """Time without use after which an entity is evicted from memory, and an actor without entities
    ends."""
    allowed_origins: frozenset[str] = frozenset()
    """Origins of other web pages that may use the service, such as `["https://app.example"]`.
    `["*"]` allows any page and requires `auth: required`."""
    public_url: Annotated[str, Field(pattern=r"^https?://[^\s/]+")] | None = None
    """Public address of the service, used in QR codes. Default: the address of the request."""
    media_url: str | None = None
    """Store of the photos: a folder that all nodes share, or an object store such as
    `s3://bucket/media` (install its fsspec package). Default: the folder `media` in `data_dir`
    with the embedded store, else none, and photos are off."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = LOOPBACK
    """Networks whose `X-Forwarded-For` is trusted: the load balancer's and the cluster's, never one
    with guests. See [Client addresses](security/limits.md#client-addresses)."""
    trace_sample_rate: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of commands that are traced. Spans are sent to `OTEL_EXPORTER_OTLP_ENDPOINT`."""
    limits: Limits = Limits()
    """See [Limits](#limits)."""
    auth: Auth = Auth.OPEN
    """Whether callers without a token are anonymous (`open`, only on loopback) or rejected."""
    auth_secret: SecretStr | None = None
    """Key that is used instead of an empty `token_keys` or `code_keys`, at least 32 characters.
    Default: generated on first use and kept in `data_dir`."""
    token_keys: KeyList = ()
    """One or two keys of tokens and sign-in codes: the first signs, both are accepted. Separated by
    a comma in the environment. Default: `auth_secret`."""
    code_keys: KeyList = ()
    """One or two keys of printed table codes, in the same format. Default: `auth_secret`."""
    auth_jwks_url: str | None = None
    """URL of the [identity provider](security/identity-provider.md)'s JWKS document."""
    auth_issuer: str | None = None
    """`iss` of the identity provider's tokens."""
    auth_audience: str | None = None
    """`aud` of the identity provider's tokens for this service."""

    @model_validator(mode="after")
    def _check_open_auth(self) -> Self:
        if self.auth is Auth.OPEN and not _is_loopback(self.host):
            raise ValueError(
                f"cannot listen on {self.host} with auth=open, which is for loopback only: set "
                "auth=required (RESTAURANT_QR_AUTH) and an auth_secret, or host=127.0.0.1"
            )
        remote = [str(each) for each in self.trusted_proxies if not each.is_loopback]
        if self.auth is Auth.OPEN and remote:
            raise ValueError(
                f"cannot trust the proxies {remote[0]} with auth=open, which is for this machine "
                "only: set auth=required (RESTAURANT_QR_AUTH), or remove "
                "RESTAURANT_QR_TRUSTED_PROXIES"
            )
        if any(each.prefixlen == 0 for each in self.trusted_proxies):
            raise ValueError(
                "trusted_proxies cannot cover every address, because clients could then forge "
                "theirs: list the networks of the load balancer and of the cluster's nodes"
            )
        return self

    @model_validator(mode="after")
    def _check_origins(self) -> Self:
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
    def _check_stream_ports(self) -> Self:
        first, end = self.stream_ports
        if first >= end:
            raise ValueError(
                f"stream_ports [{first}, {end}] contains no port: write [first, last + 1], such as "
                "[20000, 21000]"
            )
        return self

    @model_validator(mode="after")
    def _check_placement(self) -> Self:
        placement_of(self)
        return self

    @model_validator(mode="after")
    def _check_keys(self) -> Self:
        secret = () if self.auth_secret is None else (self.auth_secret,)
        for name, keys in (
            ("auth_secret", secret),
            ("token_keys", self.token_keys),
            ("code_keys", self.code_keys),
        ):
            if any(len(key.get_secret_value()) < MIN_KEY_CHARS for key in keys):
                raise ValueError(f"each key of {name} needs at least {MIN_KEY_CHARS} characters")
            if len(keys) > MAX_KEYS or len(set(keys)) < len(keys):
                raise ValueError(f"{name} takes one key, or two different ones: current,previous")
        return self

    @model_validator(mode="after")
    def _check_provider(self) -> Self:
        provider = (self.auth_jwks_url, self.auth_issuer, self.auth_audience)
        if any(each is not None for each in provider) and not all(provider):
            raise ValueError(
                "an identity provider needs auth_jwks_url, auth_issuer and auth_audience: set all "
                "three (RESTAURANT_QR_AUTH_JWKS_URL, …_AUTH_ISSUER, …_AUTH_AUDIENCE), or none"
            )
        if self.auth_jwks_url is not None and not _is_safe_url(self.auth_jwks_url):
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


def _is_safe_url(url: str) -> bool:
    """Whether TLS authenticates the server of a URL, or the server is on loopback. A URL with a
    user name or password is not safe, because the URL is logged."""
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
    """The identity provider of the chain, or None if none is configured."""
    if not (settings.auth_jwks_url and settings.auth_issuer and settings.auth_audience):
        return None
    return IdentityProvider(settings.auth_jwks_url, settings.auth_issuer, settings.auth_audience)


def media_url_of(settings: Settings) -> str | None:
    """The store of the photos: the same for every gateway, because a photo that only some have is
    missing at random."""
    is_one_machine = settings.redis_url is None
    return settings.media_url or (str(settings.data_dir / "media") if is_one_machine else None)


def keys_of(settings: Settings) -> Keys:
    """The keys of the settings: those of each list or, if it is empty, `auth_secret`."""
    tokens, codes = (
        tuple(key.get_secret_value() for key in keys) or (secret_of(settings),)
        for keys in (settings.token_keys, settings.code_keys)
    )
    return Keys(tokens, codes)


def secret_of(settings: Settings) -> str:
    """`auth_secret` of the settings, or the secret in the data folder, which is generated on first
    use. Raises OSError."""
    if settings.auth_secret is not None:
        return settings.auth_secret.get_secret_value()
    path = settings.data_dir / "auth_secret"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as created:  # readable by its owner
            created.write(secrets.token_urlsafe(32))
            created.flush()
            with suppress(FileExistsError):  # another process has created it meanwhile
                os.link(created.name, path)
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
    """The placement of the settings. Raises ValueError if a pinned shard does not exist or all
    shards are pinned."""
    return Placement(settings.placement, settings.shards, frozenset(settings.pinned.items()))


def apply_user_config(settings: Settings, user_config: Mapping[str, Any]) -> Settings:
    """The settings with the changes of Serve's `user_config`. Raises ValueError if a setting cannot
    be changed at run time or is invalid."""
    limits: dict[str, Any] = user_config.get("limits", {})
    unknown = [
        *(user_config.keys() - RELOADABLE),
        *(f"limits.{name}" for name in limits.keys() - RELOADABLE_LIMITS),
    ]
    if unknown:
        raise ValueError(
            f"user_config cannot change {', '.join(sorted(unknown))}, only shards, pinned and the "
            "limits of connections: set it in `args`"
        )
    values = settings.model_dump() | dict(user_config)
    return Settings.model_validate(values | {"limits": asdict(settings.limits) | limits})


@serve.deployment(
    max_ongoing_requests=100_000,  # behind Serve's proxy, each connection counts as a request
    max_queued_requests=-1,
    graceful_shutdown_timeout_s=20,
    graceful_shutdown_wait_loop_s=0.1,  # the gateway itself waits for its connections
    logging_config={"encoding": "JSON", "log_level": "WARNING"},  # access logs contain addresses
    user_config={},  # so that Serve calls `reconfigure` at the start
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
        current = deploy(self._config)
        self._hosts = RayHosts(current, serve.get_replica_context().replica_tag)
        self._watcher = PlacementWatcher(current.placement, self._hosts.fetch_placement)
        self._is_configured = False
        self._settings = GatewaySettings(
            keys,
            allow_anonymous=settings.auth is Auth.OPEN,
            limits=settings.limits,
            trusted_proxies=settings.trusted_proxies,
            allowed_origins=settings.allowed_origins,
            public_url=settings.public_url,
            media_url=media_url_of(settings),
            provider=provider_of(settings),
        )
        tracing.install(settings.trace_sample_rate, serve.get_replica_context().replica_tag)
        # Serve pickles this class by value. Registries are referred to through their modules, so
        # that the replica uses its own and not pickled copies.
        registries = [gateway_metrics.GATEWAY, host_metrics.SWEEP, host_metrics.COMMON]
        if is_warm := current.placement.mode is Mode.ENTITY and settings.warm_workers > 0:
            registries.append(host_metrics.WARM)
        self._warm_workers = WarmWorkers(settings.warm_workers) if is_warm else None
        metrics = RayMetrics("gateway", serve.get_replica_context().replica_tag, *registries)
        self._metrics_task = asyncio.create_task(metrics.run())
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
        """The number of connections, which Serve passes to the policy in `gateway.scaling`."""
        return {scaling.CONNECTIONS: float(self._application.sockets.connections)}

    async def reconfigure(self, user_config: dict[str, Any]) -> None:
        """Apply `user_config`, without closing a socket. Serve calls this at the start and after
        each change. Raises ValueError only at the start; later, an invalid configuration is logged
        and changes nothing."""
        try:
            settings = apply_user_config(self._deployed, user_config)
        except ValueError as error:
            if not self._is_configured:
                raise
            log.error(
                "user_config rejected: correct it and deploy again",
                extra={"why": str(error)},
            )
            return
        for limit in RELOADABLE_LIMITS:
            setattr(self._settings.limits, limit, getattr(settings.limits, limit))
        config = replace(self._config, placement=placement_of(settings))
        await roll_out(self._hosts, self._watcher, config)
        if not self._is_configured:
            await self._application.listener.start(self._deployed.host, self._deployed.port)
            if self._warm_workers is not None:  # not earlier: its processes slow down the start
                self._warm_task = asyncio.create_task(self._warm_workers.run())
        self._is_configured = True


def app(args: Settings) -> Application:
    """The Serve application for these settings. Starts neither Ray nor a process."""
    media_url = args.media_url
    if media_url is not None and "://" not in media_url:
        media_url = str(Path(media_url).absolute())
    settings = args.model_copy(
        update={"data_dir": args.data_dir.absolute(), "media_url": media_url}
    )
    gateway: Any = Gateway  # the decorator has made it a Deployment
    if settings.gateways > 1 and sys.platform != "darwin":
        gateway = gateway.options(num_replicas=settings.gateways)
    application: Application = gateway.bind(settings, keys_of(settings), new_deployment())
    return application
