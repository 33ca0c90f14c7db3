from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxiway.errors import Invalid
from taxiway.git.names import check_branch, check_commit, check_path


@pytest.mark.parametrize("branch", ["main", "release/2", "feature/ünï", "a.b", "x@y", "HEAD2"])
def test_ordinary_branches_pass(branch: str) -> None:
    assert check_branch(branch) == branch


@pytest.mark.parametrize(
    "branch",
    ["", "@", "HEAD", "-x", "--upload-pack=x", "a..b", "a b", "a:b", "a~1", "a^", "a?", "a*", "a[", "a\\b",
     "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a.lock/b", "a.", "a@{1}", "a\nb", "a\0b", "a\x7f", "x" * 256, "\ud800"],
)  # fmt: skip
def test_what_git_could_misread_is_refused(branch: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_branch(branch)
    assert caught.value.code == "branch-invalid"


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="ab-./@{~^:?*[\\ \x01é", min_size=1, max_size=8))
def test_what_passes_is_a_branch_for_git_too(branch: str) -> None:
    try:
        check_branch(branch)
    except Invalid:
        return
    done = subprocess.run(["git", "check-ref-format", "--branch", branch], capture_output=True)
    assert done.returncode == 0


@pytest.mark.parametrize("commit", ["", "abc", "A" * 40, "g" * 40, "a" * 41, "a" * 64, "-" * 40])
def test_only_a_full_commit_id_passes(commit: str) -> None:
    assert check_commit("0123456789" * 4)
    with pytest.raises(Invalid) as caught:
        check_commit(commit)
    assert caught.value.code == "commit-invalid"


@given(st.text(alphabet="ab./\\\0\n-~", max_size=12))
def test_a_path_that_passes_stays_inside(path: str) -> None:
    try:
        check_path(path)
    except Invalid as error:
        assert error.code == "path-invalid"
        return
    assert not path.startswith("/")
    assert all(part not in ("", ".", "..") for part in path.split("/"))
    assert "\0" not in path and "\n" not in path
