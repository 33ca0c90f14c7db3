"""What the API takes and gives for a workflow; these descriptions are the API's documentation."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict

from taxiway.errors import Invalid
from taxiway.git.names import check_path
from taxiway.git.url import RepositoryUrl
from taxiway.server.fields import (
    EmptyIsNull,
    Env,
    FieldRefused,
    Name,
    Schedule,
    Secrets,
    Text,
    Timezone,
    UpTo500,
    default,
)
from taxiway.server.notifications.address import NotifyAddress
from taxiway.server.releases.heads import Behind
from taxiway.server.workflows.standing import Hold, LastRun, Push, RecentRun

Policy = Literal["on_deploy", "pinned", "on_push"]

_COMMIT = re.compile(r"[0-9a-fA-F]{40}")
_WEB_USERINFO = re.compile(r"\s*https?:[/\\]*[^/\\?#]*@", re.IGNORECASE)
_SCP = re.compile(r"[^/:@\s]+@[^/:@\s]+:[^\n]*")
_PASSWORD = re.compile(r"(?:[^/?#]*:)?[/\\]*[^/\\?#@]*:[^/?#]*@")

EXAMPLE: JsonDict = {
    "name": "my_ml_pipeline",
    "description": "ML Pipeline from Git",
    "schedule": "@daily",
    "is_active": True,
    "git_repository": "https://github.com/org/ml-repo.git",
    "git_branch": "main",
}


def _repository(value: str | None) -> str | None:
    """Refuse credentials in the address, without repeating them: they would be stored and shown."""
    if value is not None and (_WEB_USERINFO.match(value) or _PASSWORD.match(value)):
        raise FieldRefused(
            Invalid(
                "git-repository-has-credentials",
                "The repository's address holds credentials",
                hint="Leave out what stands before the @; credentials are not part of an address."
                " Make a credential, and name it in git_credential_id.",
            )
        )
    return _spelled(value)


def _spelled(value: str | None) -> str | None:
    """`git@host:path` in its other spelling; the rest stays as people wrote it."""
    if value is None or not _SCP.fullmatch(value):
        return value
    try:
        return RepositoryUrl.parse(value).text
    except Invalid as error:
        raise FieldRefused(error) from None


def _subdirectory(value: str | None) -> str | None:
    """Without the slash that shells add; the root itself is no folder."""
    plain = (value or "").removeprefix("./").rstrip("/")
    try:
        return check_path(plain) if plain not in ("", ".") else None
    except Invalid as error:
        raise FieldRefused(error) from None


def _unique(value: list[str]) -> list[str]:
    return list(dict.fromkeys(value))


GroupName = Annotated[
    str, Field(max_length=100, pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")
]


def _notify_url(value: str | None) -> str | None:
    try:
        return NotifyAddress.parse(value).text if value is not None else None
    except Invalid as error:
        raise FieldRefused(error) from None


def _commit(value: str | None) -> str | None:
    if value is not None and not _COMMIT.fullmatch(value):
        raise FieldRefused(
            Invalid(
                "commit-refused",
                f"{value[:64]!r} is not a full commit id",
                hint="Give all 40 hexadecimal digits, as `git rev-parse HEAD` prints them; the `ref`"
                " of a deploy takes the beginning of one, too.",
            )
        )
    return value.lower() if value is not None else None


Repository = Annotated[UpTo500 | None, EmptyIsNull, AfterValidator(_repository)]
Commit = Annotated[
    str | None, EmptyIsNull, AfterValidator(_commit), Field(json_schema_extra={"maxLength": 40})
]
Subdirectory = Annotated[UpTo500 | None, EmptyIsNull, AfterValidator(_subdirectory)]
Groups = Annotated[list[GroupName], Field(max_length=20), AfterValidator(_unique)]
NotifyUrl = Annotated[UpTo500 | None, EmptyIsNull, AfterValidator(_notify_url)]
Branch = Annotated[str, default("main"), Field(max_length=255)]
CredentialId = Annotated[Annotated[str, Field(max_length=36)] | None, EmptyIsNull]
AuthType = Annotated[str, default("none"), Field(max_length=50)]
MaxRuns = Annotated[int, Field(ge=1, le=1000)]
PolicyField = Annotated[Policy | None, BeforeValidator(lambda given: given or None)]

_D: dict[str, str] = {
    "name": "Shown name; the DAG id is made from the first one.",
    "description": "Free text, any Unicode.",
    "schedule": "Five cron fields or a preset like `@daily`; null: started by hand only.",
    "timezone": "IANA time zone that the schedule is meant in.",
    "catchup": "Whether runs that were missed are made up for.",
    "max_active_runs": "How many runs may be in progress at once.",
    "is_active": "False clears the schedule at once; runs by hand go on working.",
    "git_repository": "Address of the Git repository, without credentials.",
    "git_branch": (
        "The branch, or the tag, that deploys look at. Where both have the name it is the branch;"
        " `refs/tags/…` says the tag."
    ),
    "git_subdirectory": (
        "The folder of the repository that is the workflow's own, like `services/training`:"
        " `script_path` and the requirements are relative to it, and only it is sealed."
        " null: the whole repository."
    ),
    "git_commit_sha": (
        "The commit, 40 hex digits. One that differs from the stored one pins the workflow to it;"
        " null goes back to the branch's head at each deploy; deploys write it back."
    ),
    "git_auth_type": "How to log in to the Git host: `none`, `token` or `ssh`, as the credential.",
    "git_credential_id": (
        "UUID of the credential for the repository's host; it brings its `git_auth_type` along."
    ),
    "git_update_policy": "Which commit a deploy takes: on_deploy, pinned or on_push.",
    "requirements": "Text like requirements.txt, used where the repository has none.",
    "dependency_groups": (
        "Groups of the repository's pyproject.toml that tasks need besides its dependencies:"
        " names in [dependency-groups] or [project.optional-dependencies]."
    ),
    "env": "Environment variables of every task.",
    "secrets": "Environment variable → `variable:NAME` or `connection:ID` of Airflow, for every "
    "task. The text is read when a task starts, and masked in its log.",
    "warm": "Whether tasks may be forked from warm processes, which have their packages imported,"
    " where they do not say it themselves; null: as the workers are set.",
    "notify_url": (
        "Address that is told of failed runs, of the first success after them and of failed"
        " deploys; null: the server's. Acts at once."
    ),
}


class WorkflowFields(BaseModel):
    """What a workflow may be given, now or later."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Name = Field("", description=_D["name"])
    description: str | None = Field(None, description=_D["description"])
    schedule: Schedule = Field(None, description=_D["schedule"])
    timezone: Timezone = Field("UTC", description=_D["timezone"])
    catchup: bool = Field(False, description=_D["catchup"])
    max_active_runs: MaxRuns = Field(1, description=_D["max_active_runs"])
    is_active: bool = Field(True, description=_D["is_active"])
    git_repository: Repository = Field(None, description=_D["git_repository"])
    git_branch: Branch = Field("main", description=_D["git_branch"])
    git_commit_sha: Commit = Field(None, description=_D["git_commit_sha"])
    git_subdirectory: Subdirectory = Field(None, description=_D["git_subdirectory"])
    git_auth_type: AuthType = Field("none", description=_D["git_auth_type"])
    git_credential_id: CredentialId = Field(None, description=_D["git_credential_id"])
    git_update_policy: PolicyField = Field(None, description=_D["git_update_policy"])
    requirements: Text = Field(None, description=_D["requirements"])
    dependency_groups: Groups = Field(default_factory=list, description=_D["dependency_groups"])
    env: Env = Field(default_factory=dict, description=_D["env"])
    secrets: Secrets = Field(default_factory=dict, description=_D["secrets"])
    warm: bool | None = Field(None, description=_D["warm"])
    notify_url: NotifyUrl = Field(None, description=_D["notify_url"])


class WorkflowCreate(WorkflowFields):
    """A new workflow. Nothing is fetched or run before its first deploy."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: Name = Field(description=_D["name"])
    git_update_policy: PolicyField = Field(
        None, description=_D["git_update_policy"] + " Default on_deploy, or pinned with a commit."
    )


class WorkflowUpdate(WorkflowFields):
    """What shall change; fields that are left out stay. PUT and PATCH mean the same.

    The read-only fields of the answer are taken too, so that get, edit, put works: `id` and
    `dag_id` have to be those of the workflow, the others are passed over.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"schedule": "30 6 * * 1-5"}]})

    id: str | None = Field(None, description="Read-only.")
    dag_id: str | None = Field(None, description="Read-only.")
    held: Any = Field(None, description="Read-only.")
    hold: Any = Field(None, description="Read-only.")
    push: Any = Field(None, description="Read-only.")
    current_release: Any = Field(None, description="Read-only.")
    undeployed_changes: Any = Field(None, description="Read-only.")
    last_run: Any = Field(None, description="Read-only.")
    recent_runs: Any = Field(None, description="Read-only.")
    next_run: Any = Field(None, description="Read-only.")
    behind: Any = Field(None, description="Read-only.")
    notes: Any = Field(None, description="Read-only.")
    created_at: Any = Field(None, description="Read-only.")
    updated_at: Any = Field(None, description="Read-only.")


class WorkflowResponse(BaseModel):
    """A workflow as it is declared now."""

    id: str = Field(description="UUID.", json_schema_extra={"format": "uuid"})
    name: str = Field(description=_D["name"])
    dag_id: str = Field(description="Its DAG in Airflow; never changes.")
    description: str | None = Field(description=_D["description"])
    schedule: str | None = Field(description=_D["schedule"])
    timezone: str = Field(description=_D["timezone"])
    catchup: bool = Field(description=_D["catchup"])
    max_active_runs: int = Field(description=_D["max_active_runs"])
    is_active: bool = Field(description=_D["is_active"])
    git_repository: str | None = Field(description=_D["git_repository"])
    git_branch: str = Field(description=_D["git_branch"])
    git_commit_sha: str | None = Field(description=_D["git_commit_sha"])
    git_subdirectory: str | None = Field(description=_D["git_subdirectory"])
    git_auth_type: str = Field(description=_D["git_auth_type"])
    git_credential_id: str | None = Field(description=_D["git_credential_id"])
    git_update_policy: Policy = Field(description=_D["git_update_policy"])
    requirements: str | None = Field(description=_D["requirements"])
    dependency_groups: list[str] = Field(description=_D["dependency_groups"])
    env: dict[str, str] = Field(description=_D["env"])
    secrets: dict[str, str] = Field(description=_D["secrets"])
    warm: bool | None = Field(description=_D["warm"])
    notify_url: str | None = Field(description=_D["notify_url"])
    held: bool = Field(description="True after a rollback: nothing deploys until it is resumed.")
    hold: Hold | None = Field(description="By whom and since when it is held; null: it is not.")
    push: Push | None = Field(description="The newest push, where `on_push` follows the branch.")
    current_release: int | None = Field(description="Number of the release that new runs take.")
    undeployed_changes: list[str] = Field(
        description="Fields that differ from the current release, like `tasks.train.params`."
    )
    last_run: LastRun | None = Field(description="Its newest run; null: it never ran.")
    recent_runs: list[RecentRun] = Field(description="Its ten newest runs, newest first.")
    next_run: datetime | None = Field(
        description="When its schedule comes next, as it was deployed; null: it does not."
    )
    behind: Behind | None = Field(
        description="Its branch as it was last seen, and how far the current release is behind it;"
        " null: nobody looked yet."
    )
    notes: list[str] = Field(
        default_factory=list,
        description="What this change did besides, in sentences; in the answer to it only.",
    )
    created_at: datetime = Field(description="When it was created, UTC.")
    updated_at: datetime = Field(description="When it was last changed, UTC.")
