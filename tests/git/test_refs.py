"""What a user's text means among the refs of a remote."""

from __future__ import annotations

import pytest

from taxiway.errors import Invalid
from taxiway.git.refs import Ref, choose, is_short_commit, parse, parse_head, split

A, B, C = "a" * 40, "b" * 40, "c" * 40


def test_annotated_tags_have_the_commit_that_they_name() -> None:
    listed = f"{A}\trefs/heads/main\n{B}\trefs/tags/v1\n{C}\trefs/tags/v1^{{}}\n{A}\trefs/tags/v2\n"
    assert parse(listed.encode()) == [
        Ref("branch", "main", A),
        Ref("tag", "v1", C),
        Ref("tag", "v2", A),
    ]


def test_names_that_nobody_could_ask_for_are_left_out() -> None:
    listed = f"{A}\trefs/heads/-x\n{A}\trefs/heads/caf\xe9\n{A}\trefs/pull/1/head\nnonsense\n"
    assert parse(listed.encode("latin-1")) == []
    assert parse(f"{A}\trefs/heads/café\n".encode()) == [Ref("branch", "café", A)]


@pytest.mark.parametrize(
    ("said", "branch"),
    [
        (f"ref: refs/heads/trunk/x\tHEAD\n{A}\tHEAD\n", "trunk/x"),
        (f"{A}\tHEAD\n", None),
        ("", None),
    ],
)
def test_the_default_branch_is_what_head_names(said: str, branch: str | None) -> None:
    assert parse_head(said.encode()) == branch


REFS = [
    Ref("branch", "main", A),
    Ref("branch", "dev/main", B),
    Ref("tag", "main", C),
    Ref("tag", "v1", B),
    Ref("branch", "same", A),
    Ref("tag", "same", A),
]


@pytest.mark.parametrize(
    ("text", "prefer", "commit"),
    [
        ("main", "branch", A),
        ("main", "tag", C),
        ("dev/main", None, B),
        ("refs/heads/main", None, A),
        ("refs/tags/main", "branch", C),
        ("v1", "branch", B),
        ("refs/heads/v1", "branch", None),
        ("same", None, A),
        ("ain", None, None),
    ],
)
def test_branch_tag_and_branch_in_a_folder_are_told_apart(text, prefer, commit) -> None:
    found = choose(REFS, text, prefer)
    assert (found and found.commit) == commit


def test_a_name_with_two_meanings_is_told_with_both() -> None:
    with pytest.raises(Invalid) as caught:
        choose(REFS, "main", None)
    assert caught.value.code == "ref-ambiguous"
    assert caught.value.context["meanings"] == ["refs/heads/main", "refs/tags/main"]
    assert "refs/heads/main" in caught.value.hint


def test_full_names_say_their_kind() -> None:
    assert split("refs/heads/a/b") == ("branch", "a/b")
    assert split("refs/tags/a") == ("tag", "a")
    assert split("refs/pull/1") == (None, "refs/pull/1")


@pytest.mark.parametrize("text", ["abc", "abcg", "a" * 41, "main"])
def test_what_is_no_beginning_of_a_commit(text: str) -> None:
    assert not is_short_commit(text)
