"""What is asked of runs: to start, to start again, to make up for ticks of the past."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from taxiway.errors import Invalid
from taxiway.server.fields import FieldRefused

_YEARS = range(1970, 2200)


def _utc(moment: datetime) -> datetime:
    try:
        found = moment.astimezone(UTC)
    except OverflowError:
        found = None
    if found is None or found.year not in _YEARS:
        message = f"{moment.isoformat()} is not between {_YEARS[0]} and {_YEARS[-1]}"
        raise FieldRefused(Invalid("moment-refused", message, hint="Check the year."))
    return found


Tick = Annotated[AwareDatetime, AfterValidator(_utc)]
Params = Annotated[
    dict[str, dict[str, Any]],
    Field(
        description="Params by task: they go over those of the release, for this run only.",
        examples=[{"train_model": {"epochs": 3}}],
    ),
]


class RunTrigger(BaseModel):
    """What a run may be given."""

    model_config = ConfigDict(extra="forbid")

    params: Params = {}
    logical_date: Tick | None = Field(
        None,
        description="The moment that the run stands for, with its offset; a DAG has one run for "
        "each. `ds` and `ts` are made from it. Without one, from the moment of the start.",
        examples=["2026-01-31T06:00:00Z"],
    )


class RunRetry(BaseModel):
    """What runs again."""

    model_config = ConfigDict(extra="forbid")

    tasks: list[str] | None = Field(
        None,
        min_length=1,
        max_length=1000,
        description="Names of the tasks to run again, with all that follows them; without it, "
        "those that failed.",
        examples=[["train_model"]],
    )


class BackfillRequest(BaseModel):
    """Which ticks of the schedule are made up for: both ends count."""

    model_config = ConfigDict(extra="forbid")

    from_: Tick = Field(
        alias="from", description="The first moment.", examples=["2026-01-01T00:00:00Z"]
    )
    to: Tick = Field(description="The last moment.", examples=["2026-01-31T00:00:00Z"])
    dry_run: bool = Field(False, description="Only say which runs it would start.")
    params: Params = {}


class BackfillResponse(BaseModel):
    """Runs for ticks of the past that had none."""

    id: int | None = Field(description="The backfill's id in Airflow; null for a dry run.")
    dry_run: bool = Field(description="Whether nothing was started.")
    logical_dates: list[datetime] = Field(description="The ticks that get a run, in order.")
    total: int = Field(description="How many they are.")


class BackfillItem(BaseModel):
    """A backfill that was begun, as Airflow tells it now."""

    model_config = ConfigDict(populate_by_name=True)

    id: int = Field(description="Its id in Airflow.")
    from_: datetime = Field(alias="from", description="The first moment.")
    to: datetime = Field(description="The last moment.")
    params: dict[str, Any] = Field(description="Params by task, as they were given.")
    state: Literal["running", "paused", "ended"] = Field(description="How far it is.")
    created_at: datetime = Field(description="When it was begun, UTC.")
    ended_at: datetime | None = Field(description="When its last run had ended.")


class BackfillList(BaseModel):
    """The backfills of a workflow."""

    items: list[BackfillItem] = Field(description="The newest 100, newest first.")
