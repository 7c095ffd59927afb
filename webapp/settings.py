"""All settings, read once at start from ``NIGIWAI_*`` variables.

A secret may come from a file instead: ``NIGIWAI_SECRET_KEY_FILE=/run/secrets/key``.
A value that makes no sense stops the start with a sentence.
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import tempfile
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from webapp.errors import StartRefused

PREFIX = "NIGIWAI_"
ROOT = Path(__file__).resolve().parent.parent

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEMES = {
    "database_url": ("sqlite://", "postgres://", "postgresql://"),
    "redis_url": ("redis://", "rediss://", "unix://"),
    "store_url": ("file:///", "s3://", "memory://"),
    "identity_database_url": ("sqlite://", "postgres://", "postgresql://"),
    "mail_url": ("smtp://", "smtps://", "mailbox:"),
}
LEAST_SECRET = 32  # characters
MOST_PIXELS = 100_000_000  # of a picture, whatever is set
LEAST_TOKEN = 16  # characters

# Cameras live in private networks. Loopback, link-local and metadata addresses are left out.
DEFAULT_CAMERA_NETWORKS = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"

# Where webhooks and brokers of alerts may be: anywhere in public, and beside the cameras.
INTERNET = "internet"
DEFAULT_NOTIFY_NETWORKS = f"{INTERNET},{DEFAULT_CAMERA_NETWORKS}"

N = TypeVar("N", IPv4Network, IPv6Network)

# What IANA's registries of special-purpose addresses do not hold to be globally reachable.
_SPECIAL_IPV4 = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
)
# Within 2000::/3: translations to IPv4 could lead inside again.
_SPECIAL_IPV6 = ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")


class Settings(BaseSettings):
    """One frozen object; every field has a help sentence, shown by ``nigiwai doctor``."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True
    )

    data_dir: Path = Field(
        ROOT / "var", description="Folder for the database, pictures and sockets of one process."
    )
    database_url: str = Field(
        "", description="Database: sqlite:///file or postgres://…; empty: in the data folder."
    )
    redis_url: str = Field(
        "", description="Redis or Valkey: redis://… or unix://…; empty: an embedded Valkey."
    )
    store_url: str = Field(
        "", description="Where pictures are kept: file:///…, s3://bucket; empty: the data folder."
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Secret of at least 32 characters that signs links and encrypts camera "
        "passwords; empty: one is made and kept in the data folder (single process only).",
    )
    secret_key_old: SecretStr = Field(
        SecretStr(""),
        description="The secret key before this one: what it encrypted can still be read, and "
        "`nigiwai keys reseal` encrypts it anew; empty: secret_key.old in the data folder, if any.",
    )
    origin: str = Field(
        "http://localhost:8000", description="The address under which users reach the app."
    )
    listen_host: str = Field("127.0.0.1", description="Address on which the app listens.")
    listen_port: int = Field(8000, ge=1, le=65535, description="Port on which the app listens.")
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(),
        description="Networks of reverse proxies whose X-Forwarded-For is believed, "
        "comma-separated; empty: nobody's.",
    )
    identity_database_url: str = Field(
        "",
        description="Database of the identity provider; empty: beside the app's own.",
    )
    identity_origin: str = Field(
        "http://localhost:8001",
        description="The address under which users reach the identity provider.",
    )
    identity_listen_host: str = Field(
        "127.0.0.1", description="Address on which the identity provider listens."
    )
    identity_listen_port: int = Field(
        8001, ge=1, le=65535, description="Port on which the identity provider listens."
    )
    oidc_issuer: str = Field(
        "",
        description="Issuer of another OpenID Connect provider to sign in with; "
        "empty: our own, at the identity origin.",
    )
    oidc_client_id: str = Field(
        "nigiwai", description="The name under which the provider knows the app."
    )
    oidc_client_secret: SecretStr = Field(
        SecretStr(""),
        description="The app's secret at the provider; empty: made from the secret key, "
        "which our own provider knows by itself.",
    )
    oidc_scope: str = Field(
        "openid profile email nigiwai",
        description="What the app asks of the provider, blank-separated.",
    )
    oidc_claim_organisation: str = Field(
        "organisation", description="The claim that names a person's organisation by public id."
    )
    oidc_claim_role: str = Field(
        "role", description="The claim that names a person's role; dots lead into objects."
    )
    oidc_role_admin: str = Field(
        "admin", description="The value of that claim that makes an admin (管理ユーザ)."
    )
    oidc_role_operator: str = Field(
        "operator", description="The value of that claim that makes an operator (事業者)."
    )
    oidc_organisation: str = Field(
        "",
        description="Public id of the organisation of everybody whom another provider signs in "
        "without naming one; empty: such a person is refused.",
    )
    mail_url: str = Field(
        "",
        description="Mail server: smtp://user:password@host:587 (STARTTLS) or smtps://…:465; "
        "mailbox: keeps mails on a page of the demo; empty: no mail is sent.",
    )
    mail_no_reply: str = Field(
        "Nigiwai ID <no-reply@localhost>",
        description="Sender of the mails about accounts and sign-ins.",
    )
    mail_alerts: str = Field(
        "Nigiwai <alerts@localhost>",
        description="Sender of the mails of 混雑アラート.",
    )
    notify_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=DEFAULT_NOTIFY_NETWORKS,
        validate_default=True,
        description="Networks in which webhooks and MQTT brokers of alerts may be told, "
        "comma-separated; the word internet stands for every public address.",
    )
    plugins_file: Path = Field(
        ROOT / "plugins.toml", description="The file that says which engines are on."
    )
    footage_dir: Path | None = Field(
        None,
        description="Folder of footage that the admins of every organisation may use as cameras; "
        "empty: there are no file cameras.",
    )
    capture_interval: int = Field(
        60, ge=2, le=3600, description="Seconds between two pictures of a camera."
    )
    capture_timeout: float = Field(
        10.0, gt=0, le=60, description="Seconds a camera has to answer with a picture."
    )
    analysis_timeout: float = Field(
        20.0, gt=0, le=120, description="Seconds an engine has for one picture."
    )
    lease: float = Field(
        20.0, ge=1, le=300, description="Seconds after which an unfinished slot is tried again."
    )
    acquisition_concurrency: int = Field(
        256,
        ge=1,
        le=4096,
        description="How many cameras one worker asks at the same time, at most.",
    )
    analysis_threads: int = Field(
        1, ge=1, le=64, description="How many pictures one worker analyses at the same time."
    )
    camera_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=DEFAULT_CAMERA_NETWORKS,
        validate_default=True,
        description="Networks in which cameras may be asked, comma-separated.",
    )
    camera_cloud_url: str = Field(
        "",
        description="Address of the camera cloud whose cameras may be used "
        "(docs/camera-cloud.md); empty: none.",
    )
    camera_cloud_client_id: str = Field(
        "nigiwai", description="The name under which the camera cloud knows this installation."
    )
    camera_cloud_client_secret: SecretStr = Field(
        SecretStr(""),
        description="This installation's secret at the camera cloud; empty: made from the secret "
        "key, which the simulator knows by itself.",
    )
    camera_cloud_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(),
        description="Networks in which the camera cloud may be asked, comma-separated; "
        "empty: everywhere but this machine and what only it can reach.",
    )
    embed_views_a_minute: int = Field(
        200,
        ge=0,
        le=1_000_000,
        description="Views of embeds that one address may ask for in a minute, for each process; "
        "0: as many as it likes. 200 has room for 100 cameras that renew themselves.",
    )
    api_calls_a_minute: int = Field(
        120,
        ge=0,
        le=1_000_000,
        description="Calls of the read API that one token may make in a minute, for each process; "
        "0: as many as it likes.",
    )
    max_upload_bytes: int = Field(
        10_000_000, ge=1000, le=50_000_000, description="Largest picture that is taken, in bytes."
    )
    max_picture_pixels: int = Field(
        16_800_000, ge=10_000, le=MOST_PIXELS, description="Largest picture that is decoded."
    )
    counts_kept_days: int = Field(366, ge=1, le=3660, description="Days that counts are kept.")
    session_hours: int = Field(12, ge=1, le=720, description="Hours a sign-in lasts.")
    login_link_minutes: int = Field(
        15, ge=1, le=1440, description="Minutes a one-time sign-in link is good for."
    )
    metrics_token: SecretStr = Field(
        SecretStr(""),
        description="Secret of at least 16 characters that /metrics asks for as a bearer token; "
        "empty: there is no /metrics.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="How much is logged."
    )
    log_format: Literal["text", "json"] = Field("text", description="How log lines look.")

    @field_validator("camera_networks", "camera_cloud_networks", "trusted_proxies", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("notify_networks", mode="before")
    @classmethod
    def _split_notify_networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.split(",") if part.strip()]
        named: list[object] = [part for part in parts if part != INTERNET]
        return tuple(named + (list(public_networks()) if INTERNET in parts else []))

    @field_validator("origin", "identity_origin")
    @classmethod
    def _check_origin(cls, value: str) -> str:
        """Bring the origin to the very form in which browsers send it."""
        parts = urlsplit(value)
        more = parts.path.strip("/") or parts.query or parts.fragment or parts.username
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or more:
            raise ValueError("an origin is http(s)://host[:port] and nothing more")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        port = parts.port  # raises ValueError when it is none
        if port is None or port == _DEFAULT_PORTS[parts.scheme]:
            return f"{parts.scheme}://{host}"
        return f"{parts.scheme}://{host}:{port}"

    @field_validator("database_url", "redis_url", "store_url", "identity_database_url", "mail_url")
    @classmethod
    def _check_url(cls, value: str, info: ValidationInfo) -> str:
        allowed = _SCHEMES[str(info.field_name)]
        if value and not value.startswith(allowed):
            raise ValueError(f"it begins with one of {', '.join(allowed)}")
        return value.replace("postgresql://", "postgres://", 1)

    @field_validator("camera_cloud_url")
    @classmethod
    def _check_cloud(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        more = parts.query or parts.fragment or parts.username
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or more:
            raise ValueError("it is http(s)://host[:port][/path] and nothing more")
        _ = parts.port  # raises ValueError when it is none
        return value.rstrip("/")

    @field_validator("footage_dir")
    @classmethod
    def _check_footage(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError(f"{value} is no folder")
        return value

    @field_validator("secret_key", "secret_key_old")
    @classmethod
    def _check_secret(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and len(value.get_secret_value()) < LEAST_SECRET:
            raise ValueError(f"a secret has at least {LEAST_SECRET} characters")
        return value

    @field_validator("metrics_token")
    @classmethod
    def _check_metrics_token(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and len(value.get_secret_value()) < LEAST_TOKEN:
            raise ValueError(f"a token has at least {LEAST_TOKEN} characters")
        return value

    def __hash__(self) -> int:
        """By what tells installations apart: hashing all networks took longer than signing."""
        return hash((self.data_dir, self.origin))

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file of this process alone."""
        return not self.database_url.startswith("postgres")

    @property
    def has_own_identity(self) -> bool:
        """Whether people sign in with our own identity provider."""
        return not self.oidc_issuer or self.oidc_issuer == self.identity_origin

    @property
    def issuer(self) -> str:
        """The issuer of the provider that people sign in with."""
        return self.oidc_issuer or self.identity_origin

    def old_secret(self) -> bytes:
        """The secret key before this one, given or kept in the data folder; empty when none is."""
        given = self.secret_key_old.get_secret_value()
        if given:
            return given.encode()
        path = self.data_dir / "secret_key.old"
        secret = path.read_bytes().strip() if path.is_file() else b""
        if secret and len(secret) < LEAST_SECRET:
            raise StartRefused(f"The old secret key in {path} is damaged: it is too short.")
        return secret

    def secret(self) -> bytes:
        """The secret key; made and kept (0600) in the data folder when none is set.

        Raises ``StartRefused`` when the kept one is damaged: what it sealed needs it whole.
        """
        given = self.secret_key.get_secret_value()
        if given:
            return given.encode()
        path = self.data_dir / "secret_key"
        if not path.exists():
            _make_secret(path)
        secret = path.read_bytes().strip()
        if len(secret) < LEAST_SECRET:
            raise StartRefused(f"The secret key in {path} is damaged: it is too short.")
        return secret


@functools.cache
def public_networks() -> tuple[IPv4Network | IPv6Network, ...]:
    """Every network of the internet: what is left without the special-purpose addresses."""
    return (
        *_without(IPv4Network("0.0.0.0/0"), [IPv4Network(one) for one in _SPECIAL_IPV4]),
        *_without(IPv6Network("2000::/3"), [IPv6Network(one) for one in _SPECIAL_IPV6]),
    )


def _without(whole: N, left_out: list[N]) -> list[N]:
    parts = [whole]
    for network in left_out:
        parts = [
            rest
            for part in parts
            for rest in (part.address_exclude(network) if network.subnet_of(part) else (part,))
        ]
    return parts


def _make_secret(path: Path) -> None:
    """Write a new secret whole or not at all; one that is there meanwhile stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix="secret_key.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()


def read_settings(**overrides: Any) -> Settings:
    """Read the settings from the environment; ``StartRefused`` names what makes no sense."""
    for variable in sorted(name for name in os.environ if name.startswith(PREFIX)):
        name = variable.removeprefix(PREFIX).lower()
        if name.endswith("_file") and name not in Settings.model_fields:
            name = name.removesuffix("_file")
            if PREFIX + name.upper() in os.environ:
                raise StartRefused(f"{PREFIX}{name.upper()} and {variable} are both set; keep one.")
            overrides.setdefault(name, _read_secret(variable, os.environ[variable]))
        if name not in Settings.model_fields:
            raise StartRefused(f"{variable} is no setting of Nigiwai; `nigiwai doctor` lists them.")
    try:
        return Settings(**overrides)
    except ValidationError as error:
        problems = "; ".join(
            f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()
        )
        raise StartRefused(f"Settings that make no sense: {problems}.") from None


def _read_secret(variable: str, path: str) -> str:
    try:
        secret = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StartRefused(f"{variable} names {path}, which cannot be read: {error}.") from None
    if not secret:
        raise StartRefused(f"{variable} names {path}, which is empty.")
    return secret


def check_shared(settings: Settings) -> None:
    """Refuse what several processes on several machines could not share."""
    if settings.is_sqlite:
        raise StartRefused("SQLite is for one process: use `nigiwai serve`, or PostgreSQL.")
    for name in ("redis_url", "store_url"):
        if not getattr(settings, name):
            raise StartRefused(f"Several processes share it: set {PREFIX}{name.upper()}.")
    if not settings.secret_key.get_secret_value():
        raise StartRefused(f"Several processes share it: set {PREFIX}SECRET_KEY or its _FILE.")


def private_settings(folder: Path, **overrides: Any) -> Settings:
    """Settings that touch nothing of this installation, whatever the environment says."""
    nothing: dict[str, Any] = {"database_url": "", "redis_url": "", "store_url": ""}
    return read_settings(data_dir=folder, secret_key=SecretStr("p" * 40), **nothing, **overrides)
