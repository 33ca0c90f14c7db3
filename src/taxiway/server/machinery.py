"""The moving parts of the service, put together: what makes releases, publishes and follows runs."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from taxiway.errors import TaxiwayError, Unavailable
from taxiway.git.mirror import Mirror
from taxiway.git.url import RepositoryUrl
from taxiway.redaction import Secret
from taxiway.server.cleanup.janitor import Janitor
from taxiway.server.cleanup.retention import Retention
from taxiway.server.credentials.keyring import Keyrings
from taxiway.server.database import Database, ReleaseRow, WorkflowRow, after_commit
from taxiway.server.notifications.courier import Courier
from taxiway.server.notifications.messages import Links
from taxiway.server.notifications.outbox import Outbox
from taxiway.server.orchestrator.airflow import AirflowOrchestrator
from taxiway.server.orchestrator.airflow_http import AirflowSession
from taxiway.server.orchestrator.port import Orchestrator
from taxiway.server.publishing.publisher import Publisher
from taxiway.server.publishing.reconciler import Reconciler
from taxiway.server.publishing.retirement import Retirement
from taxiway.server.publishing.signals import Signals
from taxiway.server.pushes.arrivals import Arrivals
from taxiway.server.pushes.follower import Follower
from taxiway.server.pushes.heads import Heads
from taxiway.server.releases.current import CurrentReleases
from taxiway.server.releases.deployer import Deployer
from taxiway.server.releases.prepare import Workshop
from taxiway.server.releases.records import release_of
from taxiway.server.releases.rollback import Rollback
from taxiway.server.releases.schedule import renewed
from taxiway.server.runs.mirror import RunMirror
from taxiway.server.runs.records import Records
from taxiway.server.settings import Settings
from taxiway.server.vault.vault import Vault
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

RETIRE_SECONDS = 10.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Machinery:
    """One per server process; `start` takes up what an earlier process left undone."""

    database: Database
    storage: Storage
    shop: Workshop
    orchestrator: Orchestrator
    signals: Signals
    publisher: Publisher
    current: CurrentReleases
    keyrings: Keyrings
    deployer: Deployer
    retirement: Retirement
    reconciler: Reconciler
    mirror: RunMirror
    outbox: Outbox
    courier: Courier
    rollback: Rollback
    follower: Follower
    heads: Heads
    janitor: Janitor

    def start(self) -> None:
        self.deployer.start()
        self.reconciler.start()
        self.mirror.start()
        self.courier.start()
        self.follower.start()
        self.janitor.start()

    def stop(self) -> None:
        self.follower.stop()
        self.janitor.stop()
        self.deployer.stop()
        self.reconciler.stop()
        self.mirror.stop()
        self.courier.stop()
        self.orchestrator.close()

    def activity_changed(self, session: Session, workflow: WorkflowRow) -> None:
        """`is_active` acts at once: the current release is shown again, with or without its
        schedule. What was missed meanwhile is made up only where `catchup` asks for it."""
        row = session.get(ReleaseRow, workflow.current_release_id or "")
        release = release_of(row) if row else None
        if release is None:
            return
        if workflow.is_active:
            missed_count = release.workflow.catchup
            workflow.schedule_from = workflow.created_at if missed_count else renewed()
        self.current.owe(session, workflow.id)
        workflow_id = workflow.id
        after_commit(session, lambda: self._show_again(workflow_id))

    def _show_again(self, workflow_id: str) -> None:
        """At once if it can be; it is on record as owed, so the reconciler goes on with it."""
        try:
            self.current.republish(workflow_id)
            self.publisher.publish()
        except TaxiwayError as error:
            log.warning("republish-waits", code=error.code, reason=error.message)
        self.signals.wake()

    def retire(self, workflow: WorkflowRow, *, cancel: bool) -> None:
        """Wait for Airflow to forget the workflow, but not long, and not while Airflow does not
        answer: the reconciler goes on by itself."""
        deadline = time.monotonic() + RETIRE_SECONDS
        self.signals.wake()
        done = self.retirement.begin(workflow.id)
        while not done and time.monotonic() < deadline and not self.reconciler.is_stalled:
            self.signals.wait_for_news(0.1)
            with self.database.reading() as session:
                done = session.get_one(WorkflowRow, workflow.id).retired_at is not None


def assemble(
    settings: Settings,
    database: Database,
    vault: Vault,
    orchestrator: Orchestrator | None = None,
) -> Machinery:
    """The parts for these settings; an orchestrator that is given stands in for Airflow."""
    storage = Storage(settings.storage_url)
    shop = _workshop(settings, storage)
    keyrings = Keyrings(database, vault, shop.git)
    port: Orchestrator = orchestrator or airflow(settings)
    signals = Signals()
    publisher = Publisher(database, storage)
    outbox = Outbox(_links(settings), has_default=settings.notify_url is not None)
    current = CurrentReleases(database, storage, publisher, signals, outbox)
    mirror = RunMirror(database, port, outbox, Records(storage, port))
    deployer = Deployer(database, shop, current, signals, outbox, keyrings=keyrings)
    mirror_of = partial(_mirror_of, shop, keyrings)
    arrivals = Arrivals(database, deployer, outbox)
    retirement = Retirement(database, publisher, port, current, mirror.update)
    return Machinery(
        database=database,
        storage=storage,
        shop=shop,
        orchestrator=port,
        signals=signals,
        publisher=publisher,
        current=current,
        keyrings=keyrings,
        deployer=deployer,
        retirement=retirement,
        reconciler=Reconciler(database, publisher, port, current, retirement, signals),
        mirror=mirror,
        outbox=outbox,
        janitor=_janitor(settings, database, shop, port, keyrings),
        rollback=Rollback(database, storage, current, publisher),
        follower=Follower(database, mirror_of, arrivals, settings.push_interval),
        heads=Heads(database, mirror_of),
        courier=Courier(database, outbox, settings.git_policy(), settings.notify_url),
    )


def _workshop(settings: Settings, storage: Storage) -> Workshop:
    return Workshop(
        storage=storage,
        cache=Cache(settings.cache_dir),
        git=settings.git_policy(),
        packages=settings.package_policy(),
    )


def _janitor(
    settings: Settings, database: Database, shop: Workshop, port: Orchestrator, keyrings: Keyrings
) -> Janitor:
    return Janitor(
        database,
        shop.storage,
        shop.cache,
        port,
        Retention(settings.keep_releases, settings.keep_release_days, settings.keep_run_days),
        partial(_mirror_key, shop, keyrings),
        hours=settings.cleanup_hours,
    )


def _mirror_of(shop: Workshop, keyrings: Keyrings, workflow: WorkflowRow) -> Mirror:
    """The workflow's repository, read as the workflow reads it: by what its row says, so that
    a pass over many repositories reads none of them twice."""
    policy = keyrings.for_repository(
        workflow.git_repository,
        workflow.git_credential_id,
        reader=f"the workflow {workflow.name}",
    )
    return Mirror(shop.cache, RepositoryUrl.parse(workflow.git_repository or ""), policy)


def _mirror_key(shop: Workshop, keyrings: Keyrings, workflow_id: str, repository: str) -> str:
    """The name of the mirror through which the workflow reads, or has read, a repository."""
    policy = keyrings.for_workflow(workflow_id, repository)
    return Mirror(shop.cache, RepositoryUrl.parse(repository), policy).key


def _links(settings: Settings) -> Links:
    return Links(settings.link_url, settings.airflow_url)


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
