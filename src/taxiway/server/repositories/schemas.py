"""What the API says of repositories and of what stands in them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from taxiway.server.fields import Text
from taxiway.server.paging import Page

ATTRIBUTES = ConfigDict(from_attributes=True)


class RepositoryCreate(BaseModel):
    """A Git remote to register, or to find again."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"url": "https://github.com/your-org/digits.git"}]},
    )

    url: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        description="Its address, like https://github.com/group/name.git."
    )
    git_credential_id: Text = Field(
        None, description="The credential to read it with; left out: the one that it has, or none."
    )


class RepositoryResponse(BaseModel):
    """A repository, and what was last seen of it."""

    model_config = ATTRIBUTES

    id: str = Field(description="UUID.")
    url: str = Field(description="Its canonical address: equal for equal repositories.")
    git_credential_id: str | None = Field(description="The credential that it is read with.")
    default_branch: str | None = Field(description="As last seen; null: not seen yet, or none.")
    looked_at: datetime | None = Field(description="When the remote was last asked.")
    problem: dict[str, Any] | None = Field(
        description="Why the last look at the remote failed: code, message, hint."
    )
    created_at: datetime = Field(description="When it was registered.")
    updated_at: datetime = Field(description="When this record last changed.")


class RefResponse(BaseModel):
    """A branch or a tag. Author, time and subject are those of its commit."""

    kind: Literal["branch", "tag"] = Field(description="What it is.")
    name: str = Field(description="Its name, like main or v1.2.")
    full_name: str = Field(description="Its full name, which tells a branch from a tag.")
    commit: str = Field(description="The full id of the commit that it names now.")
    is_default: bool = Field(description="Whether it is the default branch.")
    author: str | None = Field(description="Null, with the next three, where it is not known.")
    authored_at: datetime | None = Field(description="When it was written.")
    committed_at: datetime | None = Field(description="When it was made; the order of this list.")
    subject: str | None = Field(description="The first line of the message.")


class RefPage(Page[RefResponse]):
    """Branches and tags, and which branch is the default."""

    default_branch: str | None = Field(description="The branch that the remote's HEAD names.")


class CommitResponse(BaseModel):
    """A commit."""

    commit: str = Field(description="Its full id.")
    author: str = Field(description="Who wrote it.")
    author_email: str = Field(description="Their address, as Git has it.")
    authored_at: datetime = Field(description="When it was written.")
    committed_at: datetime = Field(description="When it was made.")
    subject: str = Field(description="The first line of the message.")
    message: str = Field(description="The whole message.")
    parents: list[str] = Field(description="The commits before it.")


class CommitPage(Page[CommitResponse]):
    """Commits of a ref. They are not counted: `total` is null."""

    ref: str | None = Field(description="The full name of the ref; null for a bare commit.")
    head: str = Field(description="The commit that the list begins at, on every page of it.")


class EntryResponse(BaseModel):
    """One entry of a folder."""

    model_config = ATTRIBUTES

    name: str = Field(description="Its name; bytes that are not UTF-8 are shown as \\xff.")
    path: str = Field(description="Its path from the root.")
    kind: Literal["file", "folder", "link", "submodule"] = Field(description="What it is.")
    id: str = Field(description="Git's id of its content; of a submodule, the commit.")
    mode: str = Field(description="Git's mode, like 100644.")
    size: int | None = Field(description="Bytes of a file or a link's text; else null.")
    target: str | None = Field(description="What a link says. It is never followed.")


class TreePage(Page[EntryResponse]):
    """The entries of a folder at a commit."""

    commit: str = Field(description="The commit that was read.")
    ref: str | None = Field(description="The full name of the ref that led to it.")
    path: str = Field(description="The folder; empty: the root.")


class FileResponse(BaseModel):
    """A file at a commit. `text` is null where there is none to show: the flags say why."""

    commit: str = Field(description="The commit that was read.")
    ref: str | None = Field(description="The full name of the ref that led to it.")
    path: str = Field(description="Its path from the root.")
    kind: Literal["file", "link"] = Field(description="A link's text is its target.")
    id: str = Field(description="Git's id of the content.")
    mode: str = Field(description="Git's mode, like 100644.")
    size: int = Field(description="Bytes.")
    encoding: str | None = Field(
        description="utf-8, utf-16, utf-32, or latin-1 for what is none of them; null: no text."
    )
    text: str | None = Field(description="The content, decoded.")
    lines: int | None = Field(description="How many lines the text has.")
    is_binary: bool = Field(description="It is no text.")
    is_too_large: bool = Field(description="It is over `limit`, and was not read.")
    limit: int = Field(description="Bytes of a file that are shown.")
    lfs_size: int | None = Field(
        description="Set where it is a pointer of Git LFS: the bytes of the file it stands for."
    )


class ReadmeResponse(FileResponse):
    """The README of a folder."""

    format: Literal["markdown", "rst", "text"] = Field(description="How it is written.")


class DifferenceFile(BaseModel):
    """One file that differs."""

    model_config = ATTRIBUTES

    path: str = Field(description="Its path in `head`; in `base` where it is deleted.")
    old_path: str | None = Field(description="Where it was, if it was renamed.")
    status: Literal["added", "deleted", "modified", "renamed", "type-changed"] = Field(
        description="What became of it."
    )
    old_id: str | None = Field(description="Git's id of the content in `base`.")
    new_id: str | None = Field(description="Git's id of the content in `head`.")
    additions: int = Field(description="Lines that came.")
    deletions: int = Field(description="Lines that went.")
    text: str | None = Field(description="The change as unified text.")
    omitted: Literal["binary", "too-large", "submodule"] | None = Field(
        description="Why there is no text, where the content differs."
    )


class DifferenceResponse(BaseModel):
    """What differs between two commits."""

    base: str = Field(description="The commit that is compared with.")
    head: str = Field(description="The commit that is told of.")
    files: list[DifferenceFile] = Field(description="The files, by path; at most 3,000.")
    text: str = Field(description="All of it as unified text.")
    additions: int = Field(description="Lines that came.")
    deletions: int = Field(description="Lines that went.")
    is_truncated: bool = Field(
        description="There is more: over 3,000 files, a file over 512 kB, or a megabyte of text."
    )
