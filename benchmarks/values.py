"""A 100 MB array to the next task: ours beside npy, pickle, parquet and JSON of `.tolist()`.

Ours is all that lies between two functions: written and hashed by the task, hashed and kept by the
worker, hashed and linked for the next one, mapped there. Each way ends with a sum over the array.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from uv import find_uv_bin

from benchmarks.measure import Options, Row, against, paired
from taxiway.process import run
from taxiway.runner.launch import INSIDE
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
import json, pickle, sys, time, types
inside, phase, folder, size, share = sys.argv[1:]
size, share = int(size), int(share)
package = types.ModuleType("taxiway_inside")
package.__path__ = [inside]
sys.modules["taxiway_inside"] = package
import hashlib, mmap
import numpy as np, pandas as pd, pyarrow.parquet
from taxiway_inside.codec import Encoder
from taxiway_inside.decoder import Decoder
import taxiway_inside.arrays, taxiway_inside.summary

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
    encoder = Encoder(folder)
    kept = {}
    times = {
        "ours": timed(lambda: kept.update(value=encoder.encode(array))),
        "npy": timed(lambda: np.save(f"{folder}/x.npy", array)),
        "pickle": timed(pickled),
        "parquet": timed(lambda: pd.DataFrame({"x": array}).to_parquet(f"{folder}/x.parquet")),
        "json": timed(write_json) * share,
    }
    with open(f"{folder}/value.json", "w") as file:
        json.dump(kept["value"], file)
else:
    with open(f"{folder}/value.json") as file:
        value = json.load(file)
    decoder = Decoder(lambda digest: f"{folder}/given/{digest}")
    times = {
        "ours": timed(lambda: decoder.decode(value).sum()),
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
    cache, storage = Cache(folder / "cache"), Storage(f"file://{folder / 'storage'}")
    with open_workspace(cache.root) as space:
        space.give_to(_OTHER, _OTHER) if os.geteuid() == 0 else None
        written = _run(python, "write", space.out, size)
        value = json.loads((space.out / "value.json").read_text())
        values = ValueExchange(space, storage, cache)
        began = time.perf_counter()
        values.store([value["digest"]], final=True)
        given = values.fetch(value["digest"])
        moved = time.perf_counter() - began
        (space.out / "given").symlink_to(given.parent)
        read = _run(python, "read", space.out, size)
    return {way: written[way] + read[way] + (moved if way == "ours" else 0) for way in written}


_OTHER = 65534  # whom user code runs as where the worker is root


def _run(python: Path, phase: str, folder: Path, size: int) -> dict[str, float]:
    argv = [str(python), "-c", _TASK, str(INSIDE), phase, str(folder), str(size), str(JSON_SHARE)]
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
