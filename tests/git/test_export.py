"""From a commit to a snapshot in the storage, and to the files on a worker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taxiway.errors import Invalid
from taxiway.git.composition import compose
from taxiway.git.export import export_snapshot
from taxiway.git.files import Files
from taxiway.git.mirror import Mirror
from taxiway.git.snapshot import use_snapshot
from taxiway.git.url import RepositoryUrl
from taxiway.storage.cache import Cache, remove_tree
from taxiway.storage.store import Storage

pytestmark = pytest.mark.integration


def files_of(root: Path) -> dict[str, bytes | str]:
    found: dict[str, bytes | str] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = "-> " + str(path.readlink())
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


def test_a_snapshot_holds_exactly_the_files_of_the_commit(
    mirror: Mirror, origin, storage: Storage, cache: Cache
) -> None:
    origin.write({"bin/run": "#!/bin/sh\n", "data/é \n.bin": bytes(range(256)), "empty": ""})
    (origin.path / "bin/run").chmod(0o755)
    (origin.path / "link").symlink_to("pkg/util.py")
    (origin.path / "pkg/up").symlink_to("../data")
    Path(os.fsdecode(os.fsencode(origin.path) + b"/latin-\xe9")).write_text("x")
    (origin.path / ("n" * 200)).mkdir()
    (origin.path / ("n" * 200) / "deep").write_text("y")
    commit = origin.commit()
    tree = export_snapshot(mirror, commit, storage)
    assert tree == origin.git("rev-parse", "HEAD^{tree}")
    with use_snapshot(tree, storage, cache) as root:
        assert files_of(root) == {
            "bin/run": b"#!/bin/sh\n",
            "data/é \n.bin": bytes(range(256)),
            "empty": b"",
            "latin-\udce9": b"x",
            "link": "-> pkg/util.py",
            "n" * 200 + "/deep": b"y",
            "pkg/up": "-> ../data",
            "pkg/util.py": b"x = 1\n",
            "train.py": b"def train(): ...\n",
        }
        assert (root / "bin/run").stat().st_mode & 0o777 == 0o555
        assert (root / "train.py").stat().st_mode & 0o777 == 0o444
        assert root.stat().st_mode & 0o777 == 0o555
        assert (root / "pkg").stat().st_mode & 0o777 == 0o555


def test_attributes_and_filters_of_the_repository_change_no_byte(
    mirror: Mirror, origin, storage: Storage, cache: Cache, folder: Path
) -> None:
    text = "a = '$Format:%s$ $Id$'\r\nb\n"
    origin.write({"a.py": text, "hidden.py": "h\n"})
    origin.git("add", "-A")
    origin.write(
        {
            ".gitattributes": "a.py export-subst ident text eol=crlf working-tree-encoding=UTF-16\n"
            "hidden.py export-ignore\n*.py filter=evil\n"
        }
    )
    origin.git("config", "filter.evil.smudge", f"touch {folder}/ran")
    origin.git("update-index", "--add", "--cacheinfo",
        f"100644,{origin.git('hash-object', '-w', '.gitattributes', '--no-filters')},.gitattributes")  # fmt: skip
    origin.git("commit", "-q", "-m", "import os; os.system('x')")
    tree = export_snapshot(mirror, mirror.resolve("main"), storage)
    with use_snapshot(tree, storage, cache) as root:
        assert (root / "a.py").read_bytes() == text.encode()
        assert (root / "hidden.py").read_bytes() == b"h\n"
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "pkg/../../x"])
def test_a_link_that_leaves_the_tree_is_refused_by_name(
    mirror: Mirror, origin, storage: Storage, target: str
) -> None:
    (origin.path / "bad-link").symlink_to(target)
    commit = origin.commit()
    with pytest.raises(Invalid) as caught:
        export_snapshot(mirror, commit, storage)
    assert caught.value.code == "link-leaves-tree"
    assert "bad-link" in caught.value.message and target in caught.value.message
    assert list(storage.names("snapshots")) == []


def test_a_submodule_that_nothing_declares_is_an_empty_folder_and_is_named(
    mirror: Mirror, origin, storage: Storage, cache: Cache
) -> None:
    origin.git("update-index", "--add", "--cacheinfo", f"160000,{'2' * 40},vendor/sub")
    origin.git("commit", "-q", "-m", "submodule")
    commit = mirror.resolve("main")
    tree = export_snapshot(mirror, commit, storage)
    assert compose(Files(mirror, commit)).empty == {"vendor/sub": "2" * 40}
    with use_snapshot(tree, storage, cache) as root:
        assert list((root / "vendor/sub").iterdir()) == []


def test_an_empty_tree_is_a_snapshot(new_origin, cache, policy, storage) -> None:
    origin = new_origin("bare-bones")
    commit = origin.commit()
    mirror = Mirror(cache, RepositoryUrl.parse(str(origin.path)), policy)
    with use_snapshot(export_snapshot(mirror, commit, storage), storage, cache) as root:
        assert files_of(root) == {}


def test_equal_files_make_equal_bytes_wherever_they_are_exported(
    mirror: Mirror, folder: Path
) -> None:
    commit = mirror.resolve("main")
    first, second = Storage(f"file://{folder}/one"), Storage(f"file://{folder}/two")
    tree = export_snapshot(mirror, commit, first)
    assert export_snapshot(mirror, commit, second) == tree
    assert first.get(f"snapshots/{tree}.json") == second.get(f"snapshots/{tree}.json")
    assert sorted(first.names("layers")) == sorted(second.names("layers"))


def test_a_tree_that_is_there_is_not_made_again(mirror: Mirror, origin, storage: Storage) -> None:
    tree = export_snapshot(mirror, mirror.resolve("main"), storage)
    origin.commit(message="no change to the files")
    assert export_snapshot(mirror, mirror.resolve("main"), storage) == tree
    assert len(list(storage.names("layers"))) == 1
    assert json.loads(storage.get(f"snapshots/{tree}.json"))["tree"] == tree
    assert list((mirror.cache.root / ".building").iterdir()) == []


def test_the_worker_side_needs_no_git_and_no_server_packages(
    mirror: Mirror, storage: Storage, folder: Path
) -> None:
    tree = export_snapshot(mirror, mirror.resolve("main"), storage)
    script = f"""
import sys
from pathlib import Path
from taxiway.git.snapshot import use_snapshot
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage
with use_snapshot({tree!r}, Storage({storage.url!r}), Cache(Path({str(folder)!r}) / "worker")) as root:
    assert (root / "train.py").read_bytes()
assert not {{"pygit2", "fastapi", "sqlalchemy", "airflow"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, env={"PATH": ""})
    assert done.returncode == 0, done.stderr.decode()


_NAME = st.text(alphabet="ab.é-_ ", min_size=1, max_size=4).filter(
    lambda name: name.strip(". ") not in ("", "git")
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(
    files=st.dictionaries(st.tuples(_NAME, _NAME), st.binary(max_size=200), min_size=1, max_size=5)
)
def test_any_files_survive_the_way_unchanged(
    files: dict[tuple[str, str], bytes], mirror: Mirror, origin, storage: Storage, cache: Cache
) -> None:
    for entry in origin.path.iterdir():
        if entry.name != ".git":
            remove_tree(entry) if entry.is_dir() else entry.unlink()
    wanted = {f"d{folder}/{name}": content for (folder, name), content in files.items()}
    commit = origin.commit(wanted)
    tree = export_snapshot(mirror, commit, storage)
    with use_snapshot(tree, storage, cache) as root:
        assert files_of(root) == wanted
