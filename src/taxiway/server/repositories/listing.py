"""What may be asked of the lists of a repository."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from taxiway.server.paging import ListQuery, Search

TREE_LIMIT = 1000

REF = (
    "A branch, a tag, a full commit or the beginning of one; `refs/heads/x` and `refs/tags/x` say "
    "which. Without `ref` and `commit`: the default branch."
)
COMMIT = "A commit; instead of `ref`."
PATH = "From the repository's root, like src/train.py."

RefText = Annotated[str | None, Field(min_length=1, max_length=300, description=REF)]
CommitText = Annotated[str | None, Field(min_length=4, max_length=40, description=COMMIT)]
PathText = Annotated[str, Field(max_length=1024, description=PATH)]


class RepositoryQuery(ListQuery):
    """The parameters of the list of repositories."""

    order_by: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="The order; `-` before it turns it round."
    )
    q: Annotated[
        str | None, Field(max_length=255, description="Only URLs that contain this text.")
    ] = None


class RefQuery(ListQuery):
    """The parameters of the list of refs."""

    order_by: Literal["-committed_at", "name"] = Field(
        "-committed_at", description="Newest first, or by name."
    )
    q: Search = None
    kind: Literal["branch", "tag"] | None = Field(None, description="Only branches, or only tags.")


class CommitQuery(ListQuery):
    """The parameters of the list of commits."""

    order_by: Literal["-committed_at"] = Field("-committed_at", description="Newest first.")
    ref: RefText = None


class TreeQuery(ListQuery):
    """The parameters of the tree of a folder."""

    limit: int = Field(200, ge=1, le=TREE_LIMIT, description="At most so many entries.")
    order_by: Literal["name"] = Field("name", description="Folders first, then by name.")
    ref: RefText = None
    commit: CommitText = None
    path: PathText = ""


class FunctionQuery(ListQuery):
    """The parameters of the list of functions."""

    limit: int = Field(200, ge=1, le=200, description="At most so many files.")
    order_by: Literal["path"] = Field("path", description="By the files' paths.")
    ref: RefText = None
    commit: CommitText = None
    path: PathText = ""
    q: Annotated[
        str | None,
        Field(
            max_length=255,
            description="Only functions whose name, path or summary contains this text.",
        ),
    ] = None
