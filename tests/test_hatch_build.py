"""The build of the web UI: what it makes it remember, and what it refuses."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

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


def test_the_lockfile_names_no_address_of_a_package() -> None:
    lock = (ROOT / "web" / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert '"integrity"' in lock
