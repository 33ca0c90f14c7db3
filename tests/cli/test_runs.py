from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from taxiway.runner.records import Came, make_record, note_of, to_bytes
from taxiway.server.orchestrator.port import RecordTag

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def made(quiet: None, listening: Any) -> Any:
    return listening.deployed("load", "train")


@pytest.fixture
def busy(service: Any) -> Any:
    """Two tasks that write and return something."""
    service.airflow.values = {"load": [1, 2], "train": {"accuracy": 0.5}}
    service.airflow.lines = {"load": ["reading", "\x1b[2Jread"], "train": ["fitting"]}
    return service


def test_a_run_starts_with_params_and_its_address_is_told(service: Any, made: Any) -> None:
    service.airflow.state = None
    ended = service.run(
        *("runs", "trigger", made["name"], "--param", "load.rows=[1]", "-o", "json"),
        *("--param", "train.epochs=3"),
    )
    run = json.loads(ended.stdout)
    assert run["params"] == {"load": {"rows": [1]}, "train": {"epochs": 3}}
    assert ended.stderr == f"API      {service.url}/api/v1/runs/{run['id']}\n"


@pytest.mark.parametrize("text", ["epochs=1", ".epochs=1", "load.=1", "load.rows"])
def test_a_param_without_a_task_is_refused(service: Any, made: Any, text: str) -> None:
    ended = service.call("runs", "trigger", made["name"], "--param", text)
    assert ended.exit_code == 2
    assert "--param" in ended.stderr


def test_a_param_of_an_unknown_task_is_told_with_its_place(service: Any, made: Any) -> None:
    ended = service.call("runs", "trigger", made["name"], "--param", "lod.rows=1")
    assert ended.exit_code == 2
    assert "/params/lod" in ended.stderr


def test_a_run_that_is_waited_for_shows_states_and_lines_and_ends_as_data(
    busy: Any, made: Any
) -> None:
    ended = busy.run("runs", "trigger", made["name"], "--wait", "-o", "json")
    run = json.loads(ended.stdout)
    assert run["state"] == "success"
    followed = [line.split("│")[-1].strip() for line in ended.stderr.splitlines()[1:]]
    assert followed[:3] == [
        "reading",
        "\N{REPLACEMENT CHARACTER}[2Jread",
        "load             success",
    ]
    assert followed[-1] == f"run {run['id']}: success"


def test_a_run_that_failed_has_the_exit_status_of_that(busy: Any, made: Any) -> None:
    busy.airflow.state = "failed"
    ended = busy.call("runs", "trigger", made["name"], "--wait")
    assert ended.exit_code == 6
    assert "failed in load, train" in ended.stderr
    assert "hint: `taxiway logs " in ended.stderr


def test_a_run_is_found_by_how_its_id_begins(service: Any, made: Any) -> None:
    run = service.json("runs", "trigger", made["name"])
    assert service.json("runs", "show", run["id"][:8])["id"] == run["id"]
    assert service.json("runs", "show", run["id"].upper())["id"] == run["id"]


def test_a_beginning_that_several_runs_have_is_refused(service: Any, made: Any) -> None:
    for _ in range(17):  # two of them begin with the same digit
        service.run("runs", "trigger", made["name"])
    runs = service.json("runs", "list", "--limit", "200")
    digits = [run["id"][0] for run in runs]
    twice = next(digit for digit in digits if digits.count(digit) > 1)
    ended = service.call("runs", "show", twice)
    assert ended.exit_code == 2
    assert "hint: Write more of it: " in ended.stderr


def test_a_run_that_is_not_there_is_not_found(service: Any) -> None:
    assert service.call("runs", "show", "zzzz").exit_code == 3
    assert service.call("runs", "show", str(uuid.uuid4())).exit_code == 3


def test_the_list_is_a_table_of_eighty_columns(service: Any, made: Any) -> None:
    run = service.json("runs", "trigger", made["name"])
    shown = service.run("runs", "list", made["name"], "--limit", "1").stdout.splitlines()
    assert shown[0].split() == ["run", "workflow", "release", "state", "begun", "(UTC)", "time"]
    assert shown[1].split()[:3] == [run["id"][:8], made["name"], "1"]
    assert max(map(len, shown)) <= 80


def test_show_tells_the_tasks(busy: Any, made: Any) -> None:
    run = busy.json("runs", "trigger", made["name"])
    shown = busy.run("runs", "show", run["id"]).stdout
    assert [line.split()[:3] for line in shown.splitlines()[-2:]] == [
        ["load", "success", "1"],
        ["train", "success", "1"],
    ]


def test_watch_gives_programs_one_event_a_line(busy: Any, made: Any) -> None:
    run = busy.json("runs", "trigger", made["name"])
    printed = busy.run("runs", "watch", run["id"], "-o", "json").stdout
    events = [json.loads(line) for line in printed.splitlines()]
    assert [event["event"] for event in events].count("line") == 3
    assert events[-1] == {"event": "run", "run": run["id"], "state": "success"}


def test_the_value_of_a_task_is_json(busy: Any, made: Any) -> None:
    run = busy.json("runs", "trigger", made["name"])
    assert json.loads(busy.run("runs", "value", run["id"], "train").stdout) == {"accuracy": 0.5}


def test_each_element_is_told_by_itself(service: Any, tmp_path: Path) -> None:
    made = service.workflow("load")
    service.run("tasks", "update", made["name"], "load", "--expand", "seed=[1, 2]")
    service.run("deploy", made["id"])
    kept = service.airflow.storage.put_addressed("values", b"why")
    came = Came(7, artifacts=({"path": "a/b.txt", "size": 3, "digest": kept},), ended_well=True)
    facts = {"release": "d" * 64, "task": "load", "map_index": 1, "try_number": 1}
    inputs = {"data": note_of("make", ".rows", [1])}
    data = to_bytes(make_record(facts, {"seed": 2}, inputs, came))
    digest = service.airflow.storage.put_addressed("records", data, ".json")
    service.airflow.state = None
    run = service.json("runs", "trigger", made["name"])
    lines = {"load[0]": ["zero"], "load[1]": ["one"]}
    tag = RecordTag("load", 1, digest)
    service.airflow.end(made["dag_id"], run["airflow_run_id"], "success", {}, lines, records=[tag])

    assert service.run("logs", run["id"], "load", "--map-index", "1").stdout == "one\n"
    assert service.call("logs", run["id"], "load", "--map-index", "2").exit_code == 3
    assert service.call("logs", run["id"], "--map-index", "1").exit_code == 2
    both = service.run("logs", run["id"], "load").stdout.splitlines()
    assert [line.split(" │ ") for line in both] == [["load[0]", "zero"], ["load[1]", "one"]]
    assert "load[1]" in service.run("runs", "show", run["id"]).stdout
    value = ("runs", "value", run["id"], "load")
    assert json.loads(service.run(*value).stdout) == [None, 7]
    assert json.loads(service.run(*value, "--map-index", "1").stdout) == 7
    record = ("runs", "record", run["id"], "load", "--map-index", "1")
    assert service.json(*record)["params"] == {"seed": 2}
    assert "make.rows" in service.run(*record).stdout
    files = ("runs", "artifacts", run["id"], "load", "--map-index", "1")
    assert service.json(*files)[0]["path"] == "a/b.txt"
    service.run(*files, "--to", str(tmp_path / "got"))
    assert (tmp_path / "got" / "a" / "b.txt").read_bytes() == b"why"
    assert service.call(*files, "--to", str(tmp_path / "got")).exit_code == 2


def test_a_run_is_cancelled_once(service: Any, made: Any) -> None:
    service.airflow.state = None
    run = service.json("runs", "trigger", made["name"])
    service.run("runs", "cancel", run["id"][:12])
    assert service.json("runs", "show", run["id"])["state"] in ("canceled", "failed")
    assert service.call("runs", "cancel", run["id"]).exit_code == 4


def test_the_log_of_a_task_is_its_lines_and_cannot_steer_the_terminal(busy: Any, made: Any) -> None:
    run = busy.json("runs", "trigger", made["name"])
    assert busy.run("logs", run["id"], "load").stdout == (
        "reading\n\N{REPLACEMENT CHARACTER}[2Jread\n"
    )


def test_the_log_of_a_run_names_the_tasks(busy: Any, made: Any) -> None:
    run = busy.json("runs", "trigger", made["name"])
    for arguments in (("logs", run["id"]), ("logs", run["id"], "-f")):
        assert busy.run(*arguments).stdout.splitlines()[-1] == "train │ fitting"


def test_the_log_of_one_try_for_programs(busy: Any, made: Any) -> None:
    run = busy.json("runs", "trigger", made["name"])
    printed = busy.run("logs", run["id"], "train", "--try", "1", "-o", "json").stdout
    (line,) = map(json.loads, printed.splitlines())
    assert (line["task"], line["try_number"], line["text"]) == ("train", 1, "fitting")
    assert busy.run("logs", run["id"], "train", "--try", "2").stdout == ""


def test_the_log_of_an_unknown_task_is_not_found(busy: Any, made: Any) -> None:
    run = busy.json("runs", "trigger", made["name"])
    ended = busy.call("logs", run["id"], "lod")
    assert ended.exit_code == 3
    assert "hint: It has: load, train." in ended.stderr


def test_what_failed_is_retried_and_what_succeeded_is_not(busy: Any, made: Any) -> None:
    busy.airflow.state = "failed"
    run = busy.json("runs", "trigger", made["name"])
    ended = busy.run("runs", "retry", run["id"], "--task", "train", "-o", "json")
    assert json.loads(ended.stdout)["id"] == run["id"]
    busy.airflow.state = "success"
    done = busy.json("runs", "trigger", made["name"])
    assert busy.call("runs", "retry", done["id"]).exit_code in (2, 4)


def test_a_backfill_lists_the_ticks_that_get_a_run(service: Any) -> None:
    workflow = service.workflow("load", schedule="@daily")
    service.run("deploy", workflow["id"])
    span = ("--from", "2026-01-01", "--to", "2026-01-03")
    rehearsed = service.json("runs", "backfill", workflow["name"], *span, "--dry-run")
    assert (rehearsed["dry_run"], rehearsed["total"]) == (True, 1)
    ended = service.run("runs", "backfill", workflow["name"], *span)
    assert "Runs for 1 of the schedule's ticks" in ended.stderr
    [made] = service.json("runs", "backfills", workflow["name"])
    assert (made["state"], made["from"]) == ("running", "2026-01-01T00:00:00Z")
    assert "running" in service.run("runs", "backfills", workflow["name"]).stdout
