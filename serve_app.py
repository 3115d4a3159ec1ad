"""Composition root: builds the Ray Serve application from the settings.

`serve run serve_app:app`, `serve run deployments.yaml` and `make run` call `app` with the settings
of `service_settings.py`.
"""

import asyncio
import logging
import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

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
from engine.placement import Mode
from engine.placement_watcher import PlacementWatcher
from gateway import metrics as gateway_metrics
from gateway import scaling
from gateway.app import build
from gateway.http.pages import served_folder
from gateway.settings import RELOADABLE_LIMITS, GatewaySettings, IdentityProvider, Keys
from service_settings import RELOADABLE, Auth, Settings, placement_of

log = logging.getLogger(__name__)


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
