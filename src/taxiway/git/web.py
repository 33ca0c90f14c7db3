"""HTTPS to a host that passed the policy, for what git itself cannot ask: LFS, and how long to wait.

The connection goes to the addresses that were checked; the certificate is still that of the name.
Redirects are not followed, nothing of the environment is read but the operator's certificates and
proxy, and a credential goes to its own host only.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.request import getproxies_environment

import httpx

from taxiway import __version__
from taxiway.git import transport
from taxiway.git.policy import Target

_SECONDS = 30.0


@contextmanager
def asking(
    method: str,
    url: str,
    target: Target,
    *,
    headers: Mapping[str, str] | None = None,
    json: Any = None,
) -> Iterator[httpx.Response]:
    """The answer to one request, its body not yet read. `url` is on the host of `target`."""
    whole = httpx.URL(url)
    given = {"User-Agent": f"taxiway/{__version__}", **(headers or {})}
    extensions: dict[str, Any] = {}
    if target.addresses:
        given["Host"] = target.url.authority
        extensions["sni_hostname"] = target.url.host
        whole = whole.copy_with(host=transport.answering(target))
    with (
        httpx.Client(
            verify=_certificates(target),
            proxy=_proxy(target),
            trust_env=False,
            follow_redirects=False,
            timeout=_SECONDS,
        ) as client,
        client.stream(method, whole, headers=given, json=json, extensions=extensions) as answer,
    ):
        yield answer


def _certificates(target: Target) -> ssl.SSLContext:
    known = transport.network(target, os.environ)
    return ssl.create_default_context(
        cafile=known.get("GIT_SSL_CAINFO"), capath=known.get("GIT_SSL_CAPATH")
    )


def _proxy(target: Target) -> str | None:
    if not target.proxied:
        return None
    if target.access.proxy is not None:
        return target.access.proxy.reveal()
    given = getproxies_environment()
    return given.get("https") or given.get("all")


def retry_after(answer: httpx.Response) -> float | None:
    """The seconds that the host asks to wait; a date is not understood."""
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else None
