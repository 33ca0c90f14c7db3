"""The server's settings: options, then `TAXIWAY_…` variables, then `taxiway.toml` in the home."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    ByteSize,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from taxiway.environment.policy import PackagePolicy
from taxiway.errors import Denied, Invalid, Problem
from taxiway.git.access import Access
from taxiway.git.policy import GitPolicy, TreeLimits
from taxiway.redaction import Secret
from taxiway.server.setting_values import Colons, Commas, NotifyUrl, Proxy, PublicUrl, Size
from taxiway.storage.eviction import Bounds, parse_size

DEFAULT_HOME = "~/.taxiway"
FILE = "taxiway.toml"
LOOPBACK_NAMES = ("localhost", "ip6-localhost")


class Settings(BaseSettings):
    """All settings of the server. Lists are written with commas (paths with colons) in the
    environment, and as lists or the same texts in the file."""

    model_config = SettingsConfigDict(
        env_prefix="TAXIWAY_", env_ignore_empty=True, extra="forbid", frozen=True
    )

    home: Path = Field(Path(DEFAULT_HOME), description="Where everything of this server lies.")
    host: str = Field("127.0.0.1", description="The address to listen on; loopback only.")
    port: int = Field(8000, ge=0, le=65535, description="The port to listen on.")
    public_url: PublicUrl = Field(
        "", description="Address of this server as people reach it, for links."
    )
    allowed_hosts: Commas = Field((), description="More names that the Host header may have.")
    database_url: str = Field("", repr=False, description="SQLite in the home, or PostgreSQL.")
    storage: str = Field("", description="URL of the storage; a folder in the home by default.")
    cache: str = Field("", description="Folder of the cache; in the home by default.")
    airflow_url: str = Field("http://127.0.0.1:8080", description="Where Airflow's API answers.")
    airflow_port: int = Field(8080, ge=0, le=65535, description="Airflow's port in `taxiway up`.")
    airflow_username: str = Field("admin", description="The user to log in to Airflow as.")
    airflow_password_file: Path | None = Field(None, description="Airflow's JSON passwords file.")
    git_allow_local: Colons = Field((), description="Folders whose repositories may be used.")
    git_allow_hosts: Commas = Field((), description="Private Git hosts or networks to allow.")
    max_file_size: ByteSize = Field(ByteSize(200 * 1000**2), gt=0, description="Of one file.")
    max_tree_size: ByteSize = Field(ByteSize(2 * 1000**3), gt=0, description="Of all files.")
    max_tree_entries: int = Field(50_000, gt=0, description="Files of one commit.")
    max_lfs_size: ByteSize = Field(ByteSize(10 * 1000**3), gt=0, description="Of all LFS objects.")
    proxy: Proxy = Field(
        None, repr=False, description="HTTP proxy for Git hosts, LFS and package indexes."
    )
    ca_bundle: Path | None = Field(None, description="Certificates to trust instead of the usual.")
    secret_key_file: Path | None = Field(None, description="File of the keys that seal secrets.")
    indexes: Commas = Field((), repr=False, description="Package indexes to allow.")
    find_links: Commas = Field((), repr=False, description="Pages of packages to allow.")
    allow_builds: Commas = Field((), description="Packages that may be built from source.")
    allow_urls: Commas = Field((), description="Hosts that a requirement may name directly.")
    python_downloads: bool = Field(False, description="Whether uv may download a Python.")
    cache_max_size: Size = Field("50GB", description="What the cache may hold on each host.")
    cache_max_age: int = Field(30, ge=0, description="Days that unused entries are kept; 0: ever.")
    value_max_size: Size = Field("10GB", description="What one value may take.")
    value_max_depth: int = Field(100, ge=1, le=150, description="How deep a value may be nested.")
    warm: bool = Field(False, description="Whether tasks are forked from warm processes.")
    warm_idle: int = Field(600, ge=1, description="Seconds without a task that end a warm process.")
    task_env_pass: Commas = Field((), description="Variables that tasks get from the worker.")
    run_as_user: str | None = Field(None, description="The user that tasks run as.")
    notify_url: NotifyUrl = Field(
        None, repr=False, description="Address that is told of failures, by default."
    )
    push_interval: float = Field(
        60, ge=0, le=86400, description="Seconds between looks for pushes at one repository."
    )
    keep_releases: int = Field(20, ge=1, description="So many releases of each workflow are kept.")
    keep_release_days: float = Field(30, ge=0, description="Releases younger than this are kept.")
    keep_run_days: float = Field(
        90, ge=0, description="Runs younger than this keep the release that they executed."
    )
    cleanup_hours: float = Field(24, ge=0, description="Hours between clean-ups; 0: never.")
    log_format: Literal["auto", "json", "console"] = Field("auto", description="Form of the log.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Log from")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        home = init_settings().get("home") or env_settings().get("home") or DEFAULT_HOME
        file = Path(home).expanduser() / FILE
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)

    @model_validator(mode="before")
    @classmethod
    def _defaults_in_home(cls, data: Any) -> Any:
        home = Path(data.get("home") or DEFAULT_HOME).expanduser().absolute()
        filled = {
            "database_url": f"sqlite:///{home}/taxiway.db",
            "storage": f"file://{home}/storage",
            "cache": str(home / "cache"),
        }
        given = {key: value for key, value in data.items() if value not in (None, "")}
        return {**filled, **given, "home": home}

    @property
    def storage_url(self) -> str:
        return self.storage

    @property
    def cache_dir(self) -> Path:
        return Path(self.cache).expanduser().absolute()

    @property
    def link_url(self) -> str:
        """What every link to this server begins with that leaves it."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def host_names(self) -> tuple[str, ...]:
        """Names that the Host header may have besides loopback's."""
        public = urlsplit(self.public_url).hostname
        return (*self.allowed_hosts, public) if public else self.allowed_hosts

    @property
    def secret_keys(self) -> Path:
        """The file of the keys that seal secrets."""
        return (self.secret_key_file or self.home / "secret.keys").expanduser().absolute()

    def git_policy(self) -> GitPolicy:
        """Which repositories may be reached, and by which way; without any credential."""
        return GitPolicy(
            allow_local=self.git_allow_local,
            allow_hosts=self.git_allow_hosts,
            access=replace(
                Access.none(),
                proxy=Secret(self.proxy) if self.proxy else None,
                ca_bundle=self.ca_bundle and self.ca_bundle.expanduser().absolute(),
            ),
            limits=TreeLimits(
                entries=self.max_tree_entries,
                file_bytes=int(self.max_file_size),
                total_bytes=int(self.max_tree_size),
                lfs_bytes=int(self.max_lfs_size),
            ),
        )

    def package_policy(self) -> PackagePolicy:
        """Where packages may come from; the rest of uv's own environment holds too."""
        return PackagePolicy.from_env({**os.environ, **self._package_environment()})

    def cache_bounds(self) -> Bounds:
        """What the cache of this host may hold."""
        return Bounds(parse_size(self.cache_max_size), self.cache_max_age)

    def worker_environment(self) -> dict[str, str]:
        """The `TAXIWAY_…` variables that the processes of Airflow need."""
        values = {
            "TAXIWAY_HOME": str(self.home),
            "TAXIWAY_STORAGE": self.storage_url,
            "TAXIWAY_CACHE": str(self.cache_dir),
            "TAXIWAY_CACHE_MAX_SIZE": self.cache_max_size,
            "TAXIWAY_CACHE_MAX_AGE": str(self.cache_max_age),
            "TAXIWAY_VALUE_MAX_SIZE": self.value_max_size,
            "TAXIWAY_VALUE_MAX_DEPTH": str(self.value_max_depth),
            "TAXIWAY_WARM": "true" if self.warm else "",
            "TAXIWAY_WARM_IDLE": str(self.warm_idle),
            "TAXIWAY_TASK_ENV_PASS": ",".join(self.task_env_pass),
            "TAXIWAY_RUN_AS_USER": self.run_as_user or "",
            **self._package_environment(),
        }
        return {name: value for name, value in values.items() if value}

    def _package_environment(self) -> dict[str, str]:
        values = {
            "TAXIWAY_INDEXES": self.indexes,
            "TAXIWAY_FIND_LINKS": self.find_links,
            "TAXIWAY_ALLOW_BUILDS": self.allow_builds,
            "TAXIWAY_ALLOW_URLS": self.allow_urls,
            "TAXIWAY_PYTHON_DOWNLOADS": ("true",) if self.python_downloads else (),
        }
        ways = {"TAXIWAY_PROXY": self.proxy, "TAXIWAY_CA_BUNDLE": self.ca_bundle}
        texts = {name: str(value or "") for name, value in ways.items()}
        return {name: ",".join(value) for name, value in values.items()} | texts

    def require_loopback(self) -> None:
        """`Denied` (`address-not-allowed`) when the server would listen to other machines."""
        if not is_loopback(self.host):
            raise Denied(
                "address-not-allowed",
                f"The server does not listen on {self.host}: it has no accounts yet, and whoever"
                " reaches it may run code",
                hint="Listen on 127.0.0.1, and reach it from elsewhere through an SSH tunnel.",
                host=self.host,
            )


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, can only mean this machine. No look-up is made."""
    if host.lower() in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def load_settings(**options: Any) -> Settings:
    """The settings with `options` on top; `Invalid` (`settings-refused`) names what is wrong."""
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        problems = [_problem(dict(entry)) for entry in error.errors(include_input=False)]
    except ValueError as error:  # the file is no TOML
        problems = [Problem("settings-refused", str(error), FILE)]
    raise Invalid(
        "settings-refused",
        "The settings are refused: " + "; ".join(problem.message for problem in problems),
        hint=f"Settings are options, then TAXIWAY_… variables, then {FILE} in the home.",
        problems=problems,
    ) from None


def _problem(entry: Mapping[str, Any]) -> Problem:
    name = ".".join(str(part) for part in entry["loc"])
    if entry["type"] == "extra_forbidden":
        return Problem("setting-unknown", f"there is no setting {name!r}", name)
    return Problem("setting-refused", f"{name}: {entry['msg']}", name)
