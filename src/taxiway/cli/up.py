"""`taxiway up`: the one-machine stack in the foreground, until it is told to end."""

from __future__ import annotations

import os
import time
from pathlib import Path

import typer

from taxiway.cli import options
from taxiway.cli.signals import sigterm_interrupts
from taxiway.embedded import airflow_config, parts, secret_files
from taxiway.embedded.config import StackConfig, read_config
from taxiway.embedded.stack import RunningStack
from taxiway.embedded.supervisor import Supervisor


def command(
    home: options.Home = None,
    port: options.Port = None,
    airflow_port: options.AirflowPort = None,
) -> None:
    """Start the server and Airflow on this machine, and keep them running.

    Ctrl-C ends it, and so does `taxiway down`. Everything lives under the home.
    """
    config = stack_config(home=home, port=port, airflow_port=airflow_port)
    supervisor = Supervisor(config, plan=parts.plan, say=say)
    with sigterm_interrupts() as interrupts:
        try:
            began = time.monotonic()
            supervisor.start()
            say(f"Starting the server and Airflow in {config.home}")
            stack = supervisor.wait_ready()
            say(f"Ready after {time.monotonic() - began:.0f} s\n")
            say(addresses(config, stack))
            _serve(supervisor)
        finally:
            interrupts.ignore()
            supervisor.stop()


def stack_config(
    *, home: Path | None = None, port: int | None = None, airflow_port: int | None = None
) -> StackConfig:
    """What is to be started: options, then the environment, then `taxiway.toml` in the home."""
    parts.require_installed()
    return read_config(os.environ, home=home, port=port, airflow_port=airflow_port)


def _serve(supervisor: Supervisor) -> None:
    try:
        supervisor.watch()
    except KeyboardInterrupt:
        say("Ending the server and Airflow")


def addresses(config: StackConfig, stack: RunningStack) -> str:
    """Where to look, and how to log in."""
    password = secret_files.password_of(config.passwords, airflow_config.USERNAME).reveal()
    return (
        f"  Taxiway  {stack.server_url}\n"
        f"  API      {stack.server_url}/api/v1/  (reference: {stack.server_url}/docs)\n"
        f"  Airflow  {stack.airflow_url}  (user {airflow_config.USERNAME}, password {password})\n"
        f"  Logs     {config.logs}\n\n"
        f"The password is kept in {config.passwords}. Ctrl-C or `taxiway down` ends the stack."
    )


def say(line: str) -> None:
    """One line for people, at once."""
    typer.echo(line)
