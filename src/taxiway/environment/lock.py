"""Requirements become one resolved lock with hashes, once, at a deploy.

The lock's first line tells the Python it was resolved for, so that its key, the sha256 of its
bytes, is the identity of the environment. It holds for every platform, by markers and by the hashes
of all wheels; where no such lock can be found, one for the server's platform alone says so.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from taxiway.environment import tool
from taxiway.environment.lines import logical_lines
from taxiway.environment.markers import may_apply
from taxiway.environment.policy import INDEXES, PackagePolicy
from taxiway.environment.python import Interpreter
from taxiway.environment.requirements import Requirements
from taxiway.environment.statement import Direct, Named, read_statement
from taxiway.errors import Invalid, TaxiwayError
from taxiway.process import Completed
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

RESOLVE_SECONDS = 600.0
_HEADER = re.compile(
    r"# taxiway lock [12]: python ([0-9.]+)(?:, (\S+))?\n(?:# built from source: (.+)\n)?"
)
_NARROWER = ("package-has-no-wheel", "requirements-unresolvable")  # may hold on one platform


@dataclass(frozen=True)
class Package:
    """One line of a lock; `source` is its version, or its URL; `marker` says where it is needed."""

    name: str
    source: str
    hashes: tuple[str, ...] = ()
    marker: str = ""

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
        head += f" ; {self.marker}" if self.marker else ""
        return " \\\n    ".join((head, *(f"--hash={one}" for one in self.hashes))) + "\n"


@dataclass(frozen=True)
class Lock:
    """A resolved lock; `builds` are the packages in it that have no wheel. `platform` is the only
    one that it holds for, None for all."""

    python: str
    platform: str | None = None
    packages: tuple[Package, ...] = ()
    builds: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        only = f", {self.platform}" if self.platform else ""
        head = f"# taxiway lock 2: python {self.python}{only}\n"
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
    preferred: Lock | None = None,
    universal: bool = True,
) -> Lock:
    """Resolve, and write `locks/<key>.txt`. Without requirements, nothing is asked of anybody.

    What `preferred` names stays at its version where the requirements allow it.

    `Invalid`: `package-has-no-wheel`, `requirements-unresolvable`, `package-build-failed`,
    `package-hash-differs`. `Unavailable`: `index-unreachable`, `process-timeout`, `disk-full`.
    """
    lock = Lock(interpreter.version)
    if requirements.text:
        try:
            task = _Resolution(requirements, interpreter, policy, cache, preferred, universal)
            packages, builds = task.compile()
        except Invalid as error:
            if not universal or error.code not in _NARROWER:
                raise
            task = replace(task, universal=False)
            packages, builds = task.compile()
        packages = _keep_demanded(packages, requirements)
        only = None if task.universal else interpreter.platform
        lock = Lock(interpreter.version, only, packages, builds)
    return keep(lock, storage)


def keep(lock: Lock, storage: Storage) -> Lock:
    """`lock`, which the storage has now."""
    storage.put(lock_key(lock.key), lock.text.encode())
    return lock


def load(key: str, storage: Storage) -> Lock:
    """A lock of the storage. `NotFound` (`object-not-found`), `Invalid` (`lock-broken`)."""
    data = storage.get(lock_key(key))
    if hashlib.sha256(data).hexdigest() != key:
        raise Invalid(
            "lock-broken", f"The bytes of lock {key} differ from its name", hint="Deploy again."
        )
    return Lock.parse(data.decode())


def read_packages(text: str, python: str | None = None) -> tuple[Package, ...]:
    """The packages of a lock, sorted by name; each with hashes, or at a full commit. Those that
    `python` never needs are left out."""
    packages = []
    for _, line in logical_lines(text):
        statement, hashes, _ = read_statement(line)
        found = tuple(sorted(hashes))
        if isinstance(statement, Direct):
            marker = statement.text.partition(" ; ")[2]
            package = Package(statement.name, statement.url, found, marker)
        elif isinstance(statement, Named) and "==" in statement.text:
            wanted, _, marker = statement.text.partition(";")
            version = wanted.partition("==")[2].strip()
            package = Package(statement.name, version, found, marker.strip())
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
        if python is None or may_apply(package.marker, python):
            packages.append(package)
    return tuple(sorted(packages, key=lambda package: (package.name, package.marker)))


@dataclass(frozen=True)
class _Resolution:
    requirements: Requirements
    interpreter: Interpreter
    policy: PackagePolicy
    cache: Cache
    preferred: Lock | None
    universal: bool

    def compile(self) -> tuple[tuple[Package, ...], tuple[str, ...]]:
        builds = set(self.requirements.builds)
        building = self.cache.root / ".building"
        building.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="lock.", dir=building) as name:
            folder = Path(name)
            while True:
                done = self._call(builds, folder)
                if done.returncode == 0:
                    text = (folder / "lock.txt").read_text()
                    packages = read_packages(text, self.interpreter.version)
                    if self.universal:
                        self._require_fit(packages, builds, folder)
                    return packages, tuple(sorted(builds))
                lacking = tool.lacks_wheel(done)
                # Only what cannot be had as a wheel is built, and only where the operator allows it.
                if lacking is None or lacking in builds or not self.policy.may_build(lacking):
                    raise _fault(done)
                builds.add(lacking)

    def _require_fit(
        self, packages: Iterable[Package], builds: Iterable[str], folder: Path
    ) -> None:
        """What holds for every platform may name a version that has no wheel for this one."""
        (folder / "fit.txt").write_text("".join(package.as_text() for package in packages))
        args = ["pip", "install", "--dry-run", "--quiet", "--no-deps", "--no-sources"]
        args += [*tool.only_wheels(builds), "--python", str(self.interpreter.path)]
        done = self._uv([*args, "--target", str(folder / "fit"), "-r", "fit.txt"], folder)
        if done.returncode:
            raise _fault(done)

    def _call(self, builds: Iterable[str], folder: Path) -> Completed:
        requirements = self.requirements
        (folder / "requirements.txt").write_text(requirements.text)
        (folder / "constraints.txt").write_text(requirements.constraints)
        pins = self.preferred.packages if self.preferred else ()
        # uv takes what an output file holds already as its first choice.
        (folder / "lock.txt").write_text("".join(package.as_text() for package in pins))
        args = ["pip", "compile", "--quiet", "--generate-hashes", "--no-header", "--no-annotate"]
        # What is not pinned may have moved a minute ago: uv would trust its copy of a page for ten.
        args += ["--refresh", "--no-sources", "--python", str(self.interpreter.path)]
        args += [*tool.only_wheels(builds), "--output-file", "lock.txt"]
        args += ["--universal"] if self.universal else []
        args += ["--prerelease", "allow"] if requirements.prerelease else []
        args += ["--constraints", "constraints.txt"] if requirements.constraints else []
        return self._uv([*args, "requirements.txt"], folder)

    def _uv(self, args: Sequence[str], folder: Path) -> Completed:
        requirements, policy = self.requirements, self.policy
        named = (policy.index(url) or url for url in requirements.indexes)
        default = requirements.default_index
        env = tool.search(
            policy,
            (policy.index(default) or default) if default else policy.default_index,
            (*named, *policy.always),
            [policy.links(url) or url for url in requirements.find_links],
        )
        return tool.call(
            args,
            policy=policy,
            cache=self.cache,
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
