"""Imports packages where a fork can follow. Standard library only; in the environment's own Python.

What a package does when it is imported must be the same as if the task had imported it. So it is
watched: which variables it reads and sets, whether it starts threads, and what it brings along.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

# They start threads, or hold devices, files and connections that a fork shares or loses.
REFUSED = frozenset(
    {
        "cudf", "cuml", "cupy", "dask_cuda", "datatable", "duckdb", "grpc", "h2o", "jax", "jaxlib",
        "jpype", "lancedb", "onnxruntime", "polars", "py4j", "pyspark", "ray", "tensorflow",
        "tensorflow_core", "torch", "triton", "vaex", "zmq",
    }
)  # fmt: skip
PER_TASK = frozenset({"HOME", "TMPDIR", "TEMP", "TMP", "PWD", "PYTHONPATH"})
EVERYTHING = "*"
# jemalloc's own handlers end it before a fork, and start it anew in the child when it is needed.
_KNOWN_THREADS = frozenset({"jemalloc_bg_thd"})


class Watched(os._Environ):  # type: ignore[type-arg]
    """`os.environ` that keeps the names which somebody looked at."""

    names: set[str] = set()  # noqa: RUF012 - there is one environment

    def __getitem__(self, key: str) -> str:
        self.names.add(key)
        return str(super().__getitem__(key))

    def __iter__(self) -> Iterator[str]:
        self.names.add(EVERYTHING)
        return super().__iter__()


class Unfit(Exception):
    """A package cannot be imported ahead."""

    def __init__(self, package: str, why: str) -> None:
        super().__init__(f"{package}: {why}")
        self.package = package


@dataclass
class Loaded:
    """`given` is the environment before, `read` the names that packages looked at, `written`
    what they set."""

    given: dict[str, str]
    read: set[str] = field(default_factory=set)
    written: dict[str, str] = field(default_factory=dict)


def preload(names: Iterable[str], excluded: Iterable[str]) -> Loaded:
    """Import `names` in their order, but for the `excluded` packages. `Unfit` names the next one
    to leave out: what it has left in this process cannot be taken back."""
    import sysconfig  # noqa: PLC0415 - reads HOME, for a variable that is mended in each task

    sysconfig.get_config_vars()
    left_out = REFUSED.union(excluded)
    given = dict(os.environ)
    Watched.names.clear()
    os.environ.__class__ = Watched
    try:
        for name in names:
            package = name.partition(".")[0]
            if package in left_out or name in sys.modules:
                continue
            _import(name)
            if why := _objection(left_out):
                raise Unfit(package, why)
    finally:
        os.environ.__class__ = os._Environ
    now = dict(os.environ)
    written = {name: value for name, value in now.items() if given.get(name) != value}
    return Loaded(given, set(Watched.names), written)


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except ImportError:
        pass  # a task got it in another way
    except BaseException as error:
        raise Unfit(name.partition(".")[0], f"{type(error).__name__}: {error}") from error


def _objection(left_out: frozenset[str]) -> str | None:
    for name in left_out:
        if name in sys.modules:
            return f"it imports {name}"
    looked_at = Watched.names & (PER_TASK | {EVERYTHING})
    if looked_at:
        return f"it looks at {', '.join(sorted(looked_at))}"
    if strange := _threads():
        pid = os.fork()  # some end their threads before a fork, and start them when needed
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        strange = _threads()
    return f"it starts threads: {', '.join(strange)}" if strange else None


def _threads() -> list[str]:
    """The names of all threads but this one, and those that are known to be no harm."""
    folder = "/proc/self/task"
    found = []
    for thread in os.listdir(folder):  # noqa: PTH208
        if int(thread) != os.getpid():
            try:
                with open(f"{folder}/{thread}/comm") as file:  # noqa: PTH123
                    found.append(file.read().strip())
            except OSError:
                continue  # it has ended
    return [name for name in found if name not in _KNOWN_THREADS]
