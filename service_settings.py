"""The settings of the service: types, defaults and checks. `serve_app.py` builds the application
from them; `docs/settings.md` is generated from the docstrings here.

A setting is a typed argument of the application, or an environment variable such as
`RESTAURANT_QR_REDIS_URL`; an argument overrides its variable.
"""

import ipaddress
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from engine.placement import Mode, Placement
from gateway.auth.origins import ANY_PAGE, is_origin
from gateway.settings import LOOPBACK, Limits
from storage.durability import Durability

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
    """All settings."""

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


def placement_of(settings: Settings) -> Placement:
    """The placement of the settings. Raises ValueError if a pinned shard does not exist or all
    shards are pinned."""
    return Placement(settings.placement, settings.shards, frozenset(settings.pinned.items()))
