"""How the demo follows a run."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from taxiway.cli.demonstration import _show_task


class Client:
    """Logs by try, one line each."""

    def logs(self, run_id: str, task: str, *, after: int, try_number: int | None) -> Any:
        lines = [f"try {try_number}"][after:]
        return {
            "lines": [{"text": line, "level": "info", "stream": "stdout"} for line in lines],
            "next": 1,
        }


def test_the_lines_of_each_try_are_counted_from_its_first() -> None:
    console = Console(file=io.StringIO(), width=100)
    states: dict[str, str] = {}
    read: dict[tuple[str, int], int] = {}
    client: Any = Client()
    for number, state in ((1, "running"), (1, "up_for_retry"), (2, "running"), (2, "success")):
        task = {"task": "load", "state": state, "try_number": number}
        _show_task(client, "r", task, states, read, console)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert [said.count(f"try {number}") for number in (1, 2)] == [1, 1]
