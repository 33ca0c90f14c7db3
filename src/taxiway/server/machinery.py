"""The moving parts of the service, put together: what makes releases, publishes and follows runs."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from taxiway.errors import Unavailable
from taxiway.redaction import Secret
from taxiway.server.database import Database, WorkflowRow, after_commit
from taxiway.server.orchestrator.airflow import AirflowOrchestrator
from taxiway.server.orchestrator.airflow_http import AirflowSession
from taxiway.server.orchestrator.port import Orchestrator
from taxiway.server.publishing import retirement
from taxiway.server.publishing.publisher import Publisher
from taxiway.server.publishing.reconciler import Reconciler
from taxiway.server.releases.deployer import Deployer
from taxiway.server.releases.prepare import Workshop
from taxiway.server.releases.schedule import renewed
from taxiway.server.runs.mirror import RunMirror
from taxiway.server.settings import Settings
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

RETIRE_SECONDS = 60.0


@dataclass(frozen=True)
class Machinery:
    """One per server process; `start` takes up what an earlier process left undone."""

    database: Database
    storage: Storage
    orchestrator: Orchestrator
    publisher: Publisher
    deployer: Deployer
    reconciler: Reconciler
    mirror: RunMirror

    def start(self) -> None:
        self.deployer.start(self.reconciler)
        self.reconciler.start()
        self.mirror.start()

    def stop(self) -> None:
        self.deployer.stop()
        self.reconciler.stop()
        self.mirror.stop()

    def activity_changed(self, session: Session, workflow: WorkflowRow) -> None:
        """`is_active` acts at once: the current release is shown again, with or without its
        schedule. What was missed meanwhile is made up only where `catchup` asks for it."""
        if workflow.is_active and not workflow.catchup:
            workflow.schedule_from = renewed()
        workflow_id = workflow.id
        after_commit(session, lambda: self.deployer.republish(workflow_id))

    def retire(self, workflow: WorkflowRow, *, cancel: bool) -> None:
        """Wait until Airflow has forgotten the workflow; past a minute it goes on by itself."""
        deadline = time.monotonic() + RETIRE_SECONDS
        retirement.finish_unpublished(self.database, workflow)
        self.reconciler.wake()
        while time.monotonic() < deadline:
            with self.database.reading() as session:
                if session.get_one(WorkflowRow, workflow.id).retired_at is not None:
                    return
            self.deployer.pause_for_change(0.2)


def assemble(
    settings: Settings, database: Database, orchestrator: Orchestrator | None = None
) -> Machinery:
    """The parts for these settings; an orchestrator that is given stands in for Airflow."""
    storage = Storage(settings.storage_url)
    shop = Workshop(
        storage=storage,
        cache=Cache(settings.cache_dir),
        git=settings.git_policy(),
        packages=settings.package_policy(),
    )
    port: Orchestrator = orchestrator or airflow(settings)
    publisher = Publisher(database, storage)
    deployer = Deployer(database, shop, publisher)
    reconciler = Reconciler(database, publisher, port, changed=deployer.changed)
    mirror = RunMirror(database, port)
    return Machinery(database, storage, port, publisher, deployer, reconciler, mirror)


def airflow(settings: Settings) -> AirflowOrchestrator:
    """Airflow, as the settings name it."""
    username = settings.airflow_username

    def password() -> Secret:
        return _password(settings.airflow_password_file, username)

    return AirflowOrchestrator(AirflowSession(settings.airflow_url, username, password))


def _password(file: Path | None, username: str) -> Secret:
    """Read at each login, because Airflow may have made the file after we started."""
    try:
        if file is None:
            raise FileNotFoundError("airflow_password_file is not set")
        return Secret(str(json.loads(file.read_text())[username]))
    except (OSError, ValueError, KeyError) as error:
        raise Unavailable(
            "airflow-password-missing",
            f"There is no password for Airflow's user {username}",
            hint="Set TAXIWAY_AIRFLOW_PASSWORD_FILE to Airflow's JSON file of passwords.",
        ) from error
