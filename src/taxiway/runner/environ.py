"""The environment of user code: built from nothing, by an allow-list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

CA_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_PLAIN = {
    "LANG",
    "TZ",
    "LD_LIBRARY_PATH",
    *CA_VARIABLES,
    "AWS_CA_BUNDLE",
    *_PROXIES,
    *(name.lower() for name in _PROXIES),
}
_FAMILIES = re.compile(r"(CUDA|NVIDIA|LC)_[A-Z0-9_]+")
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def inherited(worker: Mapping[str, str], passed: Iterable[str]) -> dict[str, str]:
    """What user code gets of the worker's own environment."""
    names = _PLAIN | set(passed)
    return {k: v for k, v in worker.items() if k in names or _FAMILIES.fullmatch(k)}


def build_environ(
    worker: Mapping[str, str],
    *,
    passed: Iterable[str],
    declared: Mapping[str, str],
    python: Path,
    folders: Mapping[str, str],
    import_path: Iterable[str],
    user: str,
) -> dict[str, str]:
    """The whole environment of a task.

    `declared` is the `env` of workflow and task, and what Taxiway says of the run; `folders` are
    the private HOME and TMPDIR, which nothing can override.
    """
    env = {"LANG": "C.UTF-8", "PATH": worker.get("PATH") or _SYSTEM_PATH}
    env |= {"USER": user, "LOGNAME": user}
    env |= inherited(worker, passed) | dict(declared) | dict(folders)
    env["PATH"] = f"{python.parent}:{env['PATH']}"
    paths = [*import_path, *filter(None, env.get("PYTHONPATH", "").split(":"))]
    env["PYTHONPATH"] = ":".join(paths)
    env["VIRTUAL_ENV"] = str(python.parent.parent)
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    return env
