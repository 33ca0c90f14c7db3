"""A 100 MB array to the next task: ours beside npy, pickle, parquet and JSON of `.tolist()`.

Ours are two real tasks: from the return of the one, over its checked place in the storage, to the
sum over the array that the other was given. Only the start and the end of their processes are left
out, as they are for the rest. Each way ends with a sum over the array.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from uv import find_uv_bin

from benchmarks.measure import Options, Row, against, paired
from taxiway.process import run
from taxiway.runner.host import MemoryHost
from taxiway.runner.supervise import Supervision, Wiring, Work, Worker
from taxiway.runner.values import ValueExchange
from taxiway.runner.workspace import open_workspace
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

BYTES = 100 << 20
JSON_SHARE = 20  # a twentieth of the array, its time taken twenty times: the whole takes a minute
GOAL = 2.0
_PACKAGES = ("numpy", "pandas", "pyarrow")
_NETWORK = ("SSL_CERT_FILE", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")
_TASK = """
import json, pickle, sys, time
phase, folder, size, share = sys.argv[1:]
size, share = int(size), int(share)
import numpy as np, pandas as pd, pyarrow.parquet

def timed(act):
    began = time.perf_counter()
    act()
    return time.perf_counter() - began

def write_json():
    with open(f"{folder}/x.json", "w") as file:
        json.dump(array[:: share].tolist(), file)

def read_json():
    with open(f"{folder}/x.json") as file:
        np.array(json.load(file)).sum()

def pickled():
    with open(f"{folder}/x.pickle", "wb") as file:
        pickle.dump(array, file, protocol=5)

def unpickled():
    with open(f"{folder}/x.pickle", "rb") as file:
        pickle.load(file).sum()

if phase == "write":
    array = np.random.default_rng(time.time_ns()).random(size // 8)
    times = {
        "npy": timed(lambda: np.save(f"{folder}/x.npy", array)),
        "pickle": timed(pickled),
        "parquet": timed(lambda: pd.DataFrame({"x": array}).to_parquet(f"{folder}/x.parquet")),
        "json": timed(write_json) * share,
    }
else:
    times = {
        "npy": timed(lambda: np.load(f"{folder}/x.npy", mmap_mode="r").sum()),
        "pickle": timed(unpickled),
        "parquet": timed(lambda: pd.read_parquet(f"{folder}/x.parquet")["x"].to_numpy().sum()),
        "json": timed(read_json) * share,
    }
print(json.dumps(times))
"""


def measure(options: Options) -> list[Row]:
    python = _environment(options.scratch / "values-environment")
    size = options.sized(BYTES)
    found = [
        _once(python, options.scratch / f"values.{number}", size)
        for number in range(options.slow_pairs)
    ]
    names = {
        "npy": ("npy written and mapped", GOAL),
        "pickle": ("pickle", None),
        "parquet": ("parquet", None),
        "json": ("JSON of `.tolist()`", None),
    }
    what = f"array of {size / 1e6:.0f} MB to the next task"
    return [
        against(what, name, paired([(one["ours"], one[way]) for one in found]), goal=goal)
        for way, (name, goal) in names.items()
    ]


def _once(python: Path, folder: Path, size: int) -> dict[str, float]:
    folder.mkdir(parents=True)
    written = _run(python, "write", folder, size)
    read = _run(python, "read", folder, size)
    theirs = {way: written[way] + read[way] for way in written}
    return theirs | {"ours": _ours(python, folder, size)}


class _Timed(ValueExchange):
    """Knows how long it took to store what a task returned."""

    seconds = 0.0

    def store(self, named: Any, *, final: bool = False) -> None:
        began = time.perf_counter()
        super().store(named, final=final)
        self.seconds += time.perf_counter() - began


def _ours(python: Path, folder: Path, size: int) -> float:
    cache, storage, host = (
        Cache(folder / "cache"),
        Storage(f"file://{folder / 'storage'}"),
        MemoryHost(),
    )
    worker = Worker({"PATH": os.environ["PATH"]})
    between = 0.0

    def task(**work: Any) -> Any:
        nonlocal between
        with open_workspace(cache.root) as space:
            values = _Timed(space, storage, cache)
            whole = Work(task="x", python=python, environment=python.parents[1], **work)
            supervision = Supervision(whole, host, space, values, worker)
            value = supervision.run()
        between += supervision.timings["function"] + values.seconds
        return value

    made = task(source=_MAKE, params={"size": size})
    host.xcom["made", "return_value"] = made
    read = task(source=_READ, wiring=Wiring(upstream=("made",)))
    return between - made["own"] - read["own"]


_MAKE = """
import time
import numpy as np
def make(size):
    began = time.monotonic()
    array = np.random.default_rng(time.time_ns()).random(size // 8)
    return {"array": array, "own": time.monotonic() - began}
"""
_READ = """
import numpy as np
def read(made):
    return {"sum": float(made["array"].sum()), "own": 0.0}
"""


def _run(python: Path, phase: str, folder: Path, size: int) -> dict[str, float]:
    argv = [str(python), "-c", _TASK, phase, str(folder), str(size), str(JSON_SHARE)]
    done = run(argv, env={"PATH": os.environ["PATH"]}, timeout=300)
    if done.returncode:
        raise RuntimeError(done.complaint)
    times: dict[str, float] = json.loads(done.stdout)
    return times


def _environment(path: Path) -> Path:
    uv, python = find_uv_bin(), path / "bin" / "python"
    network = {k: v for k, v in os.environ.items() if k in _NETWORK or k.startswith("UV_INDEX")}
    env = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "UV_NO_CONFIG": "1", **network}
    for argv in (
        [uv, "venv", "-q", "--python", sys.executable, str(path)],
        [uv, "pip", "install", "-q", "--python", str(python), *_PACKAGES],
    ):
        done = run(argv, env=env, timeout=300)
        if done.returncode:
            raise RuntimeError(done.complaint)
    return python
