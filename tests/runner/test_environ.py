from __future__ import annotations

from pathlib import Path
from typing import Any

from taxiway.runner.environ import build_environ

WORKER = {
    "PATH": "/bin",
    "TZ": "Europe/Berlin",
    "LC_ALL": "de_DE.UTF-8",
    "CUDA_VISIBLE_DEVICES": "0",
    "NVIDIA_DRIVER_CAPABILITIES": "all",
    "LD_LIBRARY_PATH": "/lib/x",
    "https_proxy": "http://proxy:1",
    "SSL_CERT_FILE": "/ca.pem",
    "AIRFLOW__API_AUTH__JWT_SECRET": "secret",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "MY_TOKEN": "mine",
    "LD_PRELOAD": "/evil.so",
    "PYTHONPATH": "/worker",
}


def make(**changes: Any) -> dict[str, str]:
    options: dict[str, Any] = {
        "passed": (),
        "declared": {},
        "python": Path("/env/bin/python"),
        "folders": {"HOME": "/h", "TMPDIR": "/t"},
        "import_path": ["/s/src", "/s"],
        "user": "nobody",
    }
    return build_environ(WORKER, **options | changes)


def test_nothing_is_inherited_that_is_not_on_the_list() -> None:
    env = make()
    assert set(env) - set(WORKER) == {
        "HOME", "TMPDIR", "LANG", "USER", "LOGNAME", "VIRTUAL_ENV",
        "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED",
    }  # fmt: skip
    assert not {k for k, v in env.items() if v in ("secret", "mine", "/evil.so", "/worker")}
    assert env["PATH"] == "/env/bin:/bin"
    assert env["PYTHONPATH"] == "/s/src:/s"
    kept = ("TZ", "LC_ALL", "CUDA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES", "LD_LIBRARY_PATH")
    assert all(env[name] == WORKER[name] for name in (*kept, "https_proxy", "SSL_CERT_FILE"))


def test_names_that_were_asked_for_pass() -> None:
    assert make(passed=["MY_TOKEN", "NOT_THERE"])["MY_TOKEN"] == "mine"


def test_declared_variables_win_over_inherited_ones_but_not_over_the_private_folders() -> None:
    env = make(declared={"TZ": "UTC", "HOME": "/root", "PYTHONPATH": "/more", "PATH": "/x"})
    assert env["TZ"] == "UTC"
    assert env["HOME"] == "/h"
    assert env["PYTHONPATH"] == "/s/src:/s:/more"
    assert env["PATH"] == "/env/bin:/x"


def test_a_real_task_sees_just_that(bench: Any) -> None:
    bench.worker_env = WORKER | {"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": "", "LD_PRELOAD": ""}
    bench.env_pass = ("MY_TOKEN",)
    bench.warm_up()
    env = bench.inline(
        "import os\ndef f():\n    return dict(os.environ, left=sorted(os.listdir(os.environ['HOME'])))",
        env={"A": "1", "TAXIWAY_TASK": "train"},
    )
    assert env["MY_TOKEN"] == "mine"
    assert env["A"] == "1"
    assert env["TAXIWAY_TASK"] == "train"
    assert env["left"] == []
    assert not any(name.startswith(("AIRFLOW", "AWS")) for name in env)
