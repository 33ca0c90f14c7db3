from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from taxiway.errors import NotFound, Unavailable
from taxiway.storage.store import Storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(f"file://{tmp_path}/storage")


def test_what_exists_is_never_changed(storage: Storage) -> None:
    assert storage.put("dags/x.py", b"first")
    assert not storage.put("dags/x.py", b"second")
    assert storage.get("dags/x.py") == b"first"


def test_an_addressed_object_is_named_by_its_digest(storage: Storage) -> None:
    digest = storage.put_addressed("values", b"data")
    assert digest == hashlib.sha256(b"data").hexdigest() == storage.put_addressed("values", b"data")
    assert storage.exists(f"values/{digest}")


def test_what_is_missing_is_not_found(storage: Storage, tmp_path: Path) -> None:
    for read in (
        lambda: storage.get("values/none"),
        lambda: storage.download("values/none", tmp_path / "target"),
    ):
        with pytest.raises(NotFound) as caught:
            read()
        assert caught.value.code == "object-not-found" and "values/none" in caught.value.message
    assert not storage.exists("values/none")
    assert list(storage.names("values")) == []


def test_names_lists_one_folder(storage: Storage) -> None:
    storage.put("a/1", b"")
    storage.put("a/2", b"")
    storage.put("b/3", b"")
    assert sorted(storage.names("a")) == ["1", "2"]


@pytest.mark.parametrize("size", [0, 10, 12_000_000])
def test_files_of_any_size_go_in_and_come_out(storage: Storage, tmp_path: Path, size: int) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(size))
    assert storage.put("layers/x", source)
    assert not storage.put("layers/x", source)
    storage.download("layers/x", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == source.read_bytes()


def test_of_many_processes_that_write_one_name_one_wins(storage: Storage) -> None:
    script = (
        "import sys; from taxiway.storage.store import Storage; "
        "print(Storage(sys.argv[1]).put('bundles/1.json', sys.argv[2].encode() * 100_000))"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, storage.url, str(i)], stdout=subprocess.PIPE
        )
        for i in range(6)
    ]
    outputs = [process.communicate(timeout=60)[0].strip() for process in running]
    assert outputs.count(b"True") == 1
    winner = str(outputs.index(b"True")).encode()
    assert storage.get("bundles/1.json") == winner * 100_000


def test_a_storage_that_fails_is_unavailable(storage: Storage) -> None:
    assert storage.folder is not None
    (storage.folder / "dags").write_text("a file where a folder should be")
    with pytest.raises(Unavailable) as caught:
        storage.put("dags/x.py", b"")
    assert caught.value.code == "storage-failed" and "dags/x.py" in caught.value.message


FULL_DISK = """
import subprocess, sys
from pathlib import Path
from taxiway.errors import Unavailable
from taxiway.storage.store import Storage
disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True)
storage = Storage(f"file://{disk}")
storage.put("dags/a.py", b"a")
try:
    storage.put("layers/b", b"x" * 3_000_000)
except Unavailable as error:
    print(error.code, error.message)
print(storage.exists("layers/b"), storage.get("dags/a.py"), list(storage.names("layers")))
print(storage.put("layers/b", b"x" * 1000))
"""


@pytest.mark.integration
def test_a_full_disk_is_named_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    private = ["unshare", "--mount", *([] if os.getuid() == 0 else ["--user", "--map-root-user"])]
    done = subprocess.run(
        [*private, sys.executable, "-c", FULL_DISK, tmp_path],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == [
        "storage-full The storage has no room for layers/b",
        "False b'a' []",
        "True",
    ], done.stderr


def test_a_value_that_is_put_again_is_new(storage: Storage, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"value")
    os.utime(source, (0, 0))  # as a task may leave it
    assert storage.put_file("values/x", source)
    assert not storage.remove_old("values/x", datetime.now(UTC) - timedelta(hours=1))
    assert storage.folder
    os.utime(storage.folder / "values/x", (0, 0))
    assert not storage.put_file("values/x", source)
    assert not storage.remove_old("values/x", datetime.now(UTC) - timedelta(hours=1))
    os.utime(storage.folder / "values/x", (0, 0))
    assert storage.remove_old("values/x", datetime.now(UTC) - timedelta(hours=1))
    assert not storage.exists("values/x")


def test_what_is_put_while_old_objects_go_is_there_afterwards(
    storage: Storage, tmp_path: Path
) -> None:
    source, done = tmp_path / "source", threading.Event()
    source.write_bytes(b"value")
    assert storage.folder
    stored = storage.folder / "values/x"

    def sweep() -> None:
        while not done.is_set():
            storage.remove_old("values/x", datetime.now(UTC) - timedelta(hours=1))

    with ThreadPoolExecutor(1) as pool:
        sweeping = pool.submit(sweep)
        try:
            for _ in range(300):
                storage.put_file("values/x", source)
                assert storage.exists("values/x")
                os.utime(stored, (0, 0))
        finally:
            done.set()
        sweeping.result()
