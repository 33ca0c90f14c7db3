"""The database: its engine, its tables and their migrations; SQLite by default, PostgreSQL by URL.

Queries of one noun live with the noun. No HTTP, no Airflow, no files of the storage here.
"""

from taxiway.server.database.engine import Database, after_commit, integrity_conflict
from taxiway.server.database.migrate import upgrade
from taxiway.server.database.tables import (
    AuditRow,
    Base,
    CredentialRow,
    CursorRow,
    GenerationRow,
    HeadRow,
    KnownHostRow,
    MetricRow,
    NotificationRow,
    PublicationRow,
    ReleaseRow,
    RepositoryRow,
    RequestRow,
    ResolutionRow,
    RunRow,
    SecretKeyRow,
    TaskRow,
    TaskRunRow,
    WatchRow,
    WorkflowRow,
    now,
)

__all__ = [
    "AuditRow",
    "Base",
    "CredentialRow",
    "CursorRow",
    "Database",
    "GenerationRow",
    "HeadRow",
    "KnownHostRow",
    "MetricRow",
    "NotificationRow",
    "PublicationRow",
    "ReleaseRow",
    "RepositoryRow",
    "RequestRow",
    "ResolutionRow",
    "RunRow",
    "SecretKeyRow",
    "TaskRow",
    "TaskRunRow",
    "WatchRow",
    "WorkflowRow",
    "after_commit",
    "integrity_conflict",
    "now",
    "upgrade",
]
