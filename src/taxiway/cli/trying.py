"""`taxiway try`: run one function of the working tree as a task, and show its value."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from taxiway.cli import display, given, options
from taxiway.cli.connection import connect
from taxiway.cli.naming import run_of
from taxiway.client.http import Json, TaxiwayClient
from taxiway.errors import Invalid
from taxiway.runner.inside.outbox import TAG
from taxiway.runner.settings import WorkerSettings
from taxiway.storage.store import Storage


def command(
    target: Annotated[str, typer.Argument(help="File and function: src/train.py:train_model.")],
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", help="NAME=JSON; repeat it for more."),
    ] = None,
    inputs_of: Annotated[
        str | None,
        typer.Option(help="A run: give the function what its task was given there."),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(help="The task of that run.", show_default="named like the function"),
    ] = None,
    map_index: options.Element = None,
    secret: Annotated[
        list[str] | None,
        typer.Option(help="A variable of this environment that it gets too; repeat it."),
    ] = None,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Run a function on the files as they are, with the lock, environment and values of a task."""
    trial = _local()
    settings = WorkerSettings.from_env({**os.environ, "TAXIWAY_HOME": str(options.folder(home))})
    secrets = given.secrets(secret)
    root = trial.root_of(Path.cwd())
    params = given.json_pairs(param, "--param") or {}
    asked = trial.task_of(target, params, root)
    inputs = trial.Inputs()
    if inputs_of is not None:
        with connect(server, home) as connection:
            run = run_of(connection.client, inputs_of)
            record = connection.client.task_record(
                run["id"], task or asked.name, map_index=map_index
            )
            brought = _bring(connection.client, run["id"], record, trial.storage_of(settings))
            inputs = trial.Inputs(*brought)
        asked = trial.task_of(target, {**record["params"], **params}, root)
    came = trial.try_task(root, asked, inputs, settings, display.note, secrets)
    if output is options.Form.json:
        display.data({"value": came.value, "summary": came.summary})
        return
    display.data(came.value)
    display.fields(
        (name, told) for name, told in came.summary.items() if name not in ("head", "parts")
    )


def _local() -> Any:
    """Needs what reads declarations of packages, which the base install may lack."""
    try:
        return importlib.import_module("taxiway.cli.checks.trial")
    except ImportError as error:
        raise Invalid(
            "extra-missing",
            f"Functions are tried by packages that are not installed: {error.name}",
            hint='Install "taxiway[server]".',
        ) from None


def _bring(
    client: TaxiwayClient, run: str, record: Json, storage: Storage
) -> tuple[dict[str, Any], dict[str, str], dict[str, Any]]:
    """The values that the record names, their files brought into `storage`, which parameter gets
    what part of them, and what is a parameter's own: one of many elements, say."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    received: dict[str, Any] = {}
    for name, one in record["inputs"].items():
        if name.startswith("xcom_pull("):
            values[one["task"]] = one["value"]
        elif one["path"]:
            values[one["task"]] = one["value"]
            sources[name] = f"{one['task']}{one['path']}"
        else:
            received[name] = one["value"]

    def fetch(digest: str) -> bytes:
        if not storage.exists(f"values/{digest}"):
            element = record["map_index"] if record["map_index"] >= 0 else None
            data = client.record_file(run, record["task"], digest, map_index=element)
            storage.put(f"values/{digest}", data)
        return storage.get(f"values/{digest}")

    for digest, is_folder in _objects([*values.values(), *received.values()]):
        data = fetch(digest)
        for entry in json.loads(data)["entries"] if is_folder else ():
            if entry[1] == "file":
                fetch(entry[2])
    return values, sources, received


def _objects(value: Any) -> set[tuple[str, bool]]:
    """The digests of the files of a value; and whether one is the index of a folder."""
    if isinstance(value, list):
        return {one for item in value for one in _objects(item)}
    if not isinstance(value, dict):
        return set()
    named = value.get(TAG) == "value" or "media_type" in value
    own = {(value["digest"], value.get("format") == "folder")} if named else set()
    return own | _objects(list(value.values()))
