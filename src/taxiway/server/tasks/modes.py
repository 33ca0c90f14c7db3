"""The two modes of a task: inline code, or a function of the repository. Never both, never none."""

from __future__ import annotations

from taxiway.errors import Invalid

BOTH = "Task cannot have both inline code and Git configuration. Choose one execution mode."
NEITHER = (
    "Task must have either 'python_callable' (inline code) OR both 'script_path' and"
    " 'function_name' (Git-based)"
)


def check_mode(
    *, python_callable: str | None, script_path: str | None, function_name: str | None
) -> None:
    """`Invalid` with one of the two messages that the API promises, unless it is one mode."""
    if python_callable and (script_path or function_name):
        raise Invalid(
            "execution-mode-ambiguous",
            BOTH,
            hint="Set the fields of the other mode to null in the same request.",
        )
    if not python_callable and not (script_path and function_name):
        raise Invalid(
            "execution-mode-missing",
            NEITHER,
            hint="Name the file and the function in the repository, or give the source.",
        )
