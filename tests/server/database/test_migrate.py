"""Databases of every released schema come up to this one, with what was in them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fastapi.testclient import TestClient
from sqlalchemy import inspect, text

from taxiway.errors import Conflict
from taxiway.server.app import create_app
from taxiway.server.database import Base, upgrade
from taxiway.server.database.engine import as_writer, make_engine
from taxiway.server.database.migrate import config, current_revision, head_revision
from taxiway.server.settings import load_settings

pytestmark = pytest.mark.integration

BASELINE = "a1f0c3d2b4e5"
GIT = "2a3cef5e97c1"

FILL = (
    """INSERT INTO workflows (id, name, description, schedule, is_active) VALUES
       ('w1', 'my_ml_pipeline', 'ünï ✓', '@daily', true),
       ('w2', 'My flow', NULL, NULL, false), ('w3', 'My flow', NULL, NULL, true)""",
    """INSERT INTO tasks
       (id, workflow_id, name, python_callable, params, dependencies, retry_count, retry_delay)
       VALUES
       ('t1', 'w1', 'load', 'def load(): return 1', NULL, '[]', NULL, NULL),
       ('t2', 'w1', 'train', 'def train(epochs): pass', '{"epochs": 3}', '["load"]', 2, 60),
       ('t3', 'w1', 'report', 'def report(): pass', 'null', '["t2", "load"]', 0, 300),
       ('t4', 'w1', 'report', 'def report(): pass', '{}', 'null', 0, 300),
       ('t5', 'w2', 'load', 'def load(): pass', '{}', '[]', 0, 300)""",
)


def run(url: str, *statements: str) -> None:
    engine = make_engine(url)
    with as_writer(engine).begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_a_baseline_with_workflows_and_tasks_comes_up_and_is_read_through_the_api(
    empty_database: str, tmp_path: object
) -> None:
    upgrade(empty_database, BASELINE)
    run(empty_database, *FILL)
    app = create_app(load_settings(home=tmp_path, database_url=empty_database))
    client = TestClient(app, base_url="http://localhost")
    with closing(app.state.database):
        workflows = client.get("/api/v1/workflows/").json()["items"]
        found = {row["id"]: row for row in workflows}
        assert [found[key]["dag_id"] for key in ("w1", "w2", "w3")] == [
            "my_ml_pipeline",
            "my_flow",
            "my_flow_2",
        ]
        first = found["w1"]
        assert first["description"] == "ünï ✓"
        assert (first["schedule"], first["is_active"], first["timezone"]) == ("@daily", True, "UTC")
        assert (first["git_branch"], first["git_auth_type"]) == ("main", "none")
        assert found["w2"]["is_active"] is False
        tasks = client.get("/api/v1/tasks/", params={"workflow_id": "w1"}).json()["items"]
        by_id = {task["id"]: task for task in tasks}
        assert by_id["t1"] | {"name": "load", "params": {}, "retry_delay": 300} == by_id["t1"]
        assert by_id["t2"]["dependencies"] == ["load"]
        assert by_id["t2"]["params"] == {"epochs": 3}
        assert by_id["t3"]["dependencies"] == ["train", "load"]
        assert by_id["t4"]["name"] == "report_2"
        renamed = client.patch("/api/v1/tasks/t1", json={"name": "read"})
        assert renamed.status_code == 200
        assert client.get("/api/v1/tasks/t2").json()["dependencies"] == ["read"]


def test_the_git_revision_adds_exactly_the_fields_of_the_mission(empty_database: str) -> None:
    upgrade(empty_database, BASELINE)
    before = columns(empty_database)
    upgrade(empty_database, GIT)
    after = columns(empty_database)
    added = {table: after[table].keys() - before[table].keys() for table in after}
    assert added.pop("workflows") == {
        "git_repository",
        "git_branch",
        "git_commit_sha",
        "git_auth_type",
    }
    assert added.pop("tasks") == {"script_path", "function_name"}
    assert not any(added.values())
    workflow, task = after["workflows"], after["tasks"]
    assert [str(workflow[name]["type"]) for name in ("git_repository", "git_commit_sha")] == [
        "VARCHAR(500)",
        "VARCHAR(40)",
    ]
    assert before["tasks"]["python_callable"]["nullable"] is False
    assert task["python_callable"]["nullable"] is True


def columns(url: str) -> dict[str, dict[str, dict[str, object]]]:
    engine = make_engine(url)
    look = inspect(engine)
    found = {
        table: {column["name"]: dict(column) for column in look.get_columns(table)}
        for table in look.get_table_names()
    }
    engine.dispose()
    return found


def test_the_models_are_what_the_migrations_make(empty_database: str) -> None:
    upgrade(empty_database)
    engine = make_engine(empty_database)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_each_revision_goes_down_again(empty_database: str) -> None:
    upgrade(empty_database)
    engine = make_engine(empty_database, foreign_keys=False)
    with as_writer(engine).begin() as connection:
        settings = config()
        settings.attributes["connection"] = connection
        command.downgrade(settings, "base")
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
    engine.dispose()


def test_servers_that_start_together_migrate_once(empty_database: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, [empty_database] * 4))
    engine = make_engine(empty_database)
    with engine.connect() as connection:
        assert current_revision(connection) == head_revision()
    engine.dispose()


def test_a_newer_schema_is_refused_and_left_alone(empty_database: str) -> None:
    upgrade(empty_database)
    run(empty_database, "UPDATE alembic_version SET version_num = 'ffff00001111'")
    with pytest.raises(Conflict, match="ffff00001111") as caught:
        upgrade(empty_database)
    assert caught.value.code == "database-newer"


def test_a_migration_that_breaks_leaves_the_database_as_it_was(empty_database: str) -> None:
    upgrade(empty_database, GIT)
    run(empty_database, "CREATE TABLE runs (id INTEGER)")  # stands in the way of the next revision
    with pytest.raises(Exception, match="runs"):
        upgrade(empty_database)
    engine = make_engine(empty_database)
    with engine.connect() as connection:
        assert current_revision(connection) == GIT
        names = {column["name"] for column in inspect(connection).get_columns("workflows")}
        assert "dag_id" not in names
        assert connection.execute(text("SELECT count(*) FROM workflows")).scalar() == 0
    engine.dispose()


def test_a_sqlite_file_is_kept_beside_itself_before_it_is_changed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/taxiway.db"
    upgrade(url)
    assert [path.name for path in tmp_path.glob("*.bak*")] == [], "there was nothing to keep"
    (tmp_path / "taxiway.db").unlink()
    upgrade(url, GIT)
    run(url, "INSERT INTO workflows (id, name) VALUES ('w1', 'kept')")
    upgrade(url)
    backup = tmp_path / f"taxiway.db.{GIT}.bak"
    assert backup.stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob("*.new"))
    before = make_engine(f"sqlite:///{backup}")
    with before.connect() as connection:
        assert current_revision(connection) == GIT
        assert connection.execute(text("SELECT name FROM workflows")).scalar() == "kept"
    before.dispose()


def test_the_repositories_of_workflows_are_registered(empty_database: str) -> None:
    upgrade(empty_database, GIT)
    run(
        empty_database,
        """INSERT INTO workflows (id, name, is_active, git_repository) VALUES
           ('w1', 'one', true, 'https://Git.example.org/a.git'),
           ('w2', 'two', true, 'https://git.example.org:443/a.git/'),
           ('w3', 'three', true, 'no address'), ('w4', 'four', true, NULL)""",
    )
    upgrade(empty_database)
    engine = make_engine(empty_database)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id, url FROM repositories")).all()
    engine.dispose()
    assert [url for _, url in rows] == ["https://git.example.org/a.git"]
    assert len(rows[0][0]) == 36
