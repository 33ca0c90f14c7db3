from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from taxiway import process
from taxiway.errors import Unavailable


def test_output_and_status_come_back_whatever_they_are() -> None:
    done = process.run(["/bin/sh", "-c", "echo out; echo err >&2; exit 3"], env={}, timeout=10)
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n", b"err\n")
    assert done.complaint == "err"


def test_a_complaint_holds_no_user_info() -> None:
    script = "echo 'fatal: https://me:hunter2@host/x' >&2"
    done = process.run(["/bin/sh", "-c", script], env={}, timeout=10)
    assert done.complaint == "fatal: https://***@host/x"


def test_a_process_inherits_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    leaked = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(leaked, True)
    script = (
        "import json, os, sys; names = os.listdir('/proc/self/fd'); env = dict(os.environ); "
        "env.pop('LC_CTYPE', None); "  # the interpreter sets it for itself
        "print(json.dumps([env, len(names), os.getsid(0) == os.getpid(), sys.stdin.read()]))"
    )
    done = process.run([sys.executable, "-I", "-c", script], env={"A": "1"}, timeout=20)
    os.close(leaked)
    assert "hunter2" not in done.stdout.decode()
    assert json.loads(done.stdout) == [{"A": "1"}, 4, True, ""]


def test_a_named_descriptor_is_inherited(tmp_path: Path) -> None:
    with (tmp_path / "f").open("w") as file:
        argv = ["/bin/sh", "-c", f"echo here > /proc/self/fd/{file.fileno()}"]
        process.run(argv, env={}, timeout=10, pass_fds=[file.fileno()])
    assert (tmp_path / "f").read_text() == "here\n"


def test_a_time_out_ends_the_whole_group(tmp_path: Path) -> None:
    script = f"sleep 600 & echo $! > {tmp_path}/pid; wait"
    seconds = 0.2
    while not (tmp_path / "pid").exists():  # a busy machine gets more time to begin
        with pytest.raises(Unavailable) as caught:
            process.run(["/bin/sh", "-c", script], env={"PATH": "/usr/bin:/bin"}, timeout=seconds)
        seconds *= 4
    assert caught.value.code == "process-timeout" and "sh" in caught.value.message
    stat = Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}/stat")
    deadline = time.monotonic() + 60
    while stat.exists() and " Z " not in stat.read_text():
        assert time.monotonic() < deadline


def test_input_is_given_and_limits_hold(tmp_path: Path) -> None:
    assert process.run(["/bin/cat"], env={}, timeout=10, stdin=b"in").stdout == b"in"
    done = process.run(
        ["/bin/sh", "-c", f"head -c 5000 /dev/zero > {tmp_path}/f"],
        env={"PATH": "/usr/bin:/bin"},
        timeout=10,
        limits=process.Limits(file_size=1000, cpu_seconds=5, address_space=1 << 32),
    )
    assert done.returncode != 0 and (tmp_path / "f").stat().st_size == 1024


def test_limits_are_set_once_and_for_all() -> None:
    script = "import resource as r; print(*map(r.getrlimit, (r.RLIMIT_FSIZE, r.RLIMIT_AS, r.RLIMIT_CPU)))"
    limits = process.Limits(file_size=0, address_space=1 << 30, cpu_seconds=7)
    argv = [sys.executable, "-I", "-S", "-c", script]
    done = process.run(argv, env={}, timeout=20, limits=limits)
    assert done.stdout.decode().strip() == f"(0, 0) ({1 << 30}, {1 << 30}) (7, 7)"
    assert done.argv == tuple(argv)


def test_killing_a_group_that_is_gone_is_no_error() -> None:
    running = process.spawn(["/bin/true"], env={})
    running.wait()
    process.kill_group(running)
