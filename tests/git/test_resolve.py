"""From a user's text to one commit, on real repositories."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from taxiway.errors import Invalid, NotFound
from taxiway.git.mirror import Mirror
from taxiway.git.refs import Ref, Resolved
from taxiway.git.trees import object_id

pytestmark = pytest.mark.integration


def test_branches_tags_and_the_default_branch_are_listed(mirror: Mirror, origin) -> None:
    head = origin.git("rev-parse", "HEAD")
    origin.git("tag", "-a", "v1", "-m", "v1")
    origin.git("tag", "light")
    origin.git("branch", "x/y")
    origin.git("update-ref", "refs/pull/1/head", head)
    assert mirror.refs() == [
        Ref("branch", "main", head),
        Ref("branch", "x/y", head),
        Ref("tag", "light", head),
        Ref("tag", "v1", head),
    ]
    assert mirror.default_branch() == "main"
    origin.git("checkout", "-q", "--detach")
    assert mirror.default_branch() is None


def test_each_way_to_name_a_commit_leads_to_it_with_its_ref(mirror: Mirror, origin) -> None:
    first = origin.git("rev-parse", "HEAD")
    origin.git("tag", "-a", "v1", "-m", "v1")
    second = origin.commit({"b": ""})
    origin.git("branch", "in/main", first)
    origin.git("tag", "main", first)
    wanted = {
        "main": Resolved(second, "refs/heads/main"),
        "refs/tags/main": Resolved(first, "refs/tags/main"),
        "in/main": Resolved(first, "refs/heads/in/main"),
        "v1": Resolved(first, "refs/tags/v1"),
        first: Resolved(first),
        first.upper(): Resolved(first),
        first[:8]: Resolved(first),
        second[:7].upper(): Resolved(second),
    }
    assert {text: mirror.resolve_ref(text) for text in wanted} == wanted
    with pytest.raises(Invalid) as caught:
        mirror.resolve_ref("main", prefer=None)
    assert caught.value.code == "ref-ambiguous"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("gone", "ref-not-found"),
        ("0000000", "ref-not-found"),
        ("refs/heads/v1", "ref-not-found"),
        ("--upload-pack=x", "ref-invalid"),
        ("a..b", "ref-invalid"),
        ("HEAD", "ref-invalid"),
        ("main^{tree}", "ref-invalid"),
    ],
)
def test_what_names_nothing_is_said(mirror: Mirror, origin, text: str, code: str) -> None:
    origin.git("tag", "v1")
    with pytest.raises((Invalid, NotFound)) as caught:
        mirror.resolve_ref(text)
    assert caught.value.code == code


def test_the_beginning_of_two_commits_is_ambiguous(mirror: Mirror, origin) -> None:
    tree = origin.git("rev-parse", "HEAD^{tree}")
    seen: dict[str, str] = {}
    number = 0
    while True:  # the birthday of four digits comes after some 300 commits
        text = f"tree {tree}\nauthor A <a@e> 1700000000 +0000\ncommitter A <a@e> 1700000000 +0000\n\n{number}\n"
        oid = object_id(b"commit", text.encode())
        if oid[:4] in seen:
            break
        seen[oid[:4]] = text
        number += 1
    pair = [origin.object("commit", each.encode()) for each in (seen[oid[:4]], text)]
    for place, commit in zip(("heads", "tags"), pair, strict=True):
        origin.git("update-ref", f"refs/{place}/{commit[:5]}x", commit)
    with pytest.raises(Invalid) as caught:
        mirror.resolve_ref(pair[0][:4])
    assert caught.value.code == "ref-ambiguous"
    assert caught.value.context["meanings"] == sorted(pair)
    assert mirror.resolve_ref(pair[0][:12]).commit == pair[0]


def test_history_is_brought_up_to_date_for_branches_and_tags(mirror: Mirror, origin) -> None:
    first = origin.git("rev-parse", "HEAD")
    origin.git("tag", "-a", "v1", "-m", "v1")
    assert mirror.history_of("main") == first
    second = origin.commit({"b": ""})
    assert mirror.history_of("refs/heads/main") == second
    assert mirror.history_of("refs/tags/v1") == first
    store = replace(origin, path=mirror.history)
    assert store.git("rev-list", second).split() == [second, first]
    mirror.require_reachable(first, "refs/tags/v1")
    with pytest.raises(Invalid):
        mirror.require_reachable(second, "refs/tags/v1")
    with pytest.raises(NotFound):
        mirror.history_of("gone")


def test_who_waits_for_a_fetch_of_history_needs_none_of_its_own(
    web_mirror: Mirror, server, origin, in_threads: Callable[..., None]
) -> None:
    web_mirror.history_of("main")
    origin.commit({"b": ""})
    server.requests.clear()
    server.stall = threading.Event()
    mirrors = [Mirror(web_mirror.cache, web_mirror.url, web_mirror.policy) for _ in range(6)]
    found: list[str] = []

    def release() -> None:
        assert server.stalling.wait(30)
        server.stall.set()

    in_threads(release, *(lambda m=m: found.append(m.history_of("main")) for m in mirrors))
    assert set(found) == {origin.git("rev-parse", "HEAD")}
    fetches = [path for method, path, _ in server.requests if method == "GET"]
    assert len(fetches) <= 2  # one in progress, and one for all who came while it was
