"""The one way in which uv is called: an environment from nothing, and errors by their cause."""

from __future__ import annotations

import fcntl
import functools
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from uv import find_uv_bin

from taxiway.environment.policy import ALLOW_BUILDS, PackagePolicy, normalize_name
from taxiway.errors import Invalid, TaxiwayError, Unavailable
from taxiway.process import Completed, run
from taxiway.storage.cache import Cache

_UNREACHABLE = re.compile(
    r"error sending request|Request failed after|HTTP status server error|Failed to fetch"
    r"|Network connectivity is disabled|dns error|timed out|Could not connect|tcp connect error"
)
_NO_WHEEL = re.compile(
    r"Wheels are required for `([^`]+)`"
    r"|Building source distributions(?: for `([^`]+)`)? is disabled"
)
_ENDS_WHEEL = re.compile(r"Because (\S+?)(?:==\S+)? has no (?:usable )?wheels")
_BUILD = re.compile(r"Failed to (?:download and )?build `([^`]+)`")
_FICLONE = 0x40049409
_ADDRESS = re.compile(r"https?://[^\s`'\")]+")


def call(
    args: Sequence[str],
    *,
    policy: PackagePolicy,
    cache: Cache,
    folder: Path,
    timeout: float,
    env: Mapping[str, str] | None = None,
) -> Completed:
    """Run uv in `folder`, which is its home too; return what it left, whatever its status."""
    scrubbed = environment(policy, cache=cache, folder=folder) | dict(env or {})
    return run([uv_binary(), *args], env=scrubbed, cwd=folder, timeout=timeout)


def environment(policy: PackagePolicy, *, cache: Cache, folder: Path) -> dict[str, str]:
    """All that uv, and a build it starts, sees: nothing of ours, nothing of the user's home."""
    scrubbed = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
        "UV_CACHE_DIR": str(cache.root / "uv"),
        "UV_NO_CONFIG": "1",
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_KEYRING_PROVIDER": "disabled",
        # Hard links would let a write into one environment change every other one. uv makes them
        # where it is asked for clones and cannot: so we ask only where it can.
        "UV_LINK_MODE": "clone" if has_reflinks(cache.root) else "copy",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        **_git_settings(
            {
                "protocol.allow": "never",
                "protocol.https.allow": "always",
                "protocol.file.allow": "user",  # uv clones its own copy; a submodule may not
                "http.followRedirects": "false",
                "core.hooksPath": "/dev/null",
            }
        ),
    } | dict(policy.network)
    if "SSL_CERT_FILE" in scrubbed:  # git, which uv starts, reads another name
        scrubbed["GIT_SSL_CAINFO"] = scrubbed["SSL_CERT_FILE"]
    return scrubbed


@functools.cache
def has_reflinks(folder: Path) -> bool:
    """Whether the file system below `folder` can make copies that share their blocks."""
    building = folder / ".building"
    building.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryFile(dir=building) as source,
        tempfile.TemporaryFile(dir=building) as target,
    ):
        source.write(b"x" * 4096)
        source.flush()
        try:
            fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
        except OSError:
            return False
    return True


def _git_settings(settings: Mapping[str, str]) -> dict[str, str]:
    numbered = enumerate(settings.items())
    pairs = {
        name: value
        for number, (key, setting) in numbered
        for name, value in (
            (f"GIT_CONFIG_KEY_{number}", key),
            (f"GIT_CONFIG_VALUE_{number}", setting),
        )
    }
    return {"GIT_CONFIG_COUNT": str(len(settings)), **pairs}


def search(
    policy: PackagePolicy,
    default_index: str | None,
    indexes: Iterable[str],
    find_links: Iterable[str],
) -> dict[str, str]:
    """Where uv looks, as environment variables: these URLs may hold credentials."""
    places = {
        "UV_DEFAULT_INDEX": policy.signed_in(default_index or ""),
        "UV_INDEX": " ".join(map(policy.signed_in, indexes)),
        "UV_FIND_LINKS": ",".join(map(policy.signed_in, find_links)),
    }
    return {name: value for name, value in places.items() if value}


def only_wheels(except_for: Iterable[str]) -> list[str]:
    """The options that keep uv from running anybody's build, but for the packages named."""
    options = ["--only-binary", ":all:"]
    for name in sorted(except_for):
        options += ["--no-binary", name]
    return options


def lacks_wheel(done: Completed) -> str | None:
    """The package that made uv fail because it would have to be built; else `None`."""
    match = _NO_WHEEL.search(done.complaint)
    name = next((group for group in match.groups() if group), None) if match else None
    return normalize_name(name) if name else None


def fault(done: Completed, *, code: str, message: str, hint: str) -> TaxiwayError:
    """The error that uv's complaint stands for; `code`, `message`, `hint` where it is the user's."""
    complaint = explain(done)
    if "No space left on device" in complaint or "os error 28" in complaint:
        return Unavailable(
            "disk-full", "No room for packages in the cache", hint="Free some space, then retry."
        )
    name = lacks_wheel(done)
    if name:
        return no_wheel(name, complaint)
    ended = _ENDS_WHEEL.search(complaint)
    if ended:
        return no_wheel(normalize_name(ended.group(1)), complaint, buildable=False)
    if _UNREACHABLE.search(complaint):
        return _unreachable(complaint)
    built = _BUILD.search(complaint)
    if built:
        return Invalid(
            "package-build-failed",
            f"{built.group(1)} could not be built from source: {complaint}",
            hint="Choose a version that has a wheel for this platform, or install on this host "
            "what its build needs.",
        )
    return Invalid(code, f"{message}: {complaint}", hint=hint)


def no_wheel(name: str, complaint: str, *, buildable: bool = True) -> Invalid:
    remedy = (
        f"Choose a version with a wheel, or have the operator add {name} to {ALLOW_BUILDS}: "
        "its build then runs its own code on this host."
        if buildable
        else "Choose a version that has a wheel for this Python and platform."
    )
    return Invalid(
        "package-has-no-wheel",
        f"{name} has no wheel for this Python and platform, and nothing is built from source: "
        f"{complaint}",
        hint=remedy,
        package=name,
    )


def _unreachable(complaint: str) -> Unavailable:
    address = _ADDRESS.search(complaint)
    place = address.group() if address else "the package index"
    hint = "Try again; if it stays so, check the index, the proxy and the CA settings of this host."
    if "certificate" in complaint:
        hint = "Name the CA of the index in SSL_CERT_FILE, or set UV_SYSTEM_CERTS=1, for Taxiway."
    return Unavailable(
        "index-unreachable", f"{place} could not be reached: {complaint}", hint=hint, address=place
    )


def explain(done: Completed) -> str:
    """uv's complaint without its hints, which name options that our users cannot give."""
    kept: list[str] = []
    for line in done.complaint.splitlines():
        if line.startswith("hint:"):
            break
        if line.startswith(("warning:", "Resolved ", "Using ")) or not line.strip():
            continue
        kept.append(re.sub(r"^\s*(error|cause):\s*", "", line).strip())
    return " ".join(kept)[:4000] or f"uv ended with status {done.returncode}"


@functools.cache
def uv_binary() -> str:
    return str(find_uv_bin())


@functools.cache
def builtin_index() -> str | None:
    """The index that uv uses when nobody names one, as its own help tells."""
    done = run([uv_binary(), "pip", "compile", "--help"], env={"NO_COLOR": "1"}, timeout=30)
    match = re.search(r"--default-index\b.*?by default:\s*<?(https?://[^\s>)]+)", _text(done), re.S)
    return match.group(1) if match else None


def _text(done: Completed) -> str:
    return done.stdout.decode("utf-8", "replace")
