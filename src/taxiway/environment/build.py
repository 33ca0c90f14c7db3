"""A lock becomes a virtual environment in the cache: built once by host, whole, read-only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from taxiway.environment import python as pythons
from taxiway.environment import tool
from taxiway.environment.lock import Lock, load
from taxiway.environment.policy import ALLOW_BUILDS, PackagePolicy
from taxiway.environment.provide import provide
from taxiway.environment.python import Interpreter
from taxiway.errors import Invalid, Unavailable
from taxiway.process import Completed
from taxiway.storage.cache import Cache, make_read_only
from taxiway.storage.store import Storage

KIND = "environments"
MANIFEST = "taxiway.json"
INSTALL_SECONDS = 3600.0


@dataclass(frozen=True)
class Environment:
    """A complete environment: its folder, and its interpreter."""

    path: Path
    python: Path


@contextmanager
def use_environment(
    key: str, *, python: str, storage: Storage, cache: Cache, policy: PackagePolicy
) -> Iterator[Environment]:
    """The environment of the lock `key`, built where it is missing, kept while the block runs.

    One that is there is used without a look at the storage or the index. Raises `Unavailable`
    (`index-unreachable`, `package-unavailable`, `python-not-found`, `disk-full`,
    `cache-entry-damaged`) and `Invalid` (`package-has-no-wheel`, `lock-platform-differs`).
    """

    def build(target: Path) -> None:
        _build(target, _read_lock(key, python, storage), key=key, cache=cache, policy=policy)

    with cache.use_marked(KIND, key, build, flaw=lambda path: broken(path, key)) as path:
        yield Environment(path, path / "bin" / "python")


def broken(path: Path, key: str) -> str | None:
    """Why an environment cannot be used; `None` when nothing is wrong with it."""
    interpreter = path / "bin" / "python"
    if not interpreter.exists():
        gone = interpreter.readlink() if interpreter.is_symlink() else interpreter
        return f"its interpreter {gone} is gone"
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        return f"its manifest cannot be read: {error}"
    if manifest.get("key") != key:
        return "its manifest names another lock"
    if manifest.get("platform") != pythons.current().platform:
        return f"it was made for {manifest.get('platform')}"
    if not (path / manifest["site_packages"]).is_dir():
        return f"{manifest['site_packages']} is missing"
    return None


def _read_lock(key: str, python: str, storage: Storage) -> Lock:
    lock = load(key, storage)
    here = pythons.current().platform
    if lock.python != python or lock.platform not in (None, here):
        raise Invalid(
            "lock-platform-differs",
            f"The lock is for Python {lock.python} on {lock.platform or 'any platform'}; "
            f"Python {python} on {here} was asked for",
            hint="No lock for all platforms could be found when it was deployed: run the workflow "
            "on workers of that platform, or deploy it on this one.",
        )
    return lock


def _build(target: Path, lock: Lock, *, key: str, cache: Cache, policy: PackagePolicy) -> None:
    refused = [name for name in lock.builds if not policy.may_build(name)]
    if refused:
        raise tool.no_wheel(refused[0], f"{ALLOW_BUILDS} of this host does not name it")
    interpreter = provide(lock.python, policy, cache)
    workspace = target.parent  # private to this build, and removed after it
    home = workspace / "home"
    home.mkdir()
    create = ["venv", "--quiet", "--no-project", "--relocatable"]
    create += ["--python", str(interpreter.path), str(target)]
    _check(tool.call(create, policy=policy, cache=cache, folder=home, timeout=60))
    site_packages = target / "lib" / f"python{lock.python}" / "site-packages"
    if lock.packages:
        _install(target, lock, home=home, cache=cache, policy=policy)
    _write_manifest(target, lock, key, site_packages, interpreter)
    make_read_only(target)


def _install(target: Path, lock: Lock, *, home: Path, cache: Cache, policy: PackagePolicy) -> None:
    (home / "lock.txt").write_text(lock.text)
    # A commit of a Git repository has no hash to require; its own id tells its bytes.
    hashed = all(package.hashes for package in lock.packages)
    args = [
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-sources",
        *tool.only_wheels(lock.builds),
    ]
    args += ["--require-hashes" if hashed else "--verify-hashes"]
    args += ["--python", str(target / "bin" / "python"), "-r", "lock.txt"]

    def attempt(indexes: tuple[str, ...], *more: str) -> Completed:
        env = tool.search(policy, policy.default_index, indexes, policy.find_links)
        # The hashes say which file it must be, so it may come from whichever index has it.
        env["UV_INDEX_STRATEGY"] = "unsafe-best-match"
        return tool.call(
            [*args, *more],
            policy=policy,
            cache=cache,
            folder=home,
            timeout=INSTALL_SECONDS,
            env=env,
        )

    # What the cache of uv holds needs no index: a deployed workflow outlives an index that is
    # down. An index that requirements may name is asked last: most locks have nothing from it.
    every = (*policy.indexes, *policy.always)
    if attempt(every, "--offline").returncode == 0:
        return
    if not policy.indexes or attempt(policy.always).returncode:
        _check(attempt(every))


def _check(done: Completed) -> None:
    if done.returncode == 0:
        return
    error = tool.fault(done, code="package-unavailable", message="", hint="")
    if error.code != "package-unavailable":
        raise error
    raise Unavailable(
        "package-unavailable",
        f"A package of the lock could not be installed: {tool.explain(done)}",
        hint="Does this host have the same indexes as the server? Where a file has gone from the "
        "index, deploy again to resolve anew.",
    )


def _write_manifest(
    target: Path, lock: Lock, key: str, site_packages: Path, interpreter: Interpreter
) -> None:
    manifest = {
        "key": key,
        "python": lock.python,
        "platform": interpreter.platform,
        "base": str(interpreter.path),
        "site_packages": str(site_packages.relative_to(target)),
        "packages": {package.name: package.source for package in lock.packages},
    }
    (target / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
