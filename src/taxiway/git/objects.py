"""Reading the objects of a bare store of ours; no network, no work tree."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from taxiway import process
from taxiway.git import call
from taxiway.git.policy import TreeLimits
from taxiway.git.trees import SUBMODULE, TreeEntry, check_limits, object_id


class DamagedStore(Exception):
    """Something that must be in the store is missing or does not match its id."""


def holds(store: Path, ref: str, commit: str) -> bool:
    """Whether `ref` names `commit`, and the commit itself is there."""
    done = call.run(
        ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"], store=store
    )
    return done.returncode == 0 and done.stdout.decode().strip() == commit


def is_sound(store: Path) -> bool:
    """Whether every commit that a ref names can be read."""
    done = call.run(["for-each-ref", "--format=%(objectname) %(tree)"], store=store)
    return done.returncode == 0 and not done.stderr


def tree_of(store: Path, commit: str) -> str:
    done = call.run(
        ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{tree}}"], store=store
    )
    if done.returncode != 0:
        raise DamagedStore(done.complaint)
    return done.stdout.decode().strip()


def entries_of(store: Path, commit: str, limits: TreeLimits) -> list[TreeEntry]:
    """All files, links and submodules of a commit, in git's order, within the limits."""
    arguments = ["ls-tree", "-r", "-l", "-z", "--full-tree", "--end-of-options", commit]
    with _reading(store, arguments) as output:
        return check_limits(_parse(output), limits)


def _parse(output: IO[bytes]) -> Iterator[TreeEntry]:
    rest = b""
    while chunk := output.read(1 << 16):
        *rows, rest = (rest + chunk).split(b"\0")
        for row in rows:
            facts, _, path = row.partition(b"\t")
            mode, _, oid, size = facts.decode("ascii").split()
            name = path.decode("utf-8", "surrogateescape")
            yield TreeEntry(name, mode, oid, None if mode == SUBMODULE else _size(size))


def _size(text: str) -> int:
    if not text.isdigit():
        raise DamagedStore(f"an object of size {text}")
    return int(text)


def read_blob(store: Path, oid: str) -> bytes:
    [data] = read_blobs(store, [oid])
    return data


def read_blobs(store: Path, oids: Sequence[str]) -> Iterator[bytes]:
    """The contents of blobs in the order asked for, each proven against its id."""
    with tempfile.TemporaryFile() as wanted:  # a pipe to a process that writes back may deadlock
        wanted.write("".join(oid + "\n" for oid in oids).encode("ascii"))
        wanted.seek(0)
        with _reading(store, ["cat-file", "--batch", "--buffer"], stdin=wanted) as output:
            for oid in oids:
                yield _next_blob(output, oid)


def _next_blob(output: IO[bytes], oid: str) -> bytes:
    header = output.readline().split()
    if len(header) != 3 or header[0] != oid.encode() or header[1] != b"blob":
        raise DamagedStore(f"{oid}: {b' '.join(header).decode(errors='replace')}")
    data = output.read(int(header[2]))
    output.read(1)
    if object_id(b"blob", data) != oid:
        raise DamagedStore(oid)
    return data


@contextmanager
def _reading(
    store: Path, arguments: Sequence[str], stdin: IO[bytes] | None = None
) -> Iterator[IO[bytes]]:
    """git's stdout; git is ended with the block, and must have ended well if read to its end."""
    with tempfile.TemporaryFile() as complaint:
        running = process.spawn(
            call.command(arguments, store=store),
            env=call.environment(None, os.environ),
            stdin=stdin or process.DEVNULL,
            stdout=process.PIPE,
            stderr=complaint,
        )
        assert running.stdout is not None
        try:
            yield running.stdout
            if running.wait(timeout=60) != 0:
                complaint.seek(0)
                raise DamagedStore(complaint.read(2000).decode(errors="replace"))
        finally:
            if running.poll() is None:
                process.kill_group(running)
                running.wait()
            running.stdout.close()
