"""One bare store of a mirror: made, changed by one process at a time, set aside when damaged.

A ref is written last: a ref that is there has all it names. Readers need no lock.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from taxiway.errors import Unavailable
from taxiway.git import call, failures, objects, transfer
from taxiway.git.policy import Target, TreeLimits
from taxiway.process import Completed
from taxiway.storage.cache import Cache, remove_tree, sync_folder

_LET_GO = "taxiway-let-go"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Store:
    """Making one touches neither disk nor network."""

    def __init__(self, path: Path, cache: Cache, lock_key: str, limits: TreeLimits) -> None:
        self.path = path
        self.lock_key = lock_key
        self._cache = cache
        self._limits = limits

    @contextmanager
    def changing(self) -> Iterator[int]:
        """The only process that changes this store. git inherits the lock: when we are killed it
        is free again only after the git that we started has ended too."""
        with self._cache.open_lock("mirrors", self.lock_key) as lock:
            self._require_room()
            self._prepare(lock)
            yield lock

    def holds(self, ref: str, commit: str) -> bool:
        return self.path.exists() and objects.holds(self.path, ref, commit)

    def has_ref(self, ref: str, oid: str) -> bool:
        return self.path.exists() and objects.names(self.path, ref, oid)

    def fetch(
        self,
        target: Target,
        options: Sequence[str],
        specs: Sequence[str],
        lock: int,
        wanted: Sequence[str] = (),
    ) -> Completed:
        """Fetch inside `changing`. A store that is no longer sound is made anew for it.

        `wanted`: single objects, given to `--stdin`.
        """
        arguments = [*options, "--end-of-options", target.text, *specs]
        lines = "".join(oid + "\n" for oid in wanted).encode("ascii") or None

        def once() -> Completed:
            return transfer.fetch(
                arguments, target, self._limits, store=self.path, lock=lock, stdin=lines
            )

        done = once()
        if done.returncode != 0 and not wanted and not _is_sound(self.path):
            self.renew()
            done = once()
        return done

    def require_done(self, done: Completed, target: Target) -> None:
        if done.returncode == 0:
            return
        if transfer.hit_limit(self.path, self._limits):
            transfer.sweep(self.path)
            raise failures.too_large(target, self._limits)
        raise failures.explain(done, target)

    def point(self, ref: str, oid: str) -> bool:
        """Hold an object of the store by a ref of ours; False when it is not there."""
        done = call.run(["update-ref", "--end-of-options", ref, oid], store=self.path)
        return done.returncode == 0

    def drop(self, ref: str) -> None:
        call.run(["update-ref", "-d", "--end-of-options", ref], store=self.path)

    def renew(self) -> None:
        """Set the store aside as it is, and begin an empty one. Inside `changing`."""
        self.set_aside()
        self._prepare()

    def set_aside(self) -> None:
        damaged = self.path.with_suffix(".damaged")
        remove_tree(damaged)
        if self.path.exists():
            self.path.rename(damaged)

    def set_aside_if(self, seen: int | None) -> None:
        """Set it aside unless another process has done so since it was `seen`."""
        with self._cache.lock("mirrors", self.lock_key):
            if self.identity() == seen:
                self.set_aside()

    def held_aside(self, folder: str) -> list[str]:
        """The commits that the store which was set aside last held by refs of ours, until
        `let_go_of_aside`. Each ref is named like its commit, so its bytes need not be trusted."""
        damaged = self.path.with_suffix(".damaged")
        if not damaged.exists() or (damaged / _LET_GO).exists():
            return []
        found = (path.name for path in (damaged / folder).glob("*"))
        return sorted(name for name in found if _COMMIT.fullmatch(name))

    def let_go_of_aside(self) -> None:
        """What could be had of the store that was set aside is here now."""
        damaged = self.path.with_suffix(".damaged")
        if damaged.exists():
            (damaged / _LET_GO).touch()

    def identity(self) -> int | None:
        try:
            return self.path.stat().st_ino
        except FileNotFoundError:
            return None

    # --- one fetch for all who wait for it -------------------------------------------------

    def note_fetch(self, what: str, moment: str) -> None:
        """Record that `what` was fetched, and that the fetch began at `moment`."""
        self._note(what).write_text(moment)

    def fetched_since(self, what: str, moment: str) -> bool:
        """Whether `what` was fetched by a fetch that began after `moment`."""
        try:
            boot, _, at = self._note(what).read_text().partition(" ")
        except FileNotFoundError:
            return False
        mine, _, then = moment.partition(" ")
        return boot == mine and int(at or 0) > int(then)

    def _note(self, what: str) -> Path:
        return self.path / f"taxiway-{hashlib.sha256(what.encode()).hexdigest()[:40]}"

    # --- making it -------------------------------------------------------------------------

    def _prepare(self, *lock: int) -> None:
        if self.path.exists():
            transfer.sweep(self.path)
            return
        fresh = self.path.with_suffix(".new")
        remove_tree(fresh)
        fresh.parent.mkdir(parents=True, exist_ok=True)
        arguments = ["init", "-q", "--bare", "--object-format=sha1", "--", str(fresh)]
        done = call.run(arguments, pass_fds=lock)
        if done.returncode != 0:
            raise Unavailable(
                "mirror-failed",
                f"A mirror could not be made: {done.complaint}",
                hint=f"Check that {self._cache.root} can be written.",
            )
        fresh.rename(self.path)
        sync_folder(self.path.parent)

    def _require_room(self) -> None:
        free = shutil.disk_usage(self._cache.root).free
        if free < self._limits.free_bytes:
            raise Unavailable(
                "disk-full",
                f"Only {free:,} bytes are free on the cache's disk",
                hint=f"Free some space under {self._cache.root}, then try again.",
            )


def moment() -> str:
    """Now, for comparing between the processes of this machine, whatever its clock does."""
    return f"{_BOOT.read_text().strip()} {time.monotonic_ns()}"


def _is_sound(store: Path) -> bool:
    """Whether every commit that a ref names can be read."""
    done = call.run(["for-each-ref", "--format=%(objectname) %(objecttype)"], store=store)
    return done.returncode == 0 and not done.stderr
