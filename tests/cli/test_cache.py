"""The cache of a host, from its shell."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from taxiway.cli.checks import host
from taxiway.cli.checks.place import look
from taxiway.cli.main import app
from taxiway.storage.cache import DAMAGED, Cache, make_read_only, remove_tree
from tests.runner.conftest import Bench, make_environment

pytestmark = pytest.mark.integration


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("TAXIWAY_CACHE", raising=False)
    cache = Cache(tmp_path / "cache")
    for days, key in enumerate(("new", "old")):

        def build(target: Path) -> None:
            target.mkdir()
            (target / "train.py").write_text("x = 1\n" * 1000)
            make_read_only(target)

        with cache.use_marked("snapshots", key, build):
            pass
        moment = time.time() - days * 40 * 86_400
        os.utime(cache.root / ".locks" / f"snapshots.{key}", (moment, moment))
    yield tmp_path
    remove_tree(cache.root)


def call(home: Path, *arguments: str, status: int = 0) -> Result:
    done = CliRunner().invoke(app, ["cache", *arguments, "--home", str(home)])
    assert done.exit_code == status, done.output
    return done


def data(home: Path, *arguments: str, status: int = 0) -> Any:
    return json.loads(call(home, *arguments, "-o", "json", status=status).stdout)


def test_warm_processes_are_shown(home: Path, tmp_path: Path) -> None:
    assert data(home, "show")["warm"] == []
    made = Bench(tmp_path, make_environment(tmp_path / "small"), warm_cache=home / "cache", idle=1)
    made.inline("def f(): pass")
    made.warm_up()
    made.inline("def f(): pass")
    (one,) = data(home, "show")["warm"]
    assert (one["environment"], one["is_ready"], one["running"]) == ("small", True, 0)
    assert one["forked"] >= 1 and one["age"] > one["idle"] >= 0
    assert one["bytes"] > 1_000_000
    table = call(home, "show")
    assert "small" in table.stdout and str(one["pid"]) in table.stdout
    os.kill(one["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 30
    while data(home, "show")["warm"]:
        assert time.monotonic() < deadline


def test_it_is_shown_by_kind_and_by_entry(home: Path) -> None:
    shown = data(home, "show", "--all")
    assert shown["kinds"]["snapshots"] == {"entries": 2, "bytes": 12_000}
    assert shown["max_bytes"] == 50 * 10**9 and shown["max_days"] == 30
    assert [entry["key"] for entry in shown["entries"]] == ["old", "new"]
    table = call(home, "show")
    assert "12 kB" in table.stdout and "30 days without use" in table.stderr


def test_it_is_pruned_by_age_and_by_size(home: Path) -> None:
    assert data(home, "prune", "--dry-run")["bytes"] == 6000
    assert [one["key"] for one in data(home, "prune")["removed"]] == ["old"]
    assert "Nothing is too old" in call(home, "prune").output
    assert data(home, "prune", "--max-size", "1kB")["removed"][0]["key"] == "new"
    assert "like 10GB" in call(home, "prune", "--max-size", "much", status=2).stderr


def test_damage_is_found_told_and_set_aside(home: Path) -> None:
    assert data(home, "verify") == {"ok": True, "looked_at": 2, "damaged": []}
    assert host.cache(look(None, home))[0].status == "ok"
    entry = home / "cache/snapshots/new"
    entry.chmod(0o755)
    (entry / "train.py").unlink()
    [finding] = host.cache(look(None, home))
    assert finding.status == "fail" and "train.py is missing" in finding.detail
    found = data(home, "verify", status=7)["damaged"]
    assert [(one["key"], one["differences"], one["set_aside"]) for one in found] == [
        ("new", ["train.py is missing"], True)
    ]
    assert not entry.exists() and len(list((home / "cache" / DAMAGED).iterdir())) == 1
    assert data(home, "verify")["looked_at"] == 1
