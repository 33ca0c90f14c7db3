"""Reading a repository of 20,000 files over HTTP, once it is mirrored."""

from __future__ import annotations

import ast
import os
import statistics
from collections.abc import Iterator
from pathlib import Path

import httpx

from benchmarks.lists import server
from benchmarks.measure import Options, Row, alone, percentile, seconds, timed
from taxiway.process import run

FILES, MODULES = 20_000, 200
TREE_GOAL, COLD_GOAL, KNOWN_GOAL = 0.050, 2.0, 0.050
_FOLDERS = 100
_FUNCTION = '''
def step_{n}(context, rate: float = 0.1, epochs: int = 10, mode: Literal["a", "b"] = "a",
             names: list[str] | None = None, **kwargs) -> dict[str, float]:
    """Do step {n} of module {module}, revision {revision}.

    Args:
        rate: The learning rate.
        epochs: How often it sees all data.
    """
    total = 0.0
    for epoch in range(epochs):
        weights = [rate * epoch for _ in range(10)]
        if mode == "a":
            total += sum(weights)
        else:
            total -= sum(weights)
    return {{"total": total}}
'''
_HEAD = "from __future__ import annotations\n\nfrom typing import Literal\n\n"


def measure(options: Options) -> Iterator[Row]:
    folder = options.scratch / "browsing"
    origin = Origin(folder / "origin", options.sized(FILES), options.sized(MODULES))
    database = f"sqlite:///{folder / 'taxiway.db'}"
    with server(database, folder / "home", TAXIWAY_GIT_ALLOW_LOCAL=str(folder)) as client:
        client.timeout = httpx.Timeout(120)
        answer = client.post("/api/v1/repositories", json={"url": f"file://{origin.folder}"})
        place = f"/api/v1/repositories/{answer.raise_for_status().json()['id']}"
        yield _tree(client, place, origin, options)
        yield from _functions(client, place, origin, options)


def _tree(client: httpx.Client, place: str, origin: Origin, options: Options) -> Row:
    commit = origin.commit(0)
    _ask(client, place, "tree", commit)  # the first one fetches
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(max(4, options.sized(200))):
        path = f"data/{number % _FOLDERS:03}"
        with timed(ours):
            _ask(client, place, "tree", commit, path)
        with timed(theirs):
            origin.git("ls-tree", "-l", commit, f"{path}/")
    return alone(
        f"Tree of a folder, p95, repository of {origin.files:,} files",
        percentile(ours, 0.95),
        goal=TREE_GOAL,
        beside=f"median: {seconds(statistics.median(ours))}; `git ls-tree`: "
        f"{seconds(statistics.median(theirs))}",
        count=len(ours),
    )


def _functions(client: httpx.Client, place: str, origin: Origin, options: Options) -> Iterator[Row]:
    cold: list[float] = []
    parsed: list[float] = []
    known: list[float] = []
    for revision in range(1, options.slow_pairs + 1):
        commit = origin.commit(revision)
        _ask(client, place, "tree", commit)
        with timed(cold):
            answer = _ask(client, place, "functions", commit, "src")
        assert len(answer.json()["items"]) == origin.modules
        with timed(parsed):
            for module in range(origin.modules):
                ast.parse(_source(module, revision))
        for _ in range(options.pairs):
            with timed(known):
                _ask(client, place, "functions", commit, "src")
    middle = statistics.median
    yield alone(
        f"Functions of {origin.modules} files, none of them known",
        middle(cold),
        goal=COLD_GOAL,
        beside=f"`ast.parse` alone: {seconds(middle(parsed))}",
        count=len(cold),
    )
    yield alone(
        f"Functions of {origin.modules} files, known",
        middle(known),
        goal=KNOWN_GOAL,
        beside=f"p95: {seconds(percentile(known, 0.95))}",
        count=len(known),
    )


def _ask(
    client: httpx.Client, place: str, what: str, commit: str, path: str = ""
) -> httpx.Response:
    answer = client.get(f"{place}/{what}", params={"commit": commit, "path": path})
    return answer.raise_for_status()


def _source(module: int, revision: int) -> str:
    functions = [_FUNCTION.format(n=n, module=module, revision=revision) for n in range(4)]
    return _HEAD + "\n".join(functions)


class Origin:
    """A bare repository; each revision changes every module, and nothing else."""

    def __init__(self, folder: Path, files: int, modules: int) -> None:
        self.folder = folder
        self.files = files
        self.modules = min(files, modules)
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--bare", "--initial-branch=main")

    def commit(self, revision: int) -> str:
        lines = [
            *("commit refs/heads/main", f"committer Ada <ada@example.org> {1_700_000_000 + revision} +0000"),
            *("data 6", "Change", *(["from refs/heads/main^0"] if revision else [])),
        ]  # fmt: skip
        files = {f"src/module_{n:03}.py": _source(n, revision) for n in range(self.modules)}
        if revision == 0:
            for number in range(self.files - self.modules):
                files[f"data/{number % _FOLDERS:03}/row_{number}.csv"] = f"{number}\n" * 20
        for path, text in files.items():
            lines += [f"M 100644 inline {path}", f"data {len(text)}", text]
        self.git("fast-import", "--quiet", "--force", stdin="\n".join([*lines, ""]).encode())
        return self.git("rev-parse", "refs/heads/main")

    def git(self, *arguments: str, stdin: bytes | None = None) -> str:
        env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}  # fmt: skip
        done = run(["git", *arguments], env=env, cwd=self.folder, timeout=120, stdin=stdin)
        if done.returncode:
            raise RuntimeError(done.complaint)
        return done.stdout.decode().strip()
