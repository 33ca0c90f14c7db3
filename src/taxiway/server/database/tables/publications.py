"""What Airflow shall run, generation by generation."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from taxiway.server.database.tables.base import Base, new_id, now


class GenerationRow(Base):
    """A number given out once, in order: what Airflow shall run."""

    __tablename__ = "generations"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(default=now)


class PublicationRow(Base):
    """What one generation says of one workflow; without a release, that it is gone.

    `confirmed_at`: Airflow was seen to show it, or something newer.
    """

    __tablename__ = "publications"
    __table_args__ = (
        Index("ix_publications_generation_shard", "generation", "shard"),
        Index("ix_publications_shard_dag_id_generation", "shard", "dag_id", "generation"),
        Index("ix_publications_workflow_id_generation", "workflow_id", "generation"),
        Index("ix_publications_confirmed_at", "confirmed_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    generation: Mapped[int] = mapped_column(ForeignKey("generations.number"))
    workflow_id: Mapped[str] = mapped_column(ForeignKey("workflows.id"))
    dag_id: Mapped[str] = mapped_column(String(250))
    shard: Mapped[str] = mapped_column(String(2))
    release_id: Mapped[str | None] = mapped_column(ForeignKey("releases.id"))
    dag_digest: Mapped[str | None] = mapped_column(String(64))
    release_digest: Mapped[str | None] = mapped_column(String(64))
    tag: Mapped[str | None] = mapped_column(String(100))
    confirmed_at: Mapped[datetime | None]
