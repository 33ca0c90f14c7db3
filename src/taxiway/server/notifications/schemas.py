"""What the API says of notifications."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class NotificationResponse(BaseModel):
    """One notification, and how its delivery went."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="UUID; each delivery of it carries it as `Taxiway-Delivery`.")
    workflow_id: str = Field(description="The workflow that it tells of.")
    event: Literal["run-failed", "run-recovered", "deploy-failed", "test"] = Field(
        description="What it tells: a run failed, the first one after that succeeded, a deploy "
        "failed, or nothing (`notify-test`)."
    )
    state: Literal["pending", "delivered", "failed"] = Field(
        description="`pending` until a 2xx answer; `failed` when it is given up."
    )
    attempts: int = Field(description="How often it was sent.")
    due_at: datetime = Field(description="When it is sent next, while it is pending.")
    status: int | None = Field(description="HTTP status of the last answer; null: none came.")
    error: dict[str, Any] | None = Field(description="Why the last try failed: code, message.")
    body: dict[str, Any] = Field(description="The JSON that is sent.")
    created_at: datetime = Field(description="When it was written down.")
    delivered_at: datetime | None = Field(description="When it was taken.")
