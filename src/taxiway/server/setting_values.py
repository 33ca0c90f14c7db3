"""What the server's settings may be written as: lists, sizes, addresses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from taxiway.errors import Invalid
from taxiway.server.notifications.address import NotifyAddress
from taxiway.storage.eviction import parse_size


def _split(separator: str) -> BeforeValidator:
    def split(value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(separator) if part.strip())
        return tuple(value) if isinstance(value, list) else value

    return BeforeValidator(split)


def _notify_url(value: str | None) -> str | None:
    try:
        return NotifyAddress.parse(value).text if value else None
    except Invalid as error:
        raise ValueError(error.message) from None


def _proxy(value: str | None) -> str | None:
    if not value:
        return None
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("a proxy is written as http://host:port, or https://host:port")
    return value


def _public_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if value and (not usable or "@" in parts.netloc or parts.query or parts.fragment):
        raise ValueError("an address is written as https://taxiway.example.org")
    return value.rstrip("/")


def _size(value: str) -> str:
    parse_size(value)
    return value


Size = Annotated[str, AfterValidator(_size)]
Commas = Annotated[tuple[str, ...], NoDecode, _split(",")]
Colons = Annotated[tuple[Path, ...], NoDecode, _split(":")]
NotifyUrl = Annotated[str | None, AfterValidator(_notify_url)]
Proxy = Annotated[str | None, AfterValidator(_proxy)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
