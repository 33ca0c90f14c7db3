"""`taxiway demo`: from a Git repository to finished runs on a real Airflow, before your eyes."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console

from taxiway.cli import demonstration, options
from taxiway.cli.signals import sigterm_interrupts
from taxiway.cli.up import addresses, stack_config
from taxiway.client.http import TaxiwayClient
from taxiway.embedded import parts
from taxiway.embedded.config import StackConfig
from taxiway.embedded.example import ExampleRepository
from taxiway.embedded.stack import RunningStack, running
from taxiway.embedded.supervisor import Supervisor

Exit = Annotated[bool, typer.Option("--exit", help="Stop when it is done, also in a terminal.")]


def command(
    home: options.Home = None,
    port: options.Port = None,
    airflow_port: options.AirflowPort = None,
    exit_: Exit = False,
) -> None:
    """Run a workflow from a Git repository on a real Airflow, then change it and run it again.

    It joins the stack of this home if one is running, and starts one otherwise.
    """
    console = Console(soft_wrap=True, highlight=False)
    config = stack_config(home=home, port=port, airflow_port=airflow_port)
    with _stack(config, console) as (stack, supervisor):
        repository = ExampleRepository("digits", config.demo / "digits")
        with TaxiwayClient(stack.server_url) as client:
            demonstration.show(client, repository, console)
        console.print("\nLook around:")
        console.print(addresses(config, stack), markup=False)
        if supervisor is not None and sys.stdout.isatty() and not exit_:
            with contextlib.suppress(KeyboardInterrupt):
                supervisor.watch()


@contextlib.contextmanager
def _stack(
    config: StackConfig, console: Console
) -> Iterator[tuple[RunningStack, Supervisor | None]]:
    found = running(config.home)
    if found is not None:
        console.print(f"Joining the stack that runs at {found.server_url}")
        yield found, None
        return
    supervisor = Supervisor(
        config, plan=parts.plan, say=lambda line: console.print(line, markup=False)
    )
    with sigterm_interrupts() as interrupts:
        try:
            console.print(f"Starting the server and Airflow in {config.home}")
            supervisor.start()
            yield supervisor.wait_ready(), supervisor
        finally:
            interrupts.ignore()
            console.print("Ending the server and Airflow")
            supervisor.stop()
