"""`taxiway`: the table of commands, each loaded when it is called.

A module holds either one function with Typer's annotations, named `command`, or the verbs of a
noun: a dictionary `VERBS` of such functions, and its one-line help, `HELP`.
"""

from __future__ import annotations

import importlib
from typing import Annotated, Any

import typer
import typer.core
import typer.main

from taxiway import __version__
from taxiway.cli.failures import translated
from taxiway.cli.spread import spread

COMMANDS = {
    "demo": "taxiway.cli.demo",
    "up": "taxiway.cli.up",
    "down": "taxiway.cli.down",
    "status": "taxiway.cli.status",
    "doctor": "taxiway.cli.doctor",
    "workflows": "taxiway.cli.workflows",
    "tasks": "taxiway.cli.tasks",
    "repositories": "taxiway.cli.repositories",
    "credentials": "taxiway.cli.credentials",
    "known-hosts": "taxiway.cli.known_hosts",
    "check": "taxiway.cli.check",
    "try": "taxiway.cli.trying",
    "deploy": "taxiway.cli.deploy",
    "releases": "taxiway.cli.releases",
    "rollback": "taxiway.cli.rollback",
    "resume": "taxiway.cli.resume",
    "rerun": "taxiway.cli.rerun",
    "runs": "taxiway.cli.runs",
    "logs": "taxiway.cli.logs",
    "audit": "taxiway.cli.audit",
    "cache": "taxiway.cli.cache",
    "cleanup": "taxiway.cli.cleanup",
}


class LazyCommands(typer.core.TyperGroup):
    """Imports the module of a command only to run it or to show its help."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name])
        one = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        if not hasattr(module, "VERBS"):
            one.command(cmd_name)(translated(spread(module.command)))
            return typer.main.get_command(one)
        one.info.name, one.info.help, one.info.no_args_is_help = cmd_name, module.HELP, True
        for verb, function in module.VERBS.items():
            one.command(verb)(translated(spread(function)))
        return typer.main.get_group(one)


app = typer.Typer(
    name="taxiway",
    cls=LazyCommands,
    help="From Git to Apache Airflow: every run executes exactly one commit.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"taxiway {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    app(prog_name="taxiway")
