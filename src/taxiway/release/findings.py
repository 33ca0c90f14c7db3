"""What the deploy check says: each finding with its place and a remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from taxiway.environment.requirements import FALLBACK
from taxiway.errors import Invalid, Problem, TaxiwayError

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """Errors stop a deploy, warnings do not. `file` and `line` are places in the repository, or
    the line alone in the code of an inline task; `pointer` is the place in what was declared."""

    severity: Severity
    code: str
    message: str
    hint: str = ""
    task: str | None = None
    file: str | None = None
    line: int | None = None
    pointer: str = ""

    @property
    def is_error(self) -> bool:
        return self.severity == "error"

    @property
    def place(self) -> str:
        """A JSON pointer, or `requirements.txt:3`."""
        if self.pointer or self.file is None:
            return self.pointer
        return f"{self.file}:{self.line}" if self.line else self.file

    def as_dict(self) -> dict[str, Any]:
        return {
            name: readable(value) if isinstance(value, str) else value
            for name, value in asdict(self).items()
        }

    def as_problem(self) -> Problem:
        said = map(readable, (self.message, self.place, self.hint))
        return Problem(self.code, *said)

    def as_warning(self) -> Finding:
        return replace(self, severity="warning")


def readable(text: str) -> str:
    """`text` as any reader of UTF-8 takes it: names of files may hold other bytes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def errors_of(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.is_error]


def notes_of(findings: Iterable[Finding]) -> list[str]:
    """Warnings, as a release keeps them: for people."""
    return [
        readable(f"{one.message.rstrip('.')}. {one.hint}" if one.hint else one.message)
        for one in findings
        if not one.is_error
    ]


def refuse(name: str, findings: Sequence[Finding]) -> None:
    """Raise `Invalid` where there are errors: `deploy-check-failed`, or the one's own code.

    `findings` of the error are all of them, warnings too, for programs.
    """
    wrong = errors_of(findings)
    if not wrong:
        return
    problems = [finding.as_problem() for finding in wrong]
    told = [finding.as_dict() for finding in findings]
    if len(wrong) == 1:
        only = problems[0]
        raise Invalid(only.code, only.message, hint=only.hint, problems=problems, findings=told)
    raise Invalid(
        "deploy-check-failed",
        f"{name} cannot be deployed: {len(wrong)} problems",
        hint="Mend what `errors` lists; each entry says how.",
        problems=problems,
        findings=told,
    )


def finding_of(error: TaxiwayError) -> list[Finding]:
    """The findings that an error tells: one for each of its problems, or the error itself."""
    problems = error.problems or (Problem(error.code, error.message, hint=error.hint),)
    return [from_problem(problem) for problem in problems]


def from_problem(problem: Problem, severity: Severity = "error") -> Finding:
    """A problem whose place is a JSON pointer, or `file:line`."""
    place = problem.place
    said = Finding(severity, problem.code, problem.message, problem.hint)
    if place.startswith("/"):
        parts = place.split("/")
        task = parts[2] if parts[1] == "tasks" and len(parts) > 2 else None
        return replace(said, pointer=place, task=task)
    file, colon, line = place.rpartition(":")
    if colon and line.isdigit():
        if file == FALLBACK:
            return replace(said, pointer=f"/{FALLBACK}", line=int(line))
        return replace(said, file=file, line=int(line))
    return replace(said, file=place or None)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """What may have been meant, upper and lower case being the same."""
    folded: dict[str, str] = {}
    for candidate in known:
        folded.setdefault(candidate.casefold(), candidate)
    found = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean …?`, or nothing."""
    near = nearest(name, known)
    return f"did you mean `{near}`?" if near else ""


def pointer(*parts: str) -> str:
    """The JSON pointer of these keys."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
