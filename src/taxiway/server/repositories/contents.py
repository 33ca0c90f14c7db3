"""What a repository holds at a commit, as the API answers it."""

from __future__ import annotations

import re
from dataclasses import asdict

import pygit2

from taxiway.errors import Invalid, NotFound
from taxiway.git import browse, commits, text
from taxiway.git.difference import difference
from taxiway.git.names import check_commit, check_path
from taxiway.git.refs import Ref
from taxiway.git.tips import tips
from taxiway.server.paging import Found, cursor_of, page_of_values, place_of
from taxiway.server.repositories.browser import Browser, Place
from taxiway.server.repositories.listing import CommitQuery, RefQuery, TreeQuery
from taxiway.server.repositories.schemas import (
    CommitPage,
    CommitResponse,
    DifferenceFile,
    DifferenceResponse,
    EntryResponse,
    FileResponse,
    ReadmeResponse,
    RefPage,
    RefResponse,
    TreePage,
)

_README = re.compile(r"readme(\.[a-z0-9]{1,10})?", re.IGNORECASE)
_FORMATS = {"md": "markdown", "markdown": "markdown", "rst": "rst"}


def list_refs(browser: Browser, repository_id: str, asked: RefQuery) -> RefPage:
    """Branches and tags, newest first; those whose time is not known come last."""
    mirror, seen = browser.look(repository_id)
    facts = tips(mirror, {ref.commit for ref in seen.refs})

    def key(ref: Ref) -> tuple[str, ...]:
        known = facts.get(ref.commit)
        made = int(known.committed_at.timestamp()) if known else -(10**11)
        newest_first = f"{10**12 - made:015d}" if asked.is_descending else ""
        return newest_first, ref.name, ref.kind

    wanted = (asked.q or "").casefold()
    chosen = [
        ref for ref in seen.refs if wanted in ref.name.casefold() and asked.kind in (None, ref.kind)
    ]
    found = page_of_values(sorted(chosen, key=key), key, asked, scope=f"refs {repository_id}")
    items = [_ref(ref, facts.get(ref.commit), seen.default_branch) for ref in found.rows]
    return RefPage(
        items=items,
        next_cursor=found.next_cursor,
        total=found.total,
        default_branch=seen.default_branch,
    )


def _ref(ref: Ref, facts: commits.CommitFacts | None, default_branch: str | None) -> RefResponse:
    return RefResponse(
        kind=ref.kind,
        name=ref.name,
        full_name=ref.full_name,
        commit=ref.commit,
        is_default=ref.kind == "branch" and ref.name == default_branch,
        author=facts.author if facts else None,
        authored_at=facts.authored_at if facts else None,
        committed_at=facts.committed_at if facts else None,
        subject=facts.subject if facts else None,
    )


def list_commits(browser: Browser, repository_id: str, asked: CommitQuery) -> CommitPage:
    """The commits of a ref, from the history without files. The pages of one list begin at one
    head, whatever is pushed meanwhile."""
    scope = f"commits {repository_id}"
    after = place_of(asked, scope, 2)
    place = browser.place(repository_id, ref=after[0] if after else asked.ref)
    skip = _number(after[1]) if after else 0
    rows = browser.read_history(
        place,
        lambda store: commits.ancestors(store, place.commit, skip=skip, limit=asked.limit + 1),
    )
    more = len(rows) > asked.limit
    items = [
        CommitResponse(commit=row.id, **{k: v for k, v in asdict(row).items() if k != "id"})
        for row in rows[: asked.limit]
    ]
    cursor = cursor_of(asked, scope, [place.commit, str(skip + asked.limit)]) if more else None
    return CommitPage(items=items, next_cursor=cursor, total=None, ref=place.ref, head=place.commit)


def _number(given: str) -> int:
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        raise Invalid(
            "cursor-refused",
            "The cursor is not one that this list gave out",
            hint="Leave `cursor` out to start at the first page.",
        )
    return int(given)


def list_tree(browser: Browser, repository_id: str, asked: TreeQuery) -> TreePage:
    path = asked.path.rstrip("/")
    place = browser.place(repository_id, asked.ref, asked.commit)

    def read(store: pygit2.Repository) -> tuple[Found[browse.Listed], list[EntryResponse]]:
        folder = browse.folder_at(store, place.commit, path)
        found = page_of_values(
            browse.listing(store, folder),
            lambda entry: (str(int(entry.is_no_folder)), entry.name),
            asked,
            scope=f"tree {repository_id}",
        )
        shown = [browse.describe(store, entry, path) for entry in found.rows]
        return found, [EntryResponse.model_validate(entry) for entry in shown]

    found, items = browser.read(place, read)
    return TreePage(
        items=items,
        next_cursor=found.next_cursor,
        total=found.total,
        commit=place.commit,
        ref=place.ref,
        path=path,
    )


def read_file(browser: Browser, place: Place, path: str) -> FileResponse:
    """`NotFound` (`path-not-found`); `Invalid` (`path-is-folder`, `path-is-submodule`)."""
    wanted = check_path(path)
    return browser.read(place, lambda store: _file(store, place, wanted))


def _file(store: pygit2.Repository, place: Place, path: str) -> FileResponse:
    entry = browse.describe_at(store, place.commit, path)
    if entry.kind == "folder":
        raise Invalid(
            "path-is-folder", f"{path} is a folder, not a file", hint="GET …/tree lists a folder."
        )
    if entry.kind == "submodule":
        raise Invalid(
            "path-is-submodule",
            f"{path} is a submodule, not a file",
            hint="Open the repository that the submodule names.",
        )
    data = browse.content_of(store, entry.id)
    shown = text.text_of(data) if data is not None else None
    return FileResponse(
        commit=place.commit,
        ref=place.ref,
        path=path,
        kind="link" if entry.kind == "link" else "file",
        id=entry.id,
        mode=entry.mode,
        size=entry.size or 0,
        encoding=shown.encoding if shown else None,
        text=shown.text if shown else None,
        lines=len(shown.text.splitlines()) if shown else None,
        is_binary=data is not None and shown is None,
        is_too_large=data is None,
        limit=browse.FILE_BYTES,
        lfs_size=text.lfs_size(data) if data is not None else None,
    )


def read_readme(browser: Browser, place: Place, path: str) -> ReadmeResponse:
    """The README of a folder: Markdown before others. `NotFound` (`readme-not-found`)."""
    folder = path.rstrip("/")

    def read(store: pygit2.Repository) -> FileResponse:
        tree = browse.folder_at(store, place.commit, folder)
        names = [
            name
            for entry in tree
            if browse.kind_of(entry) == "file"
            and _README.fullmatch(name := browse.shown(entry.raw_name or b""))
        ]
        if not names:
            raise NotFound(
                "readme-not-found",
                f"There is no README in {folder or 'the root'} of the commit {place.commit}",
                hint="A README is a file like README.md.",
            )
        best = min(names, key=lambda name: (_format(name) != "markdown", name))
        return _file(store, place, f"{folder}/{best}" if folder else best)

    found = browser.read(place, read)
    return ReadmeResponse(**found.model_dump(), format=_format(found.path))


def _format(name: str) -> str:
    return _FORMATS.get(name.rpartition(".")[2].lower(), "text")


def compare(browser: Browser, base: Place, head: Place, path: str) -> DifferenceResponse:
    """From `base` to `head`."""
    wanted = check_path(path.rstrip("/")) if path.rstrip("/") else ""
    found = browser.read_all(
        head.mirror,
        (check_commit(base.commit), check_commit(head.commit)),
        lambda store: difference(store, base.commit, head.commit, wanted),
    )
    files = [DifferenceFile.model_validate(file) for file in found.files]
    return DifferenceResponse(
        base=base.commit,
        head=head.commit,
        files=files,
        text=found.text,
        additions=sum(file.additions for file in files),
        deletions=sum(file.deletions for file in files),
        is_truncated=found.is_truncated,
    )
