"""The tables, one file a noun."""

from taxiway.server.database.tables.audit import AuditRow
from taxiway.server.database.tables.base import Base, new_id, now
from taxiway.server.database.tables.credentials import CredentialRow, KnownHostRow, SecretKeyRow
from taxiway.server.database.tables.cursors import CursorRow
from taxiway.server.database.tables.heads import HeadRow
from taxiway.server.database.tables.notifications import NotificationRow
from taxiway.server.database.tables.publications import GenerationRow, PublicationRow
from taxiway.server.database.tables.releases import ReleaseRow
from taxiway.server.database.tables.repositories import RepositoryRow
from taxiway.server.database.tables.requests import RequestRow
from taxiway.server.database.tables.resolutions import ResolutionRow
from taxiway.server.database.tables.runs import RunRow
from taxiway.server.database.tables.task_runs import MetricRow, TaskRunRow
from taxiway.server.database.tables.tasks import TaskRow
from taxiway.server.database.tables.watches import WatchRow
from taxiway.server.database.tables.workflows import WorkflowRow

__all__ = [
    "AuditRow",
    "Base",
    "CredentialRow",
    "CursorRow",
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
    "new_id",
    "now",
]
