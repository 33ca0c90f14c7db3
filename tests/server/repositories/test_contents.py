"""What stands in a repository, through the HTTP door, on real Git."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from taxiway import process

pytestmark = pytest.mark.integration


def test_the_tree_of_a_folder_has_folders_first_and_says_what_each_entry_is(
    reader: Any, library: Any, known: Any
) -> None:
    head = library.git("rev-parse", "HEAD")
    root = reader.get(f"/{known['id']}/tree", ref="main")
    assert (root["commit"], root["ref"], root["path"]) == (head, "refs/heads/main", "")
    assert [(e["name"], e["kind"]) for e in root["items"]] == [
        ("data", "folder"),
        ("links", "folder"),
        ("src", "folder"),
        ("README.md", "file"),
    ]
    assert root["total"] == 4
    readme = root["items"][-1]
    assert readme["id"] == library.git("rev-parse", "HEAD:README.md")
    assert (readme["size"], readme["mode"]) == (10, "100644")
    at_commit = reader.get(f"/{known['id']}/tree", commit=head, path="src/deep/")
    assert at_commit["ref"] is None
    assert [e["path"] for e in at_commit["items"]] == ["src/deep/inner.py"]
    first = reader.get(f"/{known['id']}/tree", limit=3)
    rest = reader.get(f"/{known['id']}/tree", limit=3, cursor=first["next_cursor"])
    assert [*first["items"], *rest["items"]] == root["items"]
    assert rest["next_cursor"] is None


def test_links_are_text_and_nothing_of_the_disk_is_read(reader: Any, known: Any) -> None:
    listed = reader.get(f"/{known['id']}/tree", path="links")["items"]
    assert {e["name"]: e["target"] for e in listed} == {
        "passwd": "/etc/passwd",
        "code.py": "../src/train.py",
        "folder": "../src",
    }
    shown = reader.get(f"/{known['id']}/file", path="links/passwd")
    assert (shown["kind"], shown["text"], shown["size"]) == ("link", "/etc/passwd", 11)
    for path in ("links/folder/train.py", "links/passwd/x"):
        reader.refused(f"/{known['id']}/file", 422, "path-is-link", path=path)
    reader.refused(f"/{known['id']}/tree", 422, "path-is-link", path="links/folder")
    reader.refused(f"/{known['id']}/functions", 422, "path-is-link", path="links/code.py")


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../../etc/passwd", "src/../src/train.py", "src//train.py", "a\nb",
     "./src", "src\\train.py", "a/" * 200 + "b"],
)  # fmt: skip
@pytest.mark.parametrize("what", ["file", "tree", "functions", "readme"])
def test_a_path_that_leads_out_of_the_tree_is_refused(
    reader: Any, known: Any, what: str, path: str
) -> None:
    reader.refused(f"/{known['id']}/{what}", 422, "path-invalid", path=path)


def test_what_is_not_there_is_told_alike_whatever_is_on_the_disk(reader: Any, known: Any) -> None:
    for path in ("etc/passwd", "proc/self/environ", "src/none.py", "README.md/x", ".git/config"):
        body = reader.refused(f"/{known['id']}/file", 404, "path-not-found", path=path)
        assert body["path"] == path
    reader.refused(f"/{known['id']}/tree", 404, "path-not-found", path="etc")
    reader.refused(f"/{known['id']}/functions", 404, "path-not-found", path="none.py")
    reader.refused(f"/{known['id']}/readme", 404, "readme-not-found", path="src")
    reader.refused(f"/{known['id']}/tree", 422, "path-is-file", path="README.md")
    reader.refused(f"/{known['id']}/file", 422, "path-is-folder", path="src")


def test_a_file_comes_as_text_with_its_encoding_and_size(reader: Any, known: Any) -> None:
    def read(path: str) -> Any:
        return reader.get(f"/{known['id']}/file", path=path, ref="main")

    train = read("src/train.py")
    assert train["text"].startswith('"""Training."""\n')
    assert (train["encoding"], train["is_binary"], train["is_too_large"]) == ("utf-8", False, False)
    assert train["size"] == len(train["text"].encode())
    assert train["lines"] == len(train["text"].splitlines())
    assert (read("data/latin.txt")["text"], read("data/latin.txt")["encoding"]) == (
        "Grüße",
        "latin-1",
    )
    assert (read("data/utf16.txt")["text"], read("data/utf16.txt")["encoding"]) == (
        "Grüße\n",
        "utf-16",
    )
    logo = read("data/logo.bin")
    assert (logo["text"], logo["is_binary"], logo["size"]) == (None, True, 3)
    large = read("data/large.txt")
    assert (large["text"], large["is_too_large"]) == (None, True)
    assert (large["size"], large["limit"]) == (2_000_001, 2_000_000)
    assert read("data/model.bin")["lfs_size"] == 12345678


def test_the_readme_of_a_folder_is_found_by_its_name(
    reader: Any, known: Any, new_source: Callable[[], Any]
) -> None:
    found = reader.get(f"/{known['id']}/readme")
    assert (found["path"], found["format"], found["text"]) == (
        "README.md",
        "markdown",
        "# Library\n",
    )
    source = new_source()
    source.commit({"docs/ReadMe.rst": "Title\n=====\n", "docs/readme.txt": "t"})
    other = reader.register(source.url)
    found = reader.get(f"/{other['id']}/readme", path="docs")
    assert (found["path"], found["format"]) == ("docs/ReadMe.rst", "rst")


def test_refs_are_newest_first_and_the_default_branch_is_told(
    reader: Any, new_source: Callable[[], Any]
) -> None:
    source = new_source()
    first = source.commit({"a": "1"}, "one", 1_600_000_000)
    source.git("tag", "-a", "v1", "-m", "the first", moment=1_800_000_000)
    source.git("branch", "old")
    second = source.commit({"a": "2"}, "two", 1_700_000_000)
    source.git("switch", "-q", "-c", "topic/x")
    third = source.commit({"a": "3"}, "three", 1_650_000_000)
    source.git("switch", "-q", "main")
    known = reader.register(source.url)
    listed = reader.get(f"/{known['id']}/refs")
    assert listed["default_branch"] == "main"
    assert [(r["kind"], r["name"], r["commit"]) for r in listed["items"]] == [
        ("branch", "main", second),
        ("branch", "topic/x", third),
        ("branch", "old", first),
        ("tag", "v1", first),
    ]
    assert [r["is_default"] for r in listed["items"]] == [True, False, False, False]
    assert listed["items"][0]["subject"] == "two"
    assert listed["items"][0]["committed_at"] == "2023-11-14T23:13:20+01:00"
    assert listed["total"] == 4
    found = reader.get(f"/{known['id']}/refs", q="TOPIC")
    assert [r["full_name"] for r in found["items"]] == ["refs/heads/topic/x"]
    assert [r["name"] for r in reader.get(f"/{known['id']}/refs", kind="tag")["items"]] == ["v1"]
    names: list[str] = []
    cursor = None
    for _ in range(4):
        query = {"cursor": cursor} if cursor else {}
        page = reader.get(f"/{known['id']}/refs", limit=1, order_by="name", **query)
        names += [r["name"] for r in page["items"]]
        cursor = page["next_cursor"]
    assert (names, cursor) == (["main", "old", "topic/x", "v1"], None)
    fourth = source.commit({"a": "4"}, "four", 1_710_000_000)
    after = reader.get(f"/{known['id']}/refs", limit=1)["items"][0]
    assert (after["commit"], after["subject"]) == (fourth, "four")


def test_the_commits_of_a_ref_are_paged_from_one_head(
    reader: Any, new_source: Callable[[], Any]
) -> None:
    source = new_source()
    ids = [
        source.commit({"a": str(n)}, f"commit {n}\n\nbody {n}", 1_700_000_000 + n) for n in range(5)
    ]
    known = reader.register(source.url)
    page = reader.get(f"/{known['id']}/commits", ref="main", limit=2)
    assert [c["commit"] for c in page["items"]] == [ids[4], ids[3]]
    newest = page["items"][0]
    assert (newest["subject"], newest["message"]) == ("commit 4", "commit 4\n\nbody 4\n")
    assert newest["author"] == source.git("show", "-s", "--format=%an")
    assert newest["author_email"] == source.git("show", "-s", "--format=%ae")
    assert newest["authored_at"] == "2023-11-14T23:13:24+01:00"
    assert newest["parents"] == [ids[3]]
    assert (page["ref"], page["head"]) == ("refs/heads/main", ids[4])
    source.commit({"a": "pushed meanwhile"}, "later", 1_800_000_000)
    rest = reader.get(f"/{known['id']}/commits", ref="main", limit=2, cursor=page["next_cursor"])
    assert [c["commit"] for c in rest["items"]] == [ids[2], ids[1]]
    last = reader.get(f"/{known['id']}/commits", ref="main", limit=2, cursor=rest["next_cursor"])
    assert [c["commit"] for c in last["items"]] == [ids[0]]
    assert last["next_cursor"] is None
    by_commit = reader.get(f"/{known['id']}/commits", ref=ids[1])
    assert [c["commit"] for c in by_commit["items"]] == [ids[1], ids[0]]
    assert reader.get(f"/{known['id']}/commits")["items"][0]["subject"] == "later"


def test_two_commits_are_compared_by_files_and_as_text(
    reader: Any, new_source: Callable[[], Any]
) -> None:
    source = new_source()
    base = source.commit(
        {"a.py": "x = 1\ny = 2\n", "gone.txt": "g\n", "old/name.txt": "same\n" * 5, "b.bin": b"\0"}
    )
    source.git("rm", "-q", "gone.txt")
    source.git("mv", "old/name.txt", "new.txt")
    head = source.commit({"a.py": "x = 1\ny = 3\n", "add.txt": "a\n", "b.bin": b"\0\1"})
    known = reader.register(source.url)
    found = reader.get(f"/{known['id']}/diff", base=base, head="main")
    assert (found["base"], found["head"], found["is_truncated"]) == (base, head, False)
    told = {f["path"]: (f["status"], f["old_path"], f["omitted"]) for f in found["files"]}
    assert told == {
        "a.py": ("modified", None, None),
        "add.txt": ("added", None, None),
        "b.bin": ("modified", None, "binary"),
        "gone.txt": ("deleted", None, None),
        "new.txt": ("renamed", "old/name.txt", None),
    }
    assert (found["additions"], found["deletions"]) == (2, 2)
    expected = "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n x = 1\n-y = 2\n+y = 3\n"
    assert expected in found["text"]
    assert "--- /dev/null\n+++ b/add.txt\n" in found["text"]
    part = reader.get(f"/{known['id']}/diff", base=base, head=head, path="a.py")
    assert [f["path"] for f in part["files"]] == ["a.py"]
    assert reader.get(f"/{known['id']}/diff", base=head, head=head)["files"] == []


def test_branch_tag_commit_and_short_commit_are_taken_where_a_ref_is_asked_for(
    reader: Any, library: Any, known: Any
) -> None:
    head = library.git("rev-parse", "HEAD")
    for ref in ("main", "refs/heads/main", head, head[:10], head.upper()):
        assert reader.get(f"/{known['id']}/tree", ref=ref, limit=1)["commit"] == head
    assert reader.get(f"/{known['id']}/tree", commit=head[:8], limit=1)["commit"] == head
    reader.refused(f"/{known['id']}/tree", 404, "ref-not-found", ref="nope")
    reader.refused(f"/{known['id']}/tree", 404, "commit-not-found", commit="0" * 40)
    reader.refused(f"/{known['id']}/tree", 422, "ref-and-commit", ref="main", commit=head)
    reader.refused(f"/{known['id']}/tree", 422, "ref-invalid", ref="--upload-pack=x")


def test_a_repository_without_commits_says_so(reader: Any, new_source: Callable[[], Any]) -> None:
    known = reader.register(new_source().url)
    assert reader.get(f"/{known['id']}/refs")["items"] == []
    reader.refused(f"/{known['id']}/tree", 404, "repository-empty")


def test_a_nul_does_not_pass_the_door(reader: Any, known: Any) -> None:
    reader.refused(f"/{known['id']}/file", 400, "url-refused", path="src\0/train.py")


def test_a_commit_that_is_mirrored_is_read_without_a_process(
    reader: Any, library: Any, known: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = library.git("rev-parse", "HEAD")
    reader.get(f"/{known['id']}/tree", commit=head)
    reader.get(f"/{known['id']}/functions", commit=head)
    started: list[object] = []
    spawn = process.spawn

    def counting(argv: Any, **rest: Any) -> Any:
        started.append(argv)
        return spawn(argv, **rest)

    monkeypatch.setattr(process, "spawn", counting)
    reader.get(f"/{known['id']}/tree", commit=head, path="src")
    reader.get(f"/{known['id']}/file", commit=head, path="src/train.py")
    reader.get(f"/{known['id']}/readme", commit=head)
    reader.get(f"/{known['id']}/diff", base=head, head=head)
    reader.get(f"/{known['id']}/functions", commit=head)
    assert started == []
    reader.get(f"/{known['id']}/tree", ref="main")
    assert len(started) == 2, "a ref is looked up: its commit, and the default branch"
