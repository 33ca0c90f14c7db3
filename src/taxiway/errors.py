"""Every error of Taxiway, named by whose move is next.

    TaxiwayError
    ├── Invalid        the user changes something; a retry is useless
    ├── NotFound       the named thing does not exist
    ├── Conflict       another state of the world forbids it now
    ├── Denied         it is not allowed
    ├── TaskFailed     the user's code ended badly
    └── Unavailable    the world may mend; a retry may work

Each carries a public kebab-case `code`, a message that names the thing, and a `hint` that says
what to do. No HTTP status, exit code or Airflow class is known here: the server, the command
line and Airflow each have one translator. Anything else that escapes is a bug of ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One of several things wrong with an input: where it is, what it is, how to mend it."""

    code: str
    message: str
    place: str = ""  # a JSON pointer ("/tasks/train/params"), or "requirements.txt:3"
    hint: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


class TaxiwayError(Exception):
    """The root: a code for programs, a message and a hint for people."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str = "",
        problems: Iterable[Problem] = (),
        **context: Any,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.problems = tuple(problems)
        self.context = context  # JSON values that programs may want: names, numbers, limits

    def __str__(self) -> str:
        lines = [self.message]
        lines += [
            f"  {p.place}: {p.message}" if p.place else f"  {p.message}" for p in self.problems
        ]
        return "\n".join(lines)

    def __reduce__(self) -> Any:
        return _rebuild, (
            type(self),
            self.code,
            self.message,
            self.hint,
            self.problems,
            self.context,
        )


def _rebuild(
    kind: type[TaxiwayError],
    code: str,
    message: str,
    hint: str,
    problems: tuple[Problem, ...],
    context: dict[str, Any],
) -> TaxiwayError:
    return kind(code, message, hint=hint, problems=problems, **context)


class Invalid(TaxiwayError):
    """What was given cannot work; the user changes it."""


class NotFound(TaxiwayError):
    """The thing that was named does not exist."""


class Conflict(TaxiwayError):
    """The present state forbids it: a name is taken, something is in use or in progress."""


class Denied(TaxiwayError):
    """It exists, and it is not allowed."""


class TaskFailed(TaxiwayError):
    """The user's code raised, ended with a status, was killed or ran out of time."""


class Unavailable(TaxiwayError):
    """A host, a service or a resource is missing now; the same call may work later."""
