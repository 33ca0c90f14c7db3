"""The command line's translator of errors: a message and a hint on stderr, and an exit status.

0   done              4   Conflict         70   a bug of ours
2   Invalid, usage    5   Denied          130   interrupted (Ctrl-C)
3   NotFound          6   TaskFailed
                  7   Unavailable
"""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import typer

from taxiway.errors import (
    Conflict,
    Denied,
    Invalid,
    NotFound,
    TaskFailed,
    TaxiwayError,
    Unavailable,
)
from taxiway.redaction import redact

BUG, INTERRUPTED = 70, 130
_STATUS: dict[type[TaxiwayError], int] = {
    Invalid: 2,
    NotFound: 3,
    Conflict: 4,
    Denied: 5,
    TaskFailed: 6,
    Unavailable: 7,
}


def exit_status(error: BaseException) -> int:
    """The exit status that tells a script what kind of thing went wrong."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return next((code for kind, code in _STATUS.items() if isinstance(error, kind)), BUG)


def show(error: BaseException) -> None:
    """Say on stderr what went wrong and what to do about it."""
    if isinstance(error, TaxiwayError):
        typer.echo(f"error: {redact(str(error))}", err=True)
        hints = [error.hint, *(problem.hint for problem in error.problems)]
        for hint in dict.fromkeys(filter(None, hints)):
            typer.echo(f"\nhint: {redact(hint)}", err=True)
    elif not isinstance(error, KeyboardInterrupt):
        typer.echo(redact("".join(traceback.format_exception(error))), err=True)
        typer.echo("error: this is a bug of Taxiway, not of yours", err=True)
        typer.echo("\nhint: Report it with the lines above and the output of --version.", err=True)


def translated(command: Callable[..., Any]) -> Callable[..., Any]:
    """`command`, ending with the exit status of its error instead of raising it."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except BrokenPipeError:  # `| head` has read enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit from None
        except (Exception, KeyboardInterrupt) as error:
            show(error)
            raise typer.Exit(exit_status(error)) from error

    return run
