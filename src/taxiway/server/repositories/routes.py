"""`/repositories`: registering, finding, and looking at the remote."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from taxiway.git.policy import check
from taxiway.git.url import RepositoryUrl
from taxiway.server.dependencies import Reading, SettingsDep, Writing
from taxiway.server.paging import Page
from taxiway.server.pushes.follower import Follower
from taxiway.server.repositories import service
from taxiway.server.repositories.browser import Browser
from taxiway.server.repositories.listing import RepositoryQuery
from taxiway.server.repositories.schemas import RepositoryCreate, RepositoryResponse

router = APIRouter(prefix="/api/v1/repositories", tags=["repositories"])

RepositoryId = Annotated[str, Path(description="UUID of the repository.")]


def _browser(request: Request) -> Browser:
    browser: Browser = request.app.state.browser
    return browser


BrowserDep = Annotated[Browser, Depends(_browser)]


@router.post(
    "",
    status_code=201,
    operation_id="registerRepository",
    responses={200: {"model": RepositoryResponse, "description": "It was registered before."}},
)
def register_repository(
    body: RepositoryCreate, session: Writing, settings: SettingsDep, response: Response
) -> RepositoryResponse:
    """Register a repository, or find it by its URL. No network is touched."""
    url = RepositoryUrl.parse(body.url)
    if url.scheme == "file":
        check(url, settings.git_policy())
    if body.git_credential_id is not None:
        service.require_fitting(session, url, body.git_credential_id)
    row, is_new = service.register(session, url, body.git_credential_id)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/api/v1/repositories/{row.id}"
    return RepositoryResponse.model_validate(row)


@router.get("", operation_id="listRepositories")
def list_repositories(
    session: Reading, asked: Annotated[RepositoryQuery, Query()]
) -> Page[RepositoryResponse]:
    """The repositories that are registered; those of workflows register themselves."""
    return service.list_page(session, asked)


@router.get("/{repository_id}", operation_id="getRepository")
def get_repository(repository_id: RepositoryId, session: Reading) -> RepositoryResponse:
    """One repository, as it was last seen."""
    return RepositoryResponse.model_validate(service.get(session, repository_id))


@router.post("/{repository_id}/refresh", operation_id="refreshRepository")
def refresh_repository(
    repository_id: RepositoryId, browser: BrowserDep, request: Request
) -> RepositoryResponse:
    """Look at the remote now: its branches, its tags, its default branch. Workflows that follow a
    branch of it are looked after at once, too."""
    row = browser.refresh(repository_id)
    follower: Follower = request.app.state.machinery.follower
    follower.hint(row.url)
    return RepositoryResponse.model_validate(row)
