"""`/repositories/{id}/…`: what stands in a repository. Reads only, and only from the mirror."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from taxiway.server.repositories import contents
from taxiway.server.repositories.function_schemas import FunctionPage
from taxiway.server.repositories.functions import Functions
from taxiway.server.repositories.listing import (
    COMMIT,
    PATH,
    REF,
    CommitQuery,
    FunctionQuery,
    RefQuery,
    TreeQuery,
)
from taxiway.server.repositories.routes import BrowserDep, RepositoryId
from taxiway.server.repositories.schemas import (
    CommitPage,
    DifferenceResponse,
    FileResponse,
    ReadmeResponse,
    RefPage,
    TreePage,
)

router = APIRouter(prefix="/api/v1/repositories/{repository_id}", tags=["repositories"])

Ref = Annotated[str | None, Query(min_length=1, max_length=300, description=REF)]
Commit = Annotated[str | None, Query(min_length=4, max_length=40, description=COMMIT)]
FilePath = Annotated[str, Query(min_length=1, max_length=1024, description=PATH)]
FolderPath = Annotated[str, Query(max_length=1024, description=PATH)]
Compared = Annotated[
    str,
    Query(min_length=1, max_length=300, description="A branch, a tag or a commit, as `ref` is."),
]


def _functions(request: Request) -> Functions:
    functions: Functions = request.app.state.functions
    return functions


@router.get("/refs", operation_id="listRefs")
def list_refs(
    repository_id: RepositoryId, browser: BrowserDep, asked: Annotated[RefQuery, Query()]
) -> RefPage:
    """Branches and tags with their commits, newest first, as the remote has them now."""
    return contents.list_refs(browser, repository_id, asked)


@router.get("/commits", operation_id="listCommits")
def list_commits(
    repository_id: RepositoryId, browser: BrowserDep, asked: Annotated[CommitQuery, Query()]
) -> CommitPage:
    """The commits of a ref, newest first."""
    return contents.list_commits(browser, repository_id, asked)


@router.get("/tree", operation_id="listTree")
def list_tree(
    repository_id: RepositoryId, browser: BrowserDep, asked: Annotated[TreeQuery, Query()]
) -> TreePage:
    """The entries of one folder at a commit."""
    return contents.list_tree(browser, repository_id, asked)


@router.get("/file", operation_id="readFile")
def read_file(
    repository_id: RepositoryId,
    browser: BrowserDep,
    path: FilePath,
    ref: Ref = None,
    commit: Commit = None,
) -> FileResponse:
    """A file at a commit. Links are shown as what they say, and never followed."""
    place = browser.place(repository_id, ref, commit)
    return contents.read_file(browser, place, path)


@router.get("/readme", operation_id="readReadme")
def read_readme(
    repository_id: RepositoryId,
    browser: BrowserDep,
    path: FolderPath = "",
    ref: Ref = None,
    commit: Commit = None,
) -> ReadmeResponse:
    """The README of a folder, the root by default."""
    place = browser.place(repository_id, ref, commit)
    return contents.read_readme(browser, place, path)


@router.get("/diff", operation_id="compareCommits")
def compare_commits(
    repository_id: RepositoryId,
    browser: BrowserDep,
    base: Compared,
    head: Compared,
    path: FolderPath = "",
) -> DifferenceResponse:
    """What differs between two commits: files, and unified text."""
    before, after = (browser.place(repository_id, ref) for ref in (base, head))
    return contents.compare(browser, before, after, path)


@router.get("/functions", operation_id="listFunctions", response_model=FunctionPage)
def list_functions(
    repository_id: RepositoryId,
    functions: Annotated[Functions, Depends(_functions)],
    asked: Annotated[FunctionQuery, Query()],
) -> Response:
    """Every function at the top of a Python file, or of all of them, found without importing
    anything. A file that cannot be parsed is listed with the reason and the line."""
    return Response(functions.page(repository_id, asked), media_type="application/json")
