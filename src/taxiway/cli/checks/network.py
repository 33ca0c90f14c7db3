"""Checks of what lies beyond this machine: the package index, and the time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from taxiway.cli.checks.finding import Finding
from taxiway.cli.checks.place import Place
from taxiway.environment.policy import PackagePolicy
from taxiway.environment.tool import builtin_index
from taxiway.redaction import redact

TIMEOUT = 5.0
SKEW = 60  # seconds


def index_and_clock(place: Place) -> Sequence[Finding]:
    """The index that requirements without an own one use; its clock is compared with ours."""
    url = PackagePolicy.from_env(place.environ).default_index or builtin_index()
    if url is None:
        return Finding("index", "skip", "uv names no index"), _clock(None)
    shown = redact(url)
    try:
        with httpx.Client(timeout=TIMEOUT) as client, client.stream("GET", url) as answer:
            status, date = answer.status_code, answer.headers.get("date")
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        hint = "Only packages in the cache can be used; check network, proxy and SSL_CERT_FILE."
        detail = f"{shown} cannot be reached: {redact(str(error)) or type(error).__name__}"
        return Finding("index", "warn", detail, hint), _clock(None)
    if status in (401, 403):
        hint = "Put the credentials into UV_DEFAULT_INDEX."
        return Finding("index", "warn", f"{shown} asks for a login ({status})", hint), _clock(date)
    if status >= 500:
        hint = "Only packages in the cache can be used until it is back."
        return Finding("index", "warn", f"{shown} answers {status}", hint), _clock(date)
    return Finding("index", "ok", f"{shown} answers"), _clock(date)


def _clock(date: str | None) -> Finding:
    now, hint = time.time(), "Set the clock, and let NTP keep it: schedules and TLS depend on it."
    if now < Path(__file__).stat().st_mtime - SKEW:
        return Finding("clock", "fail", "It is before the time of Taxiway's own files", hint)
    try:
        theirs = parsedate_to_datetime(date or "").timestamp()
    except (TypeError, ValueError):
        return Finding("clock", "ok", "No other one was reached to compare it with")
    skew = round(now - theirs)
    if abs(skew) > SKEW:
        direction = "ahead of" if skew > 0 else "behind"
        return Finding("clock", "fail", f"{abs(skew)} s {direction} that of the index", hint)
    return Finding("clock", "ok", f"Within {SKEW} s of that of the index")
