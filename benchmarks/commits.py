"""The files of a commit: the ways of the peers, and ours beside them, over one local transport.

One repository of 20,000 files with a history. Each revision changes 20 files, one of them in the
folder that the sparse ways ask for.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.counting import programs
from benchmarks.measure import Options, Row, paired, seconds, timed
from taxiway import process
from taxiway.git.export import export_snapshot
from taxiway.git.mirror import Mirror
from taxiway.git.policy import GitPolicy
from taxiway.git.snapshot import use_snapshot
from taxiway.git.url import RepositoryUrl
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

FILES, HISTORY, HERD, HERD_FILES = 20_000, 60, 16, 2_000
FOLDERS, CHANGED = 200, 20
READY, CLONES, FOLDER_CLONES = 1.0, 10.0, 30.0
_ENV = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
_WANT = """
import sys
from pathlib import Path
from taxiway.git.mirror import Mirror
from taxiway.git.policy import GitPolicy
from taxiway.git.url import RepositoryUrl
from taxiway.storage.cache import Cache
root, url, commit = sys.argv[1:]
mirror = Mirror(Cache(Path(root)), RepositoryUrl.parse(url), GitPolicy(allow_local=(Path("/"),)))
mirror.fetch(commit)
"""


def measure(options: Options) -> Iterator[Row]:
    origin = Origin(options.scratch / "origin.git", options.sized(FILES), options.sized(HISTORY))
    yield from _commits(origin, options)
    small = Origin(options.scratch / "herd.git", options.sized(HERD_FILES), 2)
    yield _herd(small, options)


@dataclass
class Taken:
    """What each way took, in seconds, by name."""

    times: dict[str, list[float]] = field(default_factory=dict)
    started: dict[str, str] = field(default_factory=dict)  # programs, the last time

    def of(self, name: str) -> list[float]:
        return self.times.setdefault(name, [])

    def middle(self, name: str) -> float:
        return statistics.median(self.times[name])

    def ratio(self, name: str, beside: str) -> float:
        pairs = zip(self.times[beside], self.times[name], strict=False)
        return statistics.median(other / ours for other, ours in pairs)


def _commits(origin: Origin, options: Options) -> Iterator[Row]:
    folder, taken = options.scratch / "commits", Taken()
    ours, sparse = Host(folder / "ours", origin), Host(folder / "sparse", origin)
    ours.ready(origin.head)
    for number in range(options.slow_pairs):
        for _ in range(10):
            commit = origin.change()
        _peers(origin, folder / f"peers{number}", commit, taken)
        for name, act in (
            ("behind", partial(ours.mirror().fetch, commit)),
            ("neighbour", partial(ours.ready, commit)),
            ("folder", partial(sparse.ready, commit, "pkg000")),
        ):
            with timed(taken.of(name)):
                taken.started[name] = programs(act)[1]
    whole = [a + b for a, b in zip(taken.of("behind"), taken.of("neighbour"), strict=True)]
    taken.times["ready"] = whole
    taken.started["ready"] = f"{taken.started['behind']}, then {taken.started['neighbour']}"
    for what, name, ratio in (
        ("Mirror ten commits behind, fetch", "behind", None),
        ("Neighbouring commit ready: fetched, sealed, on disk", "ready", CLONES),
        ("One folder of it ready", "folder", FOLDER_CLONES),
    ):
        yield _row(f"{what}, repository of {origin.files:,} files", name, taken, ratio)


def _row(what: str, name: str, taken: Taken, least: float | None) -> Row:
    ratio = taken.ratio(name, "clone")
    beside = ", ".join(f"{way}: {seconds(taken.middle(way))}" for way in ("clone", "depth 1"))
    if name == "folder":
        beside += f", blob:none and one folder: {seconds(taken.middle('sparse'))}"
    held = None if least is None else ratio >= least
    goal = "" if least is None else f"a clone ≥ {least:g}×"
    if name == "ready":
        goal, held = f"≤ {seconds(READY)}, {goal}", held and taken.middle(name) <= READY
    count, started = len(taken.times[name]), taken.started[name]
    quick = f"{beside}: {ratio:.0f}×"
    return Row(what, seconds(taken.middle(name)), quick, None, goal, held, count, started)


def _peers(origin: Origin, folder: Path, commit: str, taken: Taken) -> None:
    folder.mkdir(parents=True)
    url = f"file://{origin.folder}"
    with timed(taken.of("clone")):
        _git("clone", "-q", url, str(folder / "clone"))
    with timed(taken.of("depth 1")):
        shallow = str(folder / "shallow")
        _git("init", "-q", shallow)
        _git("-C", shallow, "fetch", "-q", "--no-tags", "--depth=1", url, commit)
        _git("-C", shallow, "checkout", "-q", commit)
    with timed(taken.of("sparse")):
        one = str(folder / "one")
        _git("clone", "-q", "--no-checkout", "--depth=1", "--filter=blob:none", url, one)
        _git("-C", one, "sparse-checkout", "set", "pkg000")
        _git("-C", one, "checkout", "-q", commit)
    shutil.rmtree(folder)


class Host:
    """A cache and a storage of ours, which a deploy on one machine shares with its workers."""

    def __init__(self, folder: Path, origin: Origin) -> None:
        self.cache, self.storage = Cache(folder / "cache"), Storage(f"file://{folder}/storage")
        self.cache.root.mkdir(parents=True, exist_ok=True)
        self._origin = origin

    def mirror(self) -> Mirror:
        policy = GitPolicy(allow_local=(self._origin.folder.parent,))
        return Mirror(self.cache, RepositoryUrl.parse(str(self._origin.folder)), policy)

    def ready(self, commit: str, folder: str | None = None) -> None:
        tree = export_snapshot(self.mirror(), commit, self.storage, subdirectory=folder)
        with use_snapshot(tree, self.storage, self.cache):
            pass


def _herd(origin: Origin, options: Options) -> Row:
    """Many processes want one cold commit: how long it takes all of them, and how many fetch."""
    count = max(2, options.sized(HERD))
    found = [
        _herd_once(origin, options.scratch / f"herd{n}", count) for n in range(options.slow_pairs)
    ]
    middle = paired([(ours, each) for ours, each, _ in found])
    fetches = max(fetched for *_, fetched in found)
    return Row(
        f"{count} processes, one cold commit of {origin.files:,} files",
        seconds(middle.ours),
        f"a shallow clone each: {seconds(middle.theirs)}, fetched {count}×",
        middle.ratio,
        "fetched 1×",
        fetches == 1,
        len(found),
        f"fetched {fetches}×",
    )


def _herd_once(origin: Origin, cache: Path, count: int) -> tuple[float, float, int]:
    cache.mkdir()
    command = [sys.executable, "-c", _WANT, str(cache), str(origin.folder), origin.head]
    spent = list[float]()
    with timed(spent):
        _together(lambda number: _run(command, dict(os.environ)), count)
    with timed(spent):
        _together(lambda number: _shallow(origin, cache / f"one{number}"), count)
    [store] = (cache / "mirrors").glob("*/files.git")
    fetches = len(list(store.glob("objects/pack/*.pack")))  # each leaves one
    shutil.rmtree(cache, ignore_errors=True)
    return spent[0], spent[1], fetches


def _together(act: Callable[[int], None], count: int) -> None:
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(act, range(count)))


def _shallow(origin: Origin, folder: Path) -> None:
    _git("clone", "-q", "--depth=1", f"file://{origin.folder}", str(folder))
    shutil.rmtree(folder)


def _git(*arguments: str, stdin: bytes | None = None) -> str:
    return _run(["git", *arguments], _ENV, stdin)


def _run(command: list[str], env: dict[str, str], stdin: bytes | None = None) -> str:
    done = process.run(command, env=env, stdin=stdin, timeout=600)
    if done.returncode:
        raise RuntimeError(done.complaint)
    return done.stdout.decode().strip()


class Origin:
    """A bare repository with a history; each revision changes a few files."""

    def __init__(self, folder: Path, files: int, history: int) -> None:
        self.folder, self.files = folder, files
        self._random = random.Random(7)
        self._time = 1_700_000_000
        _git("init", "-q", "--bare", "--initial-branch=main", str(folder))
        for name in ("allowFilter", "allowAnySHA1InWant"):
            _git("-C", str(folder), "config", f"uploadpack.{name}", "true")
        self._import([range(files)])
        self._import([self._some() for _ in range(history)])

    @property
    def head(self) -> str:
        return _git("-C", str(self.folder), "rev-parse", "main")

    def change(self) -> str:
        """The next revision."""
        self._import([self._some()])
        return self.head

    def _some(self) -> list[int]:
        """Files to change: the first one is in the folder that is asked for alone."""
        return [0, *self._random.sample(range(1, self.files), min(CHANGED, self.files - 1))]

    def _import(self, revisions: Sequence[Iterable[int]]) -> None:
        rows: list[bytes] = []
        for numbers in revisions:
            self._time += 60
            head = f"commit refs/heads/main\ncommitter A <a@e> {self._time} +0000\ndata 1\nx\n"
            rows.append(head.encode())
            if self._time > 1_700_000_060 and not rows[1:]:
                rows.append(b"from refs/heads/main^0\n")
            for number in numbers:
                data = f"x = {self._random.randbytes(600).hex()!r}\n".encode() * 2
                place = f"pkg{number % FOLDERS:03}/mod{number}.py"
                rows += [f"M 100644 inline {place}\ndata {len(data)}\n".encode(), data, b"\n"]
        _git("-C", str(self.folder), "fast-import", "--quiet", "--force", stdin=b"".join(rows))
