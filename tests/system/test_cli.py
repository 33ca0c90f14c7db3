"""The command line against the real stack, as processes: from nothing to a value."""

from __future__ import annotations

import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any

from taxiway import process

LOAD = "def load():\n    print('three rows')\n    return [1, 2, 3]\n"
ADD = (
    "def add(context, plus, **kwargs):\n"
    "    return sum(context['ti'].xcom_pull(task_ids='load')) + plus\n"
)


def test_from_a_new_workflow_to_its_value_by_commands(stack: Any, tmp_path: Path) -> None:
    name = f"w{uuid.uuid4().hex[:10]}"
    (tmp_path / "load.py").write_text(LOAD)
    (tmp_path / "add.py").write_text(ADD)

    def taxiway(*arguments: str) -> process.Completed:
        done = process.run(
            [sys.executable, "-c", "from taxiway.cli.main import main; main()", *arguments],
            env={**os.environ, "TAXIWAY_HOME": str(stack.home), "NO_COLOR": "1"},
            cwd=tmp_path,
            timeout=120,
        )
        assert done.returncode == 0, done.complaint
        return done

    made = taxiway("workflows", "create", name)
    assert f"API      {stack.server_url}/api/v1/workflows/" in made.complaint
    taxiway("tasks", "create", name, "load", "--inline", "load.py")
    add = ("--inline", "add.py", "--after", "load", "--param", "plus=1")
    taxiway("tasks", "create", name, "add", *add)
    deployed = taxiway("deploy", name)
    assert f"Airflow  {stack.airflow_url}/dags/{name}" in deployed.complaint
    ran = taxiway("runs", "trigger", name, "--param", "add.plus=10", "--wait", "-o", "json")
    run = json.loads(ran.stdout)
    assert run["state"] == "success"
    assert "│ three rows" in ran.complaint
    assert b"three rows" in taxiway("logs", run["id"][:13], "load").stdout
    assert json.loads(taxiway("runs", "value", run["id"], "add").stdout) == 16
