"""How far readers have come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from taxiway.server.database.tables.base import Base


class CursorRow(Base):
    """How far something that reads in order has come, so that it goes on there after a restart."""

    __tablename__ = "cursors"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    moment: Mapped[datetime]
