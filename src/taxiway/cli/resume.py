"""`taxiway resume`: end the hold of a rollback."""

from __future__ import annotations

from taxiway.cli import display, options
from taxiway.cli.connection import connect
from taxiway.cli.naming import workflow_of


def command(
    workflow: options.Workflow,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Let a workflow be deployed again that a rollback holds; what runs stays as it is."""
    with connect(server, home) as connection:
        found = workflow_of(connection.client, workflow)
        resumed = connection.client.resume(found["id"])
        if output is options.Form.json:
            display.data(resumed)
        elif found["held"]:
            display.note(f"{found['name']} was {found['hold']['text']}; it deploys again")
        else:
            display.note(f"{found['name']} was not held")
