"""Checks before startup. A failure is reported in one sentence."""

import asyncio
import os
import re
from dataclasses import fields
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from gateway.server.listen_sockets import ListenError, bind_sockets
from gateway.settings import Limits
from restaurant_qr.exits import Cannot
from service_settings import Settings
from storage.data_folder import EmbeddedStoreError, claim_data_dir
from storage.durability import Durability
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import StoreUnavailable

PREFIX = "RESTAURANT_QR_"


class PreflightError(Cannot):
    """A check failed. The message has the reason and a remedy, in one sentence."""


def settings_of_environment(**overrides: Any) -> Settings:
    """Settings from environment variables, overridden by `overrides`. Raises PreflightError."""
    names = [*Settings.model_fields, *(f"limits__{each.name}" for each in fields(Limits))]
    unknown = sorted(
        name
        for name in os.environ
        if name.startswith(PREFIX)
        and not name.startswith(f"{PREFIX}TEST_")
        and name.removeprefix(PREFIX).lower() not in names
    )
    if unknown:
        known = ", ".join(f"{PREFIX}{name.upper()}" for name in names)
        raise PreflightError(f"{unknown[0]} is not a setting. The settings are {known}.")
    try:
        return Settings(**overrides)
    except SettingsError as error:
        field = re.search(r'"(\w+)"', str(error))
        raise PreflightError(
            f"Cannot read {PREFIX}{field[1].upper() if field else '…'}: write a list as JSON, "
            'such as ["10.0.0.0/8", "192.168.0.0/16"].'
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        name = "".join(f"RESTAURANT_QR_{str(part).upper()}: " for part in first["loc"][:1])
        raise PreflightError(name + first["msg"].removeprefix("Value error, ") + ".") from error


def embedded(settings: Settings) -> Settings:
    """The settings, if they use the embedded store. Raises PreflightError otherwise."""
    if settings.redis_url is not None:
        raise PreflightError(
            "RESTAURANT_QR_REDIS_URL is set: back up that store with its own tools."
        )
    return settings


def check(settings: Settings) -> None:
    """Raise PreflightError if a port is taken, the data folder is not writable, the store takes no
    writes, or the embedded store's files are damaged."""
    try:  # exclusively, although gateways share their port
        for each in bind_sockets(settings.host, settings.port, is_shared=False):
            each.close()
    except ListenError as error:
        raise PreflightError(error.strerror) from error
    if settings.redis_url is None and settings.durability is Durability.REPLICA:
        raise PreflightError(
            "The embedded store has no replica: set RESTAURANT_QR_REDIS_URL, or "
            "RESTAURANT_QR_DURABILITY to store or disk."
        )
    try:
        if settings.redis_url is None:
            _try_embedded_store(settings)
        else:
            claim_data_dir(settings.data_dir.absolute()).close()
            asyncio.run(_check_store(settings.redis_url, settings))
    except EmbeddedStoreError as error:
        raise PreflightError(str(error)) from error


def _try_embedded_store(settings: Settings) -> None:
    """Start the embedded store once, because inside Ray the reason of a failure is only logged."""
    store = EmbeddedStore(settings.data_dir)
    store.start()
    store.stop()


async def _check_store(url: str, settings: Settings) -> None:
    try:
        store = open_store(
            url,
            retention_s=1,
            timeout_s=settings.store_timeout_s,
            durability=settings.durability,
        )
    except ValueError as error:
        raise PreflightError(
            f"RESTAURANT_QR_REDIS_URL is not the URL of a usable store ({error}); "
            "an example is redis://127.0.0.1:6379/0."
        ) from error
    try:
        await store.check()
    except StoreUnavailable as error:
        raise PreflightError(
            f"The store at {url.rpartition('@')[2]} does not answer or takes no writes ({error}): "
            "start or repair it, or unset RESTAURANT_QR_REDIS_URL to use the embedded store."
        ) from error
    finally:
        await store.close()
