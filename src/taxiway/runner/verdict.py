"""What the end of a task means: its message, or the error that says how it went wrong."""

from __future__ import annotations

import logging
import signal
from dataclasses import dataclass
from typing import Any

from taxiway.errors import Invalid, TaskFailed, TaxiwayError, Unavailable
from taxiway.runner.host import Host
from taxiway.runner.pump import Report

_HINTS: dict[int, str] = {
    signal.SIGKILL: "Was it short of memory? The kernel kills a process when there is none left.",
    signal.SIGSEGV: "A library of the task crashed: try another version of it.",
}


@dataclass(frozen=True)
class Stop:
    """Why we ended it, if we did."""

    canceled: bool = False
    after: float | None = None  # seconds: it ran out of time


def conclude(report: Report, stop: Stop, *, task: str, host: Host) -> dict[str, Any]:
    """The message with the result; `{}` when the task ended well without one.

    Raises `TaskFailed` (`task-raised`, `task-exited`, `task-killed`, `task-timed-out`,
    `task-canceled`, `value-not-storable`, `value-not-readable`), `Invalid` (`script-not-found`,
    `function-not-found`, `inline-function-unclear`, `params-refused`), `Unavailable`
    (`task-not-started`), or what the host raised at a question of the task.
    """
    if report.broken is not None:
        raise report.broken
    if stop.canceled:
        raise TaskFailed("task-canceled", f"Task {task} was canceled")
    if stop.after is not None:
        raise TaskFailed(
            "task-timed-out",
            f"Task {task} did not end within {stop.after:g} s",
            hint="Give it more time (timeout), or less to do.",
            seconds=stop.after,
        )
    message = report.message or {}
    if "failure" in message:
        raise _failure(message["failure"], report, host)
    if message.get("exit") == 0:
        return {}
    if "result" not in message:
        raise _sudden_end(report, message, task)
    if report.ended:
        note = f"Task {task} had returned its value; after that it {_how_it_ended(report.ended)}"
        host.log(note, stream="taxiway", level=logging.WARNING)
    return message


def _failure(told: dict[str, Any], report: Report, host: Host) -> TaxiwayError:
    traceback = str(told.get("traceback", ""))
    for line in traceback.splitlines():
        host.log(line, stream="taxiway", level=logging.ERROR)
    if told.get("unanswered") and report.raised is not None:
        return report.raised
    kind = Invalid if told.get("kind") == "Invalid" else TaskFailed
    code, text, hint = (str(told.get(name, "")) for name in ("code", "message", "hint"))
    error = kind(code, text, hint=hint)
    if traceback:
        error.context["traceback"] = traceback
    return error


def _sudden_end(report: Report, message: dict[str, Any], task: str) -> TaxiwayError:
    if report.error is not None:
        return Unavailable(
            "task-not-started",
            f"The interpreter of task {task} could not be started: {report.error}",
            hint="Look at the Python installation of this host.",
        )
    if not report.kept or report.ended is None:
        return TaskFailed("task-killed", f"Task {task} was killed together with its keeper")
    status = int(message.get("exit", report.ended))
    if report.ended < 0:
        return TaskFailed(
            "task-killed",
            f"Task {task} {_how_it_ended(report.ended)}",
            hint=_HINTS.get(-report.ended, ""),
            signal=-report.ended,
        )
    if status == 0:
        return TaskFailed(
            "task-exited",
            f"Task {task} ended its process before its function returned",
            hint="Does it call os._exit(0)? Return instead.",
            status=0,
        )
    return TaskFailed("task-exited", f"Task {task} exited with status {status}", status=status)


def _how_it_ended(status: int) -> str:
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"exited with status {status}"
