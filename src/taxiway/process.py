"""The only place that starts processes.

A process started here reads nothing from our stdin, has a session of its own, inherits no
descriptor that was not named, and gets an environment that was built from nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

from taxiway.errors import Unavailable
from taxiway.redaction import redact

Popen = subprocess.Popen
PIPE = subprocess.PIPE
DEVNULL = subprocess.DEVNULL
STDOUT = subprocess.STDOUT
TimeoutExpired = subprocess.TimeoutExpired


@dataclass(frozen=True)
class Completed:
    """What a process that ended left: its exit status (negative: the signal) and its output."""

    argv: tuple[str, ...]
    returncode: int
    stdout: bytes
    stderr: bytes

    @property
    def complaint(self) -> str:
        """Its stderr as text, without secrets: for error messages."""
        return redact(self.stderr.decode("utf-8", "replace")).strip()


@dataclass(frozen=True)
class Limits:
    """Resource limits of a process, in bytes and seconds; `None` leaves the inherited one."""

    file_size: int | None = None  # the next 512 bytes are the limit
    address_space: int | None = None  # likewise the next 1024
    cpu_seconds: int | None = None

    def around(self, argv: Sequence[str]) -> list[str]:
        """`argv` as a shell begins it, which has set the limits and is gone by then.

        Python's `preexec_fn` would copy this whole process for it, for a hundred times as long,
        and may deadlock where there are threads.
        """
        units = (("f", self.file_size, 512), ("v", self.address_space, 1024))
        asked = [
            f"ulimit -{kind} {-(-size // unit)}" for kind, size, unit in units if size is not None
        ]
        if self.cpu_seconds is not None:
            asked.append(f"ulimit -t {self.cpu_seconds}")
        return ["/bin/sh", "-c", " && ".join([*asked, 'exec "$0" "$@"']), *argv]


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    timeout: float,
    cwd: str | Path = "/",
    stdin: bytes | None = None,
    limits: Limits | None = None,
    pass_fds: Sequence[int] = (),
) -> Completed:
    """Run `argv` to its end and return what it left, whatever its exit status.

    On time-out its whole process group is killed and `Unavailable` (`process-timeout`) raised.
    """
    process = spawn(
        limits.around(argv) if limits else argv,
        env=env,
        cwd=cwd,
        stdin=PIPE if stdin is not None else DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        pass_fds=pass_fds,
    )
    try:
        stdout, stderr = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Unavailable(
            "process-timeout",
            f"{Path(argv[0]).name} did not end within {timeout:g} s",
            hint="Try again; if it happens again, the other side is stalled or the limit too low.",
            seconds=timeout,
        ) from None
    finally:
        if process.poll() is None:
            kill_group(process)
            process.communicate()
    return Completed(tuple(argv), process.returncode, stdout, stderr)


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str | Path = "/",
    stdin: int | IO[Any] = DEVNULL,
    stdout: int | IO[Any] = DEVNULL,
    stderr: int | IO[Any] = DEVNULL,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start `argv` in a session of its own; the caller owns the process and must reap it."""
    return subprocess.Popen(
        list(argv),
        env=dict(env),
        cwd=str(cwd),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        close_fds=True,
        pass_fds=tuple(pass_fds),
        start_new_session=True,
    )


def kill_group(process: subprocess.Popen[bytes], sig: int = signal.SIGKILL) -> None:
    """Send `sig` to the process group of `process`, if there is one left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, sig)


def become(argv: Sequence[str]) -> NoReturn:
    """Go on as another program, in this very process: who ends us ends it."""
    sys.stdout.flush()
    os.execv(argv[0], list(argv))  # noqa: S606
