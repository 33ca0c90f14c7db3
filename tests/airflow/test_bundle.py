from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

from taxiway.airflow import tracking
from taxiway.airflow.bundle import TaxiwayBundle
from taxiway.errors import Invalid, NotFound
from taxiway.storage.bundles import shard_of
from taxiway.storage.store import Storage

pytestmark = pytest.mark.integration

Publish = Callable[..., int]
OpenBundle = Callable[..., TaxiwayBundle]

SENTINEL = "taxiway_sentinel.py"


def files_of(bundle: TaxiwayBundle) -> dict[str, str]:
    """relative path → text, as Airflow's discovery walks: links are followed."""
    found = {}
    for folder, _, names in os.walk(bundle.path, followlinks=True):
        for name in names:
            path = Path(folder) / name
            found[str(path.relative_to(bundle.path))] = path.read_text()
    return found


def workflows_of(bundle: TaxiwayBundle) -> dict[str, str]:
    return {Path(path).stem: text for path, text in files_of(bundle).items() if path != SENTINEL}


def version_of(bundle: TaxiwayBundle) -> str | None:
    version = bundle.get_current_version()
    return version.version if version else None


def file_of(bundle: TaxiwayBundle, dag_id: str) -> Path:
    return bundle.path / shard_of(dag_id) / f"{dag_id}.py"


def test_an_empty_storage_is_generation_0_with_the_sentinel(open_bundle: OpenBundle) -> None:
    bundle = open_bundle()
    assert list(files_of(bundle)) == [SENTINEL]
    assert version_of(bundle) == "0"
    assert list(files_of(open_bundle(0))) == [SENTINEL]


def test_it_follows_what_is_published(publish: Publish, open_bundle: OpenBundle) -> None:
    publish(a="A = 1")
    bundle = open_bundle()
    assert (version_of(bundle), workflows_of(bundle)) == ("1", {"a": "A = 1"})
    publish(a="A = 2", b="B = 1")
    assert version_of(bundle) == "1"
    bundle.refresh()
    assert (version_of(bundle), workflows_of(bundle)) == ("2", {"a": "A = 2", "b": "B = 1"})
    publish(a=None)
    publish(b="B = 3")
    bundle.refresh()
    assert (version_of(bundle), workflows_of(bundle)) == ("4", {"b": "B = 3"})
    assert not file_of(bundle, "a").parent.exists()
    assert SENTINEL in files_of(bundle)


def test_a_changed_file_is_fresh_and_a_little_in_the_future(
    publish: Publish, open_bundle: OpenBundle
) -> None:
    publish(a="A = 1", b="B = 1")
    bundle = open_bundle()
    before = {dag_id: file_of(bundle, dag_id).stat() for dag_id in "ab"}
    publish(a="A = 2")
    began = int(time.time())
    bundle.refresh()
    ended, after = time.time(), {dag_id: file_of(bundle, dag_id).stat() for dag_id in "ab"}
    assert began + tracking.AHEAD <= after["a"].st_mtime <= ended + tracking.AHEAD + 1
    assert after["a"].st_ino != before["a"].st_ino and after["a"].st_nlink == 1
    assert after["b"] == before["b"]


def test_generations_within_one_second_leave_no_stale_byte_code(
    publish: Publish, open_bundle: OpenBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python tells a source by its second and its size, and these are of one size."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    publish(a="A = 0")
    bundle = open_bundle()
    for number in range(1, 6):
        publish(a=f"A = {number}")
        bundle.refresh()
        loader = SourceFileLoader("a", str(file_of(bundle, "a")))
        code = loader.get_code("a")  # reads and writes the byte-code, as an import does
        assert code is not None and number in code.co_consts
    publish(a=None)
    bundle.refresh()
    publish(a="A = 7")
    bundle.refresh()
    code = SourceFileLoader("a", str(file_of(bundle, "a"))).get_code("a")
    assert code is not None and 7 in code.co_consts


def test_a_return_to_older_content_is_a_fresh_file_too(
    publish: Publish, open_bundle: OpenBundle
) -> None:
    publish(a="A = 1")
    publish(a="A = 2")
    bundle = open_bundle()
    publish(a="A = 1")
    began = int(time.time())
    bundle.refresh()
    assert workflows_of(bundle) == {"a": "A = 1"}
    assert file_of(bundle, "a").stat().st_mtime >= began + tracking.AHEAD > began


def test_a_pinned_version_never_changes(publish: Publish, open_bundle: OpenBundle) -> None:
    publish(a="A = 1", gone="G = 1")
    publish(a="A = 2", gone=None)
    first = open_bundle(1)
    assert workflows_of(first) == {"a": "A = 1", "gone": "G = 1"}
    assert SENTINEL in files_of(first)
    publish(a="A = 3")
    first.refresh()
    assert workflows_of(first) == {"a": "A = 1", "gone": "G = 1"}
    assert version_of(first) == "1"
    assert workflows_of(open_bundle(2)) == {"a": "A = 2"}


def test_a_version_is_a_real_folder_that_airflow_may_remove(
    publish: Publish, open_bundle: OpenBundle
) -> None:
    publish(a="A = 1")
    publish(b="B = 1")
    first, second = open_bundle(1), open_bundle(2)
    assert first.path == first.versions_dir / "1"
    assert first.path.is_dir() and not first.path.is_symlink()
    assert os.access(first.path, os.W_OK)
    shutil.rmtree(first.path)
    assert workflows_of(second) == {"a": "A = 1", "b": "B = 1"}
    first.initialize()
    assert workflows_of(first) == {"a": "A = 1"}


def test_versions_share_what_did_not_change(publish: Publish, open_bundle: OpenBundle) -> None:
    publish(a="A = 1", b="B = 1")
    publish(a="A = 2")
    first, second = open_bundle(1), open_bundle(2)
    same = [(bundle.path / shard_of("b")).readlink() for bundle in (first, second)]
    assert same[0] == same[1]
    assert file_of(first, "b").samefile(file_of(second, "b"))


def test_the_bundle_can_be_moved_with_its_storage_path(
    publish: Publish, open_bundle: OpenBundle
) -> None:
    publish(a="A = 1")
    bundle = open_bundle(1)
    assert not (bundle.path / shard_of("a")).readlink().is_absolute()


def test_every_old_version_can_be_rebuilt_on_another_host(
    publish: Publish,
    open_bundle: OpenBundle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(1, 4):
        publish(a=f"A = {number}")
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH", str(tmp_path / "other"))
    for number in range(1, 4):
        assert workflows_of(open_bundle(number)) == {"a": f"A = {number}"}


@pytest.mark.parametrize("version", ["../1", "", "-1", "1/2", "one", "١"])
def test_a_version_that_is_no_generation_is_refused(version: str, open_bundle: OpenBundle) -> None:
    with pytest.raises(Invalid):
        open_bundle(version)


def test_a_generation_that_was_never_published_leaves_nothing_behind(
    publish: Publish, open_bundle: OpenBundle, bundle_storage_path: Path
) -> None:
    publish(a="A = 1")
    with pytest.raises(NotFound):
        open_bundle(7)
    assert not (bundle_storage_path / "taxiway" / "versions" / "7").exists()


def test_a_file_that_is_not_what_its_digest_says_is_refused(
    publish: Publish, open_bundle: OpenBundle, storage: Storage
) -> None:
    publish(a="A = 1")
    (source,) = (storage.folder / "dags").iterdir()  # type: ignore[operator]
    source.write_text("EVIL = 1")
    for version in (None, 1):
        with pytest.raises(Invalid):
            open_bundle(version)


def test_an_interrupted_follow_is_finished_by_the_next(
    publish: Publish, open_bundle: OpenBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(a="A = 1", b="B = 1")
    bundle = open_bundle()
    publish(a="A = 2", b="B = 2")
    replace, calls = Path.replace, []

    def dies(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", dies)
        bundle.refresh()
    assert version_of(bundle) == "1"
    bundle.refresh()
    assert (version_of(bundle), workflows_of(bundle)) == ("2", {"a": "A = 2", "b": "B = 2"})


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"generation": "x", "shards": {}}'])
def test_a_damaged_note_of_what_was_tracked_is_written_anew(
    damage: str, publish: Publish, open_bundle: OpenBundle, bundle_storage_path: Path
) -> None:
    publish(a="A = 1")
    open_bundle()
    (bundle_storage_path / "taxiway" / "tracked.json").write_text(damage)
    publish(a=None, b="B = 1")
    bundle = open_bundle()
    assert (version_of(bundle), workflows_of(bundle)) == ("2", {"b": "B = 1"})


def test_a_start_notices_that_the_storage_is_another_one(
    publish: Publish, open_bundle: OpenBundle, bundle_storage_path: Path
) -> None:
    publish(a="A = 1")
    open_bundle()
    note = bundle_storage_path / "taxiway" / "tracked.json"
    shards = {shard_of("z"): "0" * 64}
    note.write_text(json.dumps({"generation": 50, "shards": shards, "written_at": 0}))
    bundle = open_bundle()
    assert (version_of(bundle), workflows_of(bundle)) == ("1", {"a": "A = 1"})


def test_when_nothing_changed_a_refresh_asks_once(
    publish: Publish, open_bundle: OpenBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(a="A = 1")
    bundle = open_bundle()
    asked: list[str] = []
    for name in ("exists", "get", "names"):
        monkeypatch.setattr(Storage, name, lambda _, key: asked.append(key))
    bundle.refresh()
    assert len(asked) == 1


def test_processes_that_want_one_version_at_once_all_get_it_whole(
    publish: Publish, storage: Storage, bundle_storage_path: Path
) -> None:
    """In a fresh process: obstore's threads do not survive a fork of one that has used it."""
    names = [f"w{number}" for number in range(40)]
    publish(**dict.fromkeys(names, "W = 1"))
    script = (
        "import multiprocessing, os\n"
        "from taxiway.airflow.bundle import TaxiwayBundle\n"
        "context = multiprocessing.get_context('fork')\n"
        "barrier = context.Barrier(6)\n"
        "def build():\n"
        "    bundle = TaxiwayBundle(name='taxiway', version='1')\n"
        "    barrier.wait()\n"
        "    bundle.initialize()\n"
        "    found = [len(os.listdir(shard)) for shard in bundle.path.iterdir() if shard.is_dir()]\n"
        "    os._exit(0 if sum(found) == 40 else 1)\n"
        "workers = [context.Process(target=build) for _ in range(6)]\n"
        "[worker.start() for worker in workers]\n"
        "[worker.join() for worker in workers]\n"
        "print([worker.exitcode for worker in workers])\n"
    )
    assert run_python(script).split("\n")[-2] == "[0, 0, 0, 0, 0, 0]"
    leftovers = bundle_storage_path / "taxiway" / ".building"
    assert list(leftovers.iterdir()) == []


def test_it_brings_nothing_heavy_into_a_task_process() -> None:
    script = (
        "import airflow.dag_processing.bundles.base, sys, time\n"
        "before, start = set(sys.modules), time.process_time()\n"
        "import taxiway.airflow.bundle\n"
        "took = time.process_time() - start\n"
        "print(took, *sorted({m.partition('.')[0] for m in set(sys.modules) - before}))\n"
    )
    took, *modules = run_python(script).split()
    assert float(took) < 0.3
    assert set(modules) <= {"taxiway", "obstore", "fcntl", "concurrent", "_ctypes", "ctypes"}


def run_python(script: str) -> str:
    command = [sys.executable, "-W", "ignore", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
