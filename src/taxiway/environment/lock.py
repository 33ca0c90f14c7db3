"""Requirements become one resolved lock with hashes, once, at a deploy.

The lock's first line tells the Python and the platform it was resolved for, so that its key, the
sha256 of its bytes, is the identity of the environment.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from taxiway.environment import tool
from taxiway.environment.lines import logical_lines
from taxiway.environment.policy import INDEXES, PackagePolicy
from taxiway.environment.python import Interpreter
from taxiway.environment.requirements import Requirements
from taxiway.environment.statement import Direct, Named, read_statement
from taxiway.errors import Invalid, TaxiwayError
from taxiway.process import Completed
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

RESOLVE_SECONDS = 600.0
_HEADER = re.compile(r"# taxiway lock 1: python (\S+), (\S+)\n(?:# built from source: (.+)\n)?")


@dataclass(frozen=True)
class Package:
    """One line of a lock; `source` is its version, or its URL."""

    name: str
    source: str
    hashes: tuple[str, ...] = ()

    @property
    def is_commit(self) -> bool:
        """Whether a full commit, not a hash, tells its bytes."""
        return bool(re.match(r"git\+https://.*@[0-9a-f]{40}(#|$)", self.source))

    def as_text(self) -> str:
        head = (
            f"{self.name} @ {self.source}"
            if "://" in self.source
            else f"{self.name}=={self.source}"
        )
        return " \\\n    ".join((head, *(f"--hash={one}" for one in self.hashes))) + "\n"


@dataclass(frozen=True)
class Lock:
    """A resolved lock; `builds` are the packages in it that have no wheel."""

    python: str
    platform: str
    packages: tuple[Package, ...] = ()
    builds: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        head = f"# taxiway lock 1: python {self.python}, {self.platform}\n"
        if self.builds:
            head += f"# built from source: {', '.join(self.builds)}\n"
        return head + "".join(package.as_text() for package in self.packages)

    @property
    def key(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @classmethod
    def parse(cls, text: str) -> Lock:
        """A lock from its text. `Invalid` (`lock-broken`) where it is none of ours."""
        head = _HEADER.match(text)
        if not head:
            raise _broken("its first line is not that of a lock")
        builds = tuple(head.group(3).split(", ")) if head.group(3) else ()
        return cls(head.group(1), head.group(2), read_packages(text), builds)


def lock_key(key: str) -> str:
    """The name of a lock in the storage."""
    return f"locks/{key}.txt"


def resolve(
    requirements: Requirements,
    *,
    interpreter: Interpreter,
    policy: PackagePolicy,
    cache: Cache,
    storage: Storage,
) -> Lock:
    """Resolve, and write `locks/<key>.txt`. Without requirements, nothing is asked of anybody.

    `Invalid`: `package-has-no-wheel`, `requirements-unresolvable`, `package-build-failed`,
    `package-hash-differs`. `Unavailable`: `index-unreachable`, `process-timeout`, `disk-full`.
    """
    lock = Lock(interpreter.version, interpreter.platform)
    if requirements.text:
        packages, builds = _compile(requirements, interpreter, policy, cache)
        packages = _keep_demanded(packages, requirements)
        lock = replace(lock, packages=packages, builds=builds)
    storage.put(lock_key(lock.key), lock.text.encode())
    return lock


def read_packages(text: str) -> tuple[Package, ...]:
    """The packages of a lock, sorted by name; each with hashes, or at a full commit."""
    packages = []
    for _, line in logical_lines(text):
        statement, hashes, _ = read_statement(line)
        if isinstance(statement, Direct):
            package = Package(statement.name, statement.url, tuple(sorted(hashes)))
        elif isinstance(statement, Named) and "==" in statement.text:
            version = statement.text.partition("==")[2]
            package = Package(statement.name, version, tuple(sorted(hashes)))
        else:
            raise _broken(f"`{line[:80]}` is not a package at one version")
        if not (hashes or package.is_commit):
            raise Invalid(
                "package-has-no-hash",
                f"{package.name} {package.source} has no hash, so its bytes cannot be pinned",
                hint=f"uv reads no hashes from a page of links: have the operator add an index "
                f"that has the package to {INDEXES}.",
                package=package.name,
            )
        packages.append(package)
    return tuple(sorted(packages, key=lambda package: package.name))


def _compile(
    requirements: Requirements, interpreter: Interpreter, policy: PackagePolicy, cache: Cache
) -> tuple[tuple[Package, ...], tuple[str, ...]]:
    builds = set(requirements.builds)
    building = cache.root / ".building"
    building.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lock.", dir=building) as folder:
        while True:
            done = _call(requirements, builds, interpreter, policy, cache, Path(folder))
            if done.returncode == 0:
                return read_packages(done.stdout.decode()), tuple(sorted(builds))
            name = tool.lacks_wheel(done)
            # Only what cannot be had as a wheel is built, and only where the operator allows it.
            if name is None or name in builds or not policy.may_build(name):
                raise _fault(done)
            builds.add(name)


def _call(
    requirements: Requirements,
    builds: Iterable[str],
    interpreter: Interpreter,
    policy: PackagePolicy,
    cache: Cache,
    folder: Path,
) -> Completed:
    (folder / "requirements.txt").write_text(requirements.text)
    (folder / "constraints.txt").write_text(requirements.constraints)
    args = ["pip", "compile", "--quiet", "--generate-hashes", "--no-header", "--no-annotate"]
    # What is not pinned may have moved a minute ago: uv would trust its copy of a page for ten.
    args += [
        "--refresh",
        "--no-sources",
        "--python",
        str(interpreter.path),
        *tool.only_wheels(builds),
    ]
    args += ["--prerelease", "allow"] if requirements.prerelease else []
    args += ["--constraints", "constraints.txt"] if requirements.constraints else []
    named = (policy.index(url) or url for url in requirements.indexes)
    default = requirements.default_index
    env = tool.search(
        (policy.index(default) or default) if default else policy.default_index,
        (*named, *policy.always),
        [policy.links(url) or url for url in requirements.find_links],
    )
    return tool.call(
        [*args, "requirements.txt"],
        policy=policy,
        cache=cache,
        folder=folder,
        timeout=RESOLVE_SECONDS,
        env=env,
    )


def _keep_demanded(
    packages: tuple[Package, ...], requirements: Requirements
) -> tuple[Package, ...]:
    """Where the requirements name hashes themselves, no other bytes will do; uv replaces them."""
    demanded: dict[str, set[str]] = {}
    for _, line in logical_lines(requirements.text + requirements.constraints):
        statement, hashes, _ = read_statement(line)
        if hashes and isinstance(statement, Direct | Named):
            demanded.setdefault(statement.name, set()).update(hashes)
    return tuple(_demand(package, demanded.get(package.name)) for package in packages)


def _demand(package: Package, hashes: set[str] | None) -> Package:
    if hashes is None:
        return package
    # The index tells sha256 only: other algorithms are left for the installation to check.
    known = tuple(sorted(hashes & set(package.hashes)))
    others = tuple(sorted(one for one in hashes if not one.startswith("sha256:")))
    if not (known or others):
        raise Invalid(
            "package-hash-differs",
            f"No file of {package.name} {package.source} on the index has a hash that the "
            "requirements name",
            hint="The file on the index is not the one the hash was taken from. Compare them "
            "before you take the new hash.",
            package=package.name,
        )
    return replace(package, hashes=known or others)


def _fault(done: Completed) -> TaxiwayError:
    return tool.fault(
        done,
        code="requirements-unresolvable",
        message="The requirements cannot be resolved",
        hint="Change the versions that are named above, or leave one out.",
    )


def _broken(reason: str) -> Invalid:
    return Invalid("lock-broken", f"The lock is broken: {reason}", hint="Deploy again.")
