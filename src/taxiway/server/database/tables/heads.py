"""What was last seen at the branches of workflows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from taxiway.server.database.tables.base import Base, now


class HeadRow(Base):
    """The head of the branch that a workflow names, when somebody last looked at it.

    `git_repository` and `branch` are those that were looked at: a workflow that names others since
    then has not been looked at. `behind` counts the commits that `commit` has and `base`, the
    commit of the release that was current then, has not; null: not counted.
    """

    __tablename__ = "heads"
    __table_args__ = (Index("ix_heads_commit", "commit"),)

    workflow_id: Mapped[str] = mapped_column(ForeignKey("workflows.id"), primary_key=True)
    git_repository: Mapped[str] = mapped_column(String(500))
    branch: Mapped[str] = mapped_column(String(255))
    commit: Mapped[str] = mapped_column(String(64))
    base: Mapped[str | None] = mapped_column(String(64))
    behind: Mapped[int | None]
    seen_at: Mapped[datetime] = mapped_column(default=now)
