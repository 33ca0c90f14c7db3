"""What a function receives of the tasks before it, by name.

`inputs` of the task say where a parameter's value comes from: `train_model`, or a part of it,
`train_model.metrics.accuracy`, `load[0].path`. A parameter that is named like such a task, and is
given nothing else, gets that task's value. One that is annotated `Annotated[…, "writable"]` gets
a copy of its own; arrays and frames are otherwise read-only maps.
"""

from __future__ import annotations

from .code import parameters
from .refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .channel import Channel

_MISSING = object()


def gather(function: Callable[..., Any], work: dict[str, Any], line: Channel) -> dict[str, Any]:
    """The values by parameter. `Refused` (`input-not-found`) where a path leads nowhere."""
    sources = dict(work["inputs"])
    received = work["received"]
    given = {*work["params"], *sources, *received}
    for name, kind, _ in parameters(function) or ():
        if name in work["upstream"] and name not in given and kind in ("/", "="):
            sources[name] = name
    found = {}
    for name, encoded in received.items():
        found[name] = _decode(encoded, line, is_writable(function, name))
    for name, source in sources.items():
        if name not in received:
            found[name] = _receive(name, source, work["upstream"], function, line)
    return found


def _receive(
    name: str, source: str, upstream: list[str], function: Callable[..., Any], line: Channel
) -> Any:
    task = task_of(source, upstream)
    answer = line.ask({"ask": "input", "param": name, "task": task, "path": source[len(task) :]})
    whole = _decode(answer.get("value"), line, is_writable(function, name))
    return follow(whole, source, source[len(task) :])


def _decode(encoded: Any, line: Channel, writable: bool) -> Any:
    from .decoder import Decoder  # noqa: PLC0415

    def fetch(digest: str, shown: bool = False) -> str:
        return str(line.ask({"ask": "value", "digest": digest, "shown": shown})["path"])

    return Decoder(fetch, writable=writable).decode(encoded)


def task_of(source: str, upstream: list[str]) -> str:
    """The task that `train.metrics.accuracy` begins with; names may have dots."""
    names = [
        name for name in upstream if source == name or source.startswith((f"{name}.", f"{name}["))
    ]
    if not names:
        raise Refused(
            "Invalid",
            "input-not-found",
            f"The input {source} names no task that runs before this one",
            "Add the task to the dependencies, then deploy.",
        )
    return max(names, key=len)


def follow(value: Any, source: str, path: str) -> Any:
    """The part of `value` at `.metrics.accuracy` or `[0].path`."""
    place = source[: len(source) - len(path)]
    for step in path.replace("]", "").replace("[", ".").split(".")[1:]:
        part = _step(value, step)
        if part is _MISSING:
            has = f"; it has: {', '.join(map(str, list(value)[:20]))}" if _is_dict(value) else ""
            raise Refused(
                "Invalid",
                "input-not-found",
                f"The input {source} is not there: {place} is a {type(value).__name__} without "
                f"{step}{has}",
                "Change the inputs of the task, or what the task before returns.",
            )
        value, place = part, f"{place}.{step}"
    return value


def _is_dict(value: Any) -> bool:
    return isinstance(value, dict)


def _step(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        number = int(step) if step.lstrip("-").isdigit() else _MISSING
        return value.get(step, value.get(number, _MISSING))
    if step.lstrip("-").isdigit() and hasattr(value, "__getitem__"):
        try:
            return value[int(step)]
        except (IndexError, KeyError):
            return _MISSING
    found = getattr(value, step, _MISSING)
    if found is _MISSING and hasattr(value, "columns") and step in value.columns:
        return value[step]
    return found


def is_writable(function: Callable[..., Any], name: str) -> bool:
    annotation = getattr(function, "__annotations__", {}).get(name)
    if isinstance(annotation, str):
        return "Annotated[" in annotation and annotation.rstrip("] ")[-9:-1] == "writable"
    return "writable" in getattr(annotation, "__metadata__", ())
