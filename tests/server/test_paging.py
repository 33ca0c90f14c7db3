"""Every list through the HTTP door: walked in each order, narrowed, counted, and quick."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, insert

from taxiway.server import paging
from taxiway.server.database import (
    Database,
    NotificationRow,
    ReleaseRow,
    RunRow,
    TaskRow,
    WorkflowRow,
)

pytestmark = pytest.mark.integration

START = datetime(2026, 1, 1, tzinfo=UTC)
API = "/api/v1"
LISTS = {
    "/workflows": ("name", "-name", "created_at", "-created_at", "updated_at", "-updated_at"),
    "/tasks": ("created_at", "-created_at", "name", "-name"),
    "/tasks?workflow_id=w00": ("created_at", "-name"),
    "/runs": ("created_at", "-created_at"),
    "/workflows/w00/runs": ("created_at", "-created_at"),
    "/workflows/w00/releases": ("number", "-number"),
    "/workflows/w00/notifications": ("created_at", "-created_at"),
}


def database_of(client: TestClient) -> Database:
    found: Database = client.app.state.database  # type: ignore[attr-defined]
    return found


def fill(client: TestClient, rows: int) -> None:
    """So many workflows, and so many of everything in the first one; moments are shared by two."""

    def moment(number: int) -> datetime:
        return START + timedelta(seconds=number // 2)

    tables: dict[Any, Callable[[int], dict[str, Any]]] = {
        WorkflowRow: lambda n: {
            "id": f"w{n:02}",
            "name": f"name {n * 7 % rows:02}",
            "dag_id": f"dag_{n}",
            "git_repository": f"https://git.example.org/{n % 3}.git",
            "is_active": n % 2 == 0,
            "held": n % 5 == 0,
            "current_release_id": f"r{n:02}" if n < 3 else None,
            "created_at": moment(n),
            "updated_at": moment(rows - n),
        },
        TaskRow: lambda n: {
            "id": f"t{n:02}",
            "workflow_id": "w00",
            "name": f"task_{n * 7 % rows:02}",
            "python_callable": "def f(): ...",
            "created_at": moment(n),
        },
        ReleaseRow: lambda n: {
            "id": f"r{n:02}",
            "workflow_id": "w00",
            "number": n + 1,
            "state": "failed" if n % 4 == 0 else "ready",
        },
        RunRow: lambda n: {
            "id": f"x{n:02}",
            "workflow_id": f"w{0 if n < rows - 2 else n:02}",
            "workflow_name": "digits",
            "dag_id": "dag",
            "airflow_run_id": f"run{n}",
            "release_id": f"r{n % 3 if rows > 2 else 0:02}",
            "state": ("success", "failed", "running")[n % 3],
            "trigger": "schedule" if n % 2 else "manual",
            "created_at": moment(n),
        },
        NotificationRow: lambda n: {
            "id": f"n{n:02}",
            "workflow_id": "w00",
            "event": "run-failed",
            "body": {},
            "state": "delivered" if n % 2 else "pending",
            "attempts": 0,
            "created_at": moment(n),
        },
    }
    with database_of(client).writing() as session:
        for table, row in tables.items():
            session.execute(insert(table), [row(number) for number in range(rows)])


def get(client: TestClient, path: str, **query: Any) -> dict[str, Any]:
    answer = client.get(API + path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def walk(client: TestClient, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        page = get_page(client, path, **query, **cursor)
        assert len(page["items"]) <= query.get("limit", 50)
        yield from page["items"]
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


def get_page(client: TestClient, path: str, **query: Any) -> dict[str, Any]:
    base, _, more = path.partition("?")
    given = dict(pair.split("=") for pair in more.split("&") if pair)
    return get(client, base, **given, **query)


def test_every_list_is_walked_whole_in_every_order(any_client: TestClient) -> None:
    fill(any_client, 30)
    for path, orders in LISTS.items():
        for order in orders:
            whole = get_page(any_client, path, order_by=order, limit=200)
            column = order.removeprefix("-")
            items = whole["items"]
            keys = [(item[column], item["id"]) for item in items]
            assert keys == sorted(keys, reverse=order.startswith("-")), (path, order)
            assert whole["total"] == len(items) >= 28, path
            assert list(walk(any_client, path, order_by=order, limit=13)) == items, (path, order)


def test_rows_that_come_and_go_meanwhile_move_no_other(any_client: TestClient) -> None:
    fill(any_client, 10)
    first = get(any_client, "/workflows", order_by="name", limit=4)
    for name in ("name 00 and before", "name 05 and after"):
        assert any_client.post(f"{API}/workflows", json={"name": name}).status_code == 201
    gone = first["items"][3]["id"]
    assert any_client.delete(f"{API}/workflows/{gone}?cancel=true").status_code == 204
    rest = get(any_client, "/workflows", order_by="name", cursor=first["next_cursor"])
    names = [item["name"] for item in rest["items"]]
    assert names == [f"name {n:02}" for n in (4, 5)] + ["name 05 and after"] + [
        f"name {n:02}" for n in range(6, 10)
    ]


NARROWED: list[tuple[str, dict[str, Any], set[str]]] = [
    ("/workflows", {"q": "E 0"}, {f"w{n:02}" for n in range(12) if n * 7 % 12 < 10}),
    ("/workflows", {"is_active": "false"}, {f"w{n:02}" for n in range(1, 12, 2)}),
    ("/workflows", {"held": "true"}, {"w00", "w05", "w10"}),
    ("/workflows", {"is_deployed": "true"}, {"w00", "w01", "w02"}),
    (
        "/workflows",
        {"git_repository": "https://git.example.org/1.git"},
        {"w01", "w04", "w07", "w10"},
    ),
    ("/workflows", {"last_run_state": ["failed", "running"]}, {"w10", "w11"}),
    ("/workflows", {"last_run_state": "none", "held": "true"}, {"w05"}),
    ("/tasks", {"q": "TASK_1", "workflow_id": "w00"}, {"t10", "t05"}),
    ("/runs", {"state": "failed"}, {"x01", "x04", "x07", "x10"}),
    (
        "/runs",
        {"state": ["failed", "success", "failed"], "trigger": "manual"},
        {"x00", "x04", "x06", "x10"},
    ),
    ("/runs", {"workflow_id": "w11"}, {"x11"}),
    ("/runs", {"workflow_id": "w00", "release": 2}, {"x01", "x04", "x07"}),
    ("/workflows/w00/runs", {"release": 2, "state": "success"}, set()),
    ("/workflows/w00/runs", {"release": 9}, set()),
    (
        "/runs",
        {"created_after": "2026-01-01T01:00:01+01:00", "created_before": "2026-01-01T00:00:03Z"},
        {"x02", "x03", "x04", "x05"},
    ),
    ("/workflows/w00/releases", {"state": "failed"}, {"r00", "r04", "r08"}),
    ("/workflows/w00/notifications", {"state": "pending"}, {f"n{n:02}" for n in range(0, 12, 2)}),
]


def test_lists_are_narrowed(any_client: TestClient) -> None:
    fill(any_client, 12)
    for path, query, ids in NARROWED:
        page = get(any_client, path, **query)
        assert {item["id"] for item in page["items"]} == ids, (path, query)
        assert page["total"] == len(ids), (path, query)
        assert {item["id"] for item in walk(any_client, path, **query, limit=2)} == ids


def test_a_workflow_shows_its_last_run(any_client: TestClient) -> None:
    fill(any_client, 12)
    last = {item["id"]: item["last_run"] for item in get(any_client, "/workflows")["items"]}
    assert last["w00"] == {"id": "x09", "state": "success", "started_at": None, "ended_at": None}
    assert (last["w10"]["id"], last["w05"]) == ("x10", None)
    assert get(any_client, "/workflows/w11")["last_run"]["id"] == "x11"


def test_a_cursor_of_another_order_list_or_filter_is_refused(client: TestClient) -> None:
    fill(client, 10)
    path = f"{API}/workflows"
    cursor = get(client, "/workflows", order_by="created_at", limit=2)["next_cursor"]
    for other in (
        {"order_by": "-created_at"},
        {"order_by": "updated_at"},
        {},
        {"order_by": "created_at", "q": "name"},
        {"order_by": "created_at", "held": "false"},
    ):
        answer = client.get(path, params={"cursor": cursor, **other})
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor-refused"), other
    assert get(client, "/workflows", order_by="created_at", cursor=cursor, limit=3)["items"]
    runs = get(client, "/workflows/w00/runs", limit=2)["next_cursor"]
    answer = client.get(f"{API}/workflows/w09/runs", params={"cursor": runs})
    assert answer.json()["code"] == "cursor-refused"


def test_what_no_list_knows_is_refused(client: TestClient) -> None:
    for path, code in (
        ("/workflows?order_by=env", "field-refused"),
        ("/workflows?limit=0", "field-range"),
        ("/workflows?limit=201", "field-range"),
        ("/workflows?is_activ=true", "field-unknown"),
        ("/runs?state=dead", "field-refused"),
        ("/runs?release=1", "workflow-required"),
        ("/runs?created_after=2026-01-01T00:00:00", "field-refused"),
        ("/runs?created_after=0001-01-01T00:00:00%2B14:00", "field-refused"),
        ("/tasks?workflow_id=gone", "workflow-not-found"),
        ("/workflows/gone/notifications", "workflow-not-found"),
    ):
        answer = client.get(API + path)
        assert (answer.status_code // 100, answer.json()["code"]) == (4, code), answer.text


def test_beyond_what_is_counted_there_is_no_total(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(client, 10)
    monkeypatch.setattr(paging, "COUNTED", 10)
    assert get(client, "/workflows")["total"] == 10
    monkeypatch.setattr(paging, "COUNTED", 9)
    assert get(client, "/workflows")["total"] is None


def test_no_list_asks_more_often_when_it_is_longer(any_client: TestClient) -> None:
    asked: list[str] = []
    engine = database_of(any_client).engine
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))

    def count() -> dict[str, int]:
        found = {}
        for path in LISTS:
            asked.clear()
            get_page(any_client, path)
            found[path] = len([text for text in asked if text.startswith("SELECT")])
        return found

    fill(any_client, 1)
    one = count()
    with database_of(any_client).writing() as session:
        for table in (NotificationRow, RunRow, TaskRow, ReleaseRow, WorkflowRow):
            session.execute(table.__table__.delete())  # type: ignore[attr-defined]
    fill(any_client, 30)
    assert count() == one
    assert max(one.values()) <= 5, one


PLANNED = (
    *(
        "/workflows?order_by=-name",
        "/workflows?order_by=created_at",
        "/workflows?order_by=-updated_at",
    ),
    "/workflows?git_repository=https://git.example.org/team/7.git",
    *("/tasks", "/tasks?order_by=name", "/tasks?workflow_id={id}"),
    *(
        "/runs",
        "/runs?order_by=created_at",
        "/runs?state=failed",
        "/runs?state=failed&state=success",
    ),
    *(
        "/runs?trigger=manual",
        "/runs?trigger=manual&state=failed",
        "/runs?created_before=2026-01-01T02:00:00Z",
    ),
    *(
        "/runs?workflow_id={id}",
        "/runs?workflow_id={id}&release=1",
        "/workflows/{id}/runs?state=failed",
    ),
    "/workflows/{id}/releases",
)


@pytest.mark.integration
def test_pages_of_large_tables_are_read_from_an_index(any_client: TestClient) -> None:
    database = database_of(any_client)
    seed = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "seed.py"))
    seed["seed"](database.engine.url.render_as_string(hide_password=False), 600, 3000, 12_000)
    asked: list[tuple[str, Any]] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: asked.append(args[2:4]))
    for path in PLANNED:
        asked.clear()
        base, _, query = path.format(id=seed["identity"]("workflow", 3)).partition("?")
        cursor = get(any_client, f"{base}?{query}&limit=1")["next_cursor"] or ""
        get(any_client, f"{base}?{query}&limit=1&cursor={cursor}")
        pages = [pair for pair in asked if "ORDER BY" in pair[0] and " LIMIT " in pair[0]]
        assert pages, path
        for statement, parameters in pages:
            plan = plan_of(database, statement, parameters)
            assert not BAD.search(plan), f"{path}\n{statement}\n{plan}"


BAD = re.compile(r"SCAN (workflows|tasks|runs|releases|notifications)$|Seq Scan", re.MULTILINE)


def plan_of(database: Database, statement: str, parameters: Any) -> str:
    explain = "EXPLAIN QUERY PLAN " if database.engine.name == "sqlite" else "EXPLAIN "
    with database.reading() as session:
        rows = session.connection().exec_driver_sql(explain + statement, parameters).all()
    return "\n".join(str(row[-1]) for row in rows)
