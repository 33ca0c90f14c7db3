"""The build of the web UI: what it makes it remember, and what it refuses."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from zipfile import ZipFile

import pytest

from taxiway import process

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path: Path, hook: ModuleType) -> Path:
    """A source tree whose UI was built."""
    web = tmp_path / "web"
    (web / "src").mkdir(parents=True)
    (web / "src" / "main.tsx").write_text("export {};\n")
    (web / "package.json").write_text("{}")
    static = hook.static_of(tmp_path)
    static.mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html>")
    (static / hook.STAMP).write_text(hook.digest(web))
    return tmp_path


def nothing_there(module: ModuleType, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(module, "node_of_the_machine", lambda: None)
    patch.setattr(module, "node_of_a_wheel", lambda: None)


def hook_at(hook: ModuleType, root: Path) -> Any:
    warnings: list[str] = []

    class App:
        display_info = print
        display_warning = warnings.append

    made = hook.WebUI(str(root), {}, None, None, str(root), "wheel", App())
    made.warnings = warnings
    return made


def test_what_is_built_is_not_built_again(
    hook: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing_there(hook, monkeypatch)
    hook.build(tree, print)
    assert hook_at(hook, tree).dependencies() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda web: (web / "src" / "main.tsx").write_text("changed"),
        lambda web: (web / "src" / "new.tsx").write_text(""),
        lambda web: (web / "src" / "main.tsx").rename(web / "src" / "other.tsx"),
        lambda web: (web / "package-lock.json").write_text("{}"),
    ],
)
def test_a_change_of_its_sources_makes_it_stale(
    hook: ModuleType, tree: Path, change: Callable[[Path], Any]
) -> None:
    assert hook.is_built(tree)
    change(tree / "web")
    assert not hook.is_built(tree)


def test_generated_types_are_no_part_of_it(hook: ModuleType, tree: Path) -> None:
    (tree / "web" / "src" / "schema.d.ts").write_text("export {};")
    assert hook.is_built(tree)


def test_a_source_distribution_carries_it_and_needs_no_node(
    hook: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing_there(hook, monkeypatch)
    shutil.rmtree(tree / "web")
    assert hook_at(hook, tree).dependencies() == []
    hook_at(hook, tree).initialize("standard", {})


def test_a_wheel_without_it_cannot_be_built(
    hook: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing_there(hook, monkeypatch)
    (tree / "web" / "src" / "main.tsx").write_text("changed")
    with pytest.raises(SystemExit, match="would have no web UI: there is no Node"):
        hook_at(hook, tree).initialize("standard", {})


def test_an_editable_install_goes_on_without_it_and_says_so(
    hook: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing_there(hook, monkeypatch)
    (tree / "web" / "src" / "main.tsx").write_text("changed")
    made = hook_at(hook, tree)
    made.initialize("editable", {})
    assert "there is no Node" in made.warnings[0]
    assert made.dependencies() == [hook.NODE_WHEEL]


def test_a_failed_build_leaves_the_old_one_and_its_words(
    hook: ModuleType, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook, "_install", lambda *arguments: None)
    (tree / "web" / "src" / "main.tsx").write_text("changed")
    with pytest.raises(hook.BuildFailed, match="Cannot find module"):
        hook.build(tree, print)
    assert (hook.static_of(tree) / "index.html").is_file()


@pytest.fixture
def copied(tmp_path: Path, hook: ModuleType) -> Callable[[str], Path]:
    """Makes trees of the real sources, with the packages that are installed here."""
    hook._install(ROOT / "web", hook._node(), print)

    def copy(name: str) -> Path:
        tree = tmp_path / name
        hook.static_of(tree).parent.mkdir(parents=True)
        (tree / "web").mkdir()
        for source in (*hook.SOURCES, "tsconfig.json"):
            path = ROOT / "web" / source
            copy = shutil.copytree if path.is_dir() else shutil.copy
            copy(path, tree / "web" / source)
        (tree / "web" / "node_modules").symlink_to(ROOT / "web" / "node_modules")
        return tree

    return copy


def files_of(static: Path) -> dict[str, str]:
    return {
        path.relative_to(static).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in static.rglob("*")
        if path.is_file()
    }


@pytest.mark.integration
@pytest.mark.long
def test_two_builds_are_the_same_with_the_node_of_a_wheel_too(
    hook: ModuleType, copied: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = copied("one"), copied("other")
    hook.build(one, print)
    monkeypatch.setattr(hook, "node_of_the_machine", lambda: None)
    hook.build(other, print)
    files = files_of(hook.static_of(one))
    assert files == files_of(hook.static_of(other))
    assert {"index.html", hook.STAMP} < set(files)
    assert any(name.startswith("assets/") for name in files)


@pytest.mark.integration
@pytest.mark.long
def test_the_wheel_holds_the_ui_or_is_not_made(tmp_path: Path, hook: ModuleType) -> None:
    hook.build(ROOT, print)
    tree = tmp_path / "tree"
    ignored = shutil.ignore_patterns("node_modules", "__pycache__")
    for name in ("src", "web", "examples"):
        shutil.copytree(ROOT / name, tree / name, ignore=ignored)
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree / name)
    argv = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    env = {"PATH": str(tmp_path), "SOURCE_DATE_EPOCH": "1700000000"}
    wheels = []
    for number in range(2):  # there is no Node, and none is needed: it is built
        done = process.run(
            [*argv, "--directory", str(tmp_path / str(number))], env=env, cwd=tree, timeout=120
        )
        assert done.returncode == 0, done.complaint
        wheels += (tmp_path / str(number)).glob("*.whl")
    with ZipFile(wheels[0]) as wheel:
        assert "taxiway/server/web/static/index.html" in wheel.namelist()
    assert wheels[0].read_bytes() == wheels[1].read_bytes()
    (tree / "web" / "package-lock.json").write_text("{")
    without = tmp_path / "without"
    broken = process.run([*argv, "--directory", str(without)], env=env, cwd=tree, timeout=120)
    assert broken.returncode != 0
    assert b"the wheel would have no web UI" in broken.stderr + broken.stdout
    assert not list(without.glob("*.whl"))


def test_the_lockfile_names_no_address_of_a_package() -> None:
    lock = (ROOT / "web" / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert '"integrity"' in lock
