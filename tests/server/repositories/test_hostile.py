"""Repositories that want to harm whoever reads them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.integration


def objects(source: Any, kind: str, data: bytes) -> str:
    done = subprocess.run(
        ["git", "hash-object", "-w", "-t", kind, "--literally", "--stdin"],
        cwd=source.path,
        input=data,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().strip()


def commit_tree(source: Any, tree: str) -> str:
    commit = str(source.git("commit-tree", tree, "-m", "hostile"))
    source.git("update-ref", "refs/heads/main", commit)
    return commit


def test_a_tree_without_end_is_refused_before_it_is_walked(
    reader: Any, new_source: Callable[[], Any]
) -> None:
    source = new_source()
    entry = b"100644 %s.py\0" + bytes.fromhex(objects(source, "blob", b"x = 1\n"))
    tree = objects(source, "tree", b"".join(entry.replace(b"%s", b"%d" % n) for n in range(10)))
    for _ in range(9):
        rows = [b"40000 d%d\0" % n + bytes.fromhex(tree) for n in range(10)]
        tree = objects(source, "tree", b"".join(rows))
    commit = commit_tree(source, tree)
    known = reader.register(source.url)
    assert len(reader.get(f"/{known['id']}/tree", commit=commit)["items"]) == 10
    started = time.process_time()
    reader.refused(f"/{known['id']}/functions", 422, "tree-too-many-files", commit=commit)
    small = source.commit({"a.py": "x = 1\n"})
    told = reader.get(f"/{known['id']}/diff", base=small, head=commit)
    assert told["is_truncated"]
    assert len(told["files"]) <= 3000
    assert time.process_time() - started < 20  # walking it would take years


def test_names_that_are_no_text_are_shown_and_cannot_be_asked_for(
    reader: Any, new_source: Callable[[], Any]
) -> None:
    source = new_source()
    blob = bytes.fromhex(objects(source, "blob", b"x"))
    names = (b"a\xff.py", "ü.py".encode(), b"line\nbreak.py", b'quo"te .py', b"-rf")
    rows = sorted(b"100644 " + name + b"\0" + blob for name in names)
    commit = commit_tree(source, objects(source, "tree", b"".join(rows)))
    known = reader.register(source.url)
    listed = {e["name"] for e in reader.get(f"/{known['id']}/tree", commit=commit)["items"]}
    assert listed == {"a\\xff.py", "ü.py", "line\nbreak.py", 'quo"te .py', "-rf"}
    assert reader.get(f"/{known['id']}/file", commit=commit, path="ü.py")["text"] == "x"
    assert reader.get(f"/{known['id']}/file", commit=commit, path="-rf")["text"] == "x"
    reader.refused(f"/{known['id']}/file", 422, "path-invalid", commit=commit, path="a\\xff.py")
    reader.refused(
        f"/{known['id']}/file", 422, "path-invalid", commit=commit, path="line\nbreak.py"
    )
    files = reader.get(f"/{known['id']}/functions", commit=commit)["items"]
    assert len(files) == 4


def test_attributes_and_configuration_of_a_repository_decide_nothing(
    reader: Any, new_source: Callable[[], Any], tmp_path: Any
) -> None:
    source = new_source()
    mark = tmp_path / "run"
    base = source.commit({"a.py": "x = 1\n", "b.txt": "$Format:%s$\n"})
    head = source.commit(
        {
            ".gitattributes": "*.py -text diff=evil filter=evil binary\n*.txt export-subst\n",
            "a.py": "x = 2\n",
        }
    )
    source.git("config", "diff.evil.textconv", f"touch {mark}")
    source.git("config", "filter.evil.smudge", f"touch {mark}")
    source.git("config", "core.fsmonitor", f"touch {mark}")
    known = reader.register(source.url)
    told = reader.get(f"/{known['id']}/diff", base=base, head=head, path="a.py")
    assert told["files"][0]["text"].endswith("-x = 1\n+x = 2\n")
    shown = reader.get(f"/{known['id']}/file", commit=head, path="b.txt")
    assert shown["text"] == "$Format:%s$\n"
    assert not mark.exists()


def test_a_commit_of_another_repository_is_not_read_through_this_one(
    reader: Any, library: Any, known: Any, new_source: Callable[[], Any]
) -> None:
    head = library.git("rev-parse", "HEAD")
    reader.get(f"/{known['id']}/tree", commit=head)
    source = new_source()
    source.commit({"a.py": "x = 1\n"})
    other = reader.register(source.url)
    reader.refused(f"/{other['id']}/tree", 404, "commit-not-found", commit=head)
    blob = library.git("rev-parse", "HEAD:README.md")
    reader.refused(f"/{known['id']}/tree", 404, "commit-not-found", commit=blob)


def test_odd_times_and_texts_of_commits_are_shown(
    reader: Any, new_source: Callable[[], Any]
) -> None:
    source = new_source()
    source.commit({"a.py": "x = 1\n"})
    tree = source.git("rev-parse", "HEAD^{tree}")
    raw = f"tree {tree}\nauthor A <a@example.org> 99999999999999 +0000\n".encode()
    raw += b"committer \xe9\xff <c@example.org> 1700000000 +2500\n\nGr\xfc\xdfe\n"
    commit = objects(source, "commit", raw)
    source.git("update-ref", "refs/heads/main", commit)
    known = reader.register(source.url)
    [told] = reader.get(f"/{known['id']}/commits")["items"]
    assert told["subject"] == "Grüße"
    assert told["authored_at"].startswith("9999-")
    assert told["committed_at"].startswith("2023-11-1")
