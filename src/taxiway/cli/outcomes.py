"""`taxiway runs value`, `record` and `artifacts`: what task runs were given, returned and left."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from taxiway.cli import display, options
from taxiway.cli.connection import connect
from taxiway.cli.naming import run_of
from taxiway.client.http import Json, TaxiwayClient
from taxiway.errors import Invalid

Task = Annotated[str, typer.Argument(help="The task's name.")]


def value(
    run: options.Run,
    task: Task,
    map_index: options.Element = None,
    server: options.Server = None,
    home: options.Home = None,
) -> None:
    """Print what a task returned, as JSON; of one with many elements, those of all."""
    with connect(server, home) as connection:
        found = run_of(connection.client, run)
        display.data(connection.client.value(found["id"], task, map_index=map_index))


def record(
    run: options.Run,
    task: Task,
    map_index: options.Element = None,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Show what a task was given and what came of it, by digests, and which runs were given the
    same."""
    with connect(server, home) as connection:
        found = run_of(connection.client, run)
        told = connection.client.task_record(found["id"], task, map_index=map_index)
    if output is options.Form.json:
        display.data(told)
        return
    names = ("task", "map_index", "try_number", "state", "release_digest", "params")
    display.fields((name, told[name]) for name in names)
    display.fields((f"digest of {name}", digest) for name, digest in told["digests"].items())
    display.fields([("equal runs", ", ".join(told["equal_runs"]) or None)])
    typer.echo("")
    rows = [(name, f"{one['task']}{one['path']}", one["digest"]) for name, one in _inputs(told)]
    display.table(("input", "from", "digest"), rows, empty="It was given no value of another task.")


def artifacts(
    run: options.Run,
    task: Task,
    map_index: options.Element = None,
    to: Annotated[
        Path | None, typer.Option(help="Download them into this folder; nothing is overwritten.")
    ] = None,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """List the files that a task left in `context["artifacts"]`, or download them."""
    with connect(server, home) as connection:
        client = connection.client
        found = run_of(client, run)
        files = client.artifacts(found["id"], task, map_index=map_index)
        if to is not None:
            for one in files:
                _download(client, (found["id"], task, map_index), one, to)
    if output is options.Form.json:
        display.data(files)
        return
    rows = [(one["path"], f"{one['size']:,}", one["digest"]) for one in files]
    display.table(("file", "bytes", "sha256"), rows, empty="It left no files.")


def _inputs(told: Json) -> list[tuple[str, Json]]:
    return sorted(told["inputs"].items())


def _download(
    client: TaxiwayClient, of: tuple[str, str, int | None], one: Json, folder: Path
) -> None:
    """What a task named its file is no way out of the folder."""
    name = PurePosixPath(one["path"])
    if name.is_absolute() or ".." in name.parts:
        raise Invalid("file-refused", f"{one['path']} would leave the folder {folder}")
    run, task, map_index = of
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("xb") as file:
            file.writelines(client.artifact(run, task, one["path"], map_index=map_index))
    except FileExistsError:
        raise Invalid(
            "file-refused", f"There is {target} already", hint="Name another folder with --to."
        ) from None
    display.note(f"Downloaded {target}")
