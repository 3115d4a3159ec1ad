"""What must be so before anything is started; what is not is said in one sentence."""

import asyncio
import ipaddress
import os
import re
from dataclasses import fields
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from gateway.settings import Limits
from scripts.environment import is_free
from serve_app import Settings
from storage.data_folder import EmbeddedStoreError, claim_data_dir
from storage.durability import Durability
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import StoreUnavailable

PREFIX = "RESTAURANT_QR_"
OF_HAPROXY = "head_s"
"""What `scripts/haproxy` reads."""


class CannotStart(Exception):
    """What is in the way, and what to do about it, in one sentence."""


def settings_of_environment(**given: Any) -> Settings:
    """Settings from environment variables, overridden by `given`. Raises CannotStart."""
    names = [*Settings.model_fields, *(f"limits__{each.name}" for each in fields(Limits))]
    names.append(OF_HAPROXY)
    unknown = sorted(
        name
        for name in os.environ
        if name.startswith(PREFIX)
        and not name.startswith(f"{PREFIX}TEST_")
        and name.removeprefix(PREFIX).lower() not in names
    )
    if unknown:
        known = ", ".join(f"{PREFIX}{name.upper()}" for name in names)
        raise CannotStart(f"{unknown[0]} is no setting; there are {known}.")
    try:
        return Settings(**given)
    except SettingsError as error:
        field = re.search(r'"(\w+)"', str(error))
        raise CannotStart(
            f"Cannot read {PREFIX}{field[1].upper() if field else '…'}: write a list as JSON, "
            'such as ["10.0.0.0/8", "192.168.0.0/16"].'
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        name = "".join(f"RESTAURANT_QR_{str(part).upper()}: " for part in first["loc"][:1])
        raise CannotStart(name + first["msg"].removeprefix("Value error, ") + ".") from error


def check(settings: Settings) -> None:
    """Raise CannotStart if a port is taken, the data folder is not writable, the store takes no
    writes, or the embedded store's files are damaged."""
    for host in addresses(settings):
        if not is_free(host, settings.port):
            raise CannotStart(
                f"Port {settings.port} of {host} is taken: "
                "stop the program that uses it, or set RESTAURANT_QR_PORT to a free one."
            )
    if settings.redis_url is None and settings.durability is Durability.REPLICA:
        raise CannotStart(
            "The embedded store has no replica: set RESTAURANT_QR_REDIS_URL, or "
            "RESTAURANT_QR_DURABILITY to store or disk."
        )
    try:
        if settings.redis_url is None:
            _try_embedded_store(settings)
        else:
            claim_data_dir(settings.data_dir.absolute()).close()
            asyncio.run(_ask_store(settings.redis_url, settings))
    except EmbeddedStoreError as error:
        raise CannotStart(str(error)) from error


def addresses(settings: Settings) -> tuple[str, ...]:
    """The addresses to listen on: also loopback, if `host` is a single other address.

    Ray's HAProxy reaches the gateways of its own machine only on loopback.
    """
    try:
        ip = ipaddress.ip_address(settings.host)
    except ValueError:
        return (settings.host,)
    if ip.is_loopback or ip.is_unspecified or os.environ["RAY_SERVE_ENABLE_HA_PROXY"] != "1":
        return (settings.host,)
    return ("127.0.0.1", settings.host)


def _try_embedded_store(settings: Settings) -> None:
    """Start the embedded store once: inside Ray, the reason of a failure would be lost in a log."""
    store = EmbeddedStore(settings.data_dir)
    store.start()
    store.stop()


async def _ask_store(url: str, settings: Settings) -> None:
    try:
        store = open_store(
            url,
            retention_s=1,
            timeout_s=settings.store_timeout_s,
            durability=settings.durability,
        )
    except ValueError as error:
        raise CannotStart(
            f"RESTAURANT_QR_REDIS_URL is not the address of a store that can be used ({error}); "
            "one looks like redis://127.0.0.1:6379/0."
        ) from error
    try:
        await store.check()
    except StoreUnavailable as error:
        raise CannotStart(
            f"The store at {url.rpartition('@')[2]} does not answer or takes no writes ({error}): "
            "start or repair it, or unset RESTAURANT_QR_REDIS_URL for the embedded one."
        ) from error
    finally:
        await store.close()
