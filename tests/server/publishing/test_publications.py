"""Generations: given out in order, written without gaps, equal from every server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from taxiway.release.render import Dag
from taxiway.server.database import Database, GenerationRow, ReleaseRow, WorkflowRow
from taxiway.server.publishing import publications
from taxiway.server.publishing.publisher import Publisher
from taxiway.storage.bundles import bundle_key, current_generation, read_bundle, read_shard
from taxiway.storage.bundles import shard_of as shard
from taxiway.storage.store import Storage

pytestmark = pytest.mark.integration


@pytest.fixture
def both(made_database: str) -> Iterator[Database]:
    database = Database(made_database)
    yield database
    database.close()


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(f"file://{tmp_path}/storage")


def release(database: Database, name: str) -> tuple[WorkflowRow, ReleaseRow]:
    with database.writing() as session:
        workflow = WorkflowRow(name=name, dag_id=name)
        session.add(workflow)
        session.flush()
        row = ReleaseRow(workflow_id=workflow.id, number=1, digest=name * 8, state="publishing")
        session.add(row)
    return workflow, row


def show(database: Database, workflow: WorkflowRow, row: ReleaseRow | None, dag: str) -> int:
    made = Dag(b"", dag, f"dag-{dag}") if row else None
    with database.writing() as session:
        locked = publications.lock_workflow(session, workflow.id)
        return publications.record(session, locked, row, made).generation


def test_numbers_given_out_by_eight_threads_have_no_gap_and_no_double(
    both: Database, storage: Storage
) -> None:
    made = [release(both, f"w{number}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        batches = pool.map(lambda pair: [show(both, *pair, f"d{n}") for n in range(5)], made)
        numbers = [number for batch in batches for number in batch]
    assert sorted(numbers) == list(range(1, 41))
    Publisher(both, storage).publish()
    assert current_generation(storage) == 40
    entries = {
        name: entry.dag
        for digest in read_bundle(storage, 40).values()
        for name, entry in read_shard(storage, digest).items()
    }
    assert entries == {f"w{number}": "d4" for number in range(8)}


def test_two_servers_that_publish_at_once_write_the_same_generations(
    both: Database, storage: Storage, tmp_path: Path
) -> None:
    pairs = [release(both, f"w{number}") for number in range(4)]
    for number in range(3):
        for pair in pairs:
            show(both, *pair, f"d{number}")
    alone = Storage(f"file://{tmp_path}/alone")
    Publisher(both, alone).publish()
    servers = [Publisher(both, storage) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda server: server.publish(), servers))
    for number in range(1, 13):
        assert storage.get(bundle_key(number)) == alone.get(bundle_key(number))


def test_what_was_decided_and_not_written_is_written_at_the_next_start(
    both: Database, storage: Storage
) -> None:
    first, second = release(both, "one"), release(both, "two")
    show(both, *first, "d1")
    Publisher(both, storage).publish()
    show(both, *second, "d2")  # killed here
    show(both, first[0], None, "")
    assert current_generation(storage) == 1
    Publisher(both, storage).publish()
    assert current_generation(storage) == 3
    assert list(read_bundle(storage, 2)) == sorted([shard("one"), shard("two")])
    assert list(read_bundle(storage, 3)) == [shard("two")]


def test_a_database_that_is_older_than_the_storage_goes_on_above_it(
    both: Database, storage: Storage
) -> None:
    workflow, row = release(both, "one")
    for number in range(1, 6):
        storage.put(bundle_key(number), b'{"generation": 0, "shards": {}}')
    publisher = Publisher(both, storage)
    with both.writing() as session:
        publications.record(session, workflow, row, Dag(b"", "d", "t"), above=publisher.highest)
    publisher.publish()
    assert current_generation(storage) == 6
    with both.reading() as session:
        assert [g.number for g in session.query(GenerationRow)] == [6]


def test_a_later_generation_settles_the_earlier_ones(both: Database) -> None:
    workflow, row = release(both, "one")
    show(both, workflow, row, "d1")
    show(both, workflow, row, "d2")
    with both.reading() as session:
        [open_row] = publications.unconfirmed(session)
        assert open_row.generation == 2
    with both.writing() as session:
        publications.confirm(session, open_row)
    with both.reading() as session:
        assert publications.unconfirmed(session) == []


def test_the_release_of_a_run_is_that_of_its_generation(both: Database) -> None:
    workflow, row = release(both, "one")
    show(both, *release(both, "other"), "x")
    show(both, workflow, row, "d1")
    with both.writing() as session:
        later = ReleaseRow(workflow_id=workflow.id, number=2, digest="e", state="publishing")
        session.add(later)
    show(both, workflow, later, "d2")
    with both.reading() as session:
        found = [publications.release_at(session, workflow.id, n) for n in (1, 2, 3, 9)]
    assert found == [None, row.id, later.id, later.id]


def test_a_twin_that_is_published_while_the_first_is_confirmed_is_settled_too(
    both: Database,
) -> None:
    workflow, row = release(both, "one")
    show(both, workflow, row, "d1")
    with both.reading() as session:
        [publication] = publications.unconfirmed(session)

    def confirm() -> None:
        with both.writing() as session:
            publications.confirm(session, publication)

    confirming = threading.Thread(target=confirm)
    with both.writing() as session:
        publications.lock_workflow(session, workflow.id)
        twin = ReleaseRow(workflow_id=workflow.id, number=2, state="publishing", generation=1)
        session.add(twin)
        session.flush()
        confirming.start()
        confirming.join(0.3)
        assert confirming.is_alive()
    confirming.join()
    with both.reading() as session:
        assert session.get_one(ReleaseRow, twin.id).state == "ready"
