"""What two releases of a workflow do differently: pure, from what was recorded of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from taxiway.functions.model import Function
from taxiway.workflow.compare import changed
from taxiway.workflow.models import Task, Workflow

Kind = Literal[
    "task-added",
    "task-removed",
    "dependency-moved",
    "param-added",
    "param-removed",
    "param-changed",
    "param-default-changed",
    "signature-changed",
    "signature-broke",
    "function-changed",
    "schedule-changed",
    "field-changed",
]

_SCHEDULE = ("schedule", "timezone", "catchup")
_CODE = ("script_path", "function_name", "python_callable")


@dataclass(frozen=True)
class Side:
    """One release: what was sealed, and the functions of its tasks, where they are certain."""

    workflow: Workflow
    functions: Mapping[str, Function] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """`field` is its place in what is declared, as `tasks.train.params.epochs`. `text` says it to
    people; `is_breaking`: what worked before may not work any more."""

    kind: Kind
    field: str
    text: str
    task: str | None = None
    before: Any = None
    after: Any = None
    is_breaking: bool = False


def workflow_changes(base: Side, head: Side) -> list[Change]:
    """Fields of the workflow first, then task by task."""
    changes = [*_fields(base.workflow, head.workflow)]
    old = {task.name: task for task in base.workflow.tasks}
    new = {task.name: task for task in head.workflow.tasks}
    for name in [*new, *(name for name in old if name not in new)]:
        if name not in old:
            changes.append(Change("task-added", f"tasks.{name}", f"task {name} added", name))
        elif name not in new:
            changes.append(Change("task-removed", f"tasks.{name}", f"task {name} removed", name))
        else:
            changes += _task(old[name], new[name])
            changes += _function(name, base.functions.get(name), head.functions.get(name))
    return changes


def _fields(before: Workflow, after: Workflow) -> Iterator[Change]:
    for name in changed(before, after):
        if name.startswith("tasks."):
            continue
        old, new = getattr(before, name), getattr(after, name)
        kind: Kind = "schedule-changed" if name in _SCHEDULE else "field-changed"
        yield Change(kind, name, f"{name}: {_shown(old)} → {_shown(new)}", None, old, new)


def _task(before: Task, after: Task) -> Iterator[Change]:
    place = f"tasks.{after.name}"
    for full in changed(Workflow("", "", tasks=(before,)), Workflow("", "", tasks=(after,))):
        name = full.removeprefix(f"{place}.")
        old, new = getattr(before, name), getattr(after, name)
        if name == "params":
            yield from _params(before, after)
        elif name == "dependencies":
            text = f"{after.name} waits for {_names(new)} instead of {_names(old)}"
            yield Change("dependency-moved", full, text, after.name, list(old), list(new))
        elif name in _CODE:
            text = f"{after.name}: {name} changed"
            yield Change("function-changed", full, text, after.name, old, new)
        else:
            text = f"{after.name}: {name} {_shown(old)} → {_shown(new)}"
            yield Change("field-changed", full, text, after.name, _plain(old), _plain(new))


def _params(before: Task, after: Task) -> Iterator[Change]:
    for name in sorted(before.params.keys() | after.params.keys()):
        place, task = f"tasks.{after.name}.params.{name}", after.name
        old, new = before.params.get(name), after.params.get(name)
        if name not in before.params:
            yield Change("param-added", place, f"{task}: {name} = {_shown(new)}", task, None, new)
        elif name not in after.params:
            text = f"{task}: {name} is not given any more"
            yield Change("param-removed", place, text, task, old, None)
        elif not _equal(old, new):
            text = f"{task}: {name} {_shown(old)} → {_shown(new)}"
            yield Change("param-changed", place, text, task, old, new)


def _function(task: str, old: Function | None, new: Function | None) -> Iterator[Change]:
    if old is None or new is None:
        return
    place = f"tasks.{task}.function"
    before = {parameter.name: parameter for parameter in old.parameters}
    for parameter in new.parameters:
        was = before.get(parameter.name)
        if was is None or not (was.has_default and parameter.has_default):
            continue
        if was.default != parameter.default:
            yield Change(
                "param-default-changed",
                f"{place}.{parameter.name}",
                f"{task}: the default of {parameter.name} {was.default} → {parameter.default}",
                task,
                was.default,
                parameter.default,
            )
    if _shape(old) == _shape(new):
        return
    reasons = broken_by(old, new)
    kind: Kind = "signature-broke" if reasons else "signature-changed"
    why = f" ({'; '.join(reasons)})" if reasons else ""
    text = f"{task}: {old.signature} → {new.signature}{why}"
    yield Change(kind, place, text, task, old.signature, new.signature, is_breaking=bool(reasons))


def broken_by(old: Function, new: Function) -> list[str]:
    """Why a call that `old` took may be refused by `new`."""
    before, after = _named(old), _named(new)
    reasons: list[str] = []
    if not new.takes_kwargs:
        reasons += [f"{name} is not taken any more" for name in before if name not in after]
        if old.takes_kwargs:
            reasons.append("other names are not taken any more")
    for name, parameter in after.items():
        was = before.get(name)
        if parameter.is_required and (was is None or not was.is_required):
            reasons.append(f"{name} has to be given now")
        elif was is not None and _narrower(old, new, name):
            reasons.append(f"{name} has another type")
    if old.is_generator != new.is_generator and new.is_generator:
        reasons.append("it is a generator now")
    return reasons


def _named(function: Function) -> dict[str, Any]:
    return {
        parameter.name: parameter
        for parameter in function.parameters
        if parameter.kind not in ("var-positional", "var-keyword") and parameter.name != "context"
    }


def _narrower(old: Function, new: Function, name: str) -> bool:
    """Whether the type of a parameter lets in less: what is not told lets in everything."""
    was, now = (_types(function.schema.get("properties", {}).get(name)) for function in (old, new))
    return now is not None and now != was and (was is None or not was <= now)


def _types(schema: Any) -> frozenset[str] | None:
    if not isinstance(schema, Mapping):
        return None
    plain = {k: v for k, v in schema.items() if k not in ("default", "description", "title")}
    if not plain:
        return None
    found = [json.dumps(one, sort_keys=True) for one in plain.get("anyOf", [plain])]
    integers = ['{"type": "integer"}'] if '{"type": "number"}' in found else []
    return frozenset([*found, *integers])


def _shape(function: Function) -> Any:
    """The signature without the values of defaults."""
    parameters = [(p.name, p.kind, p.annotation, p.has_default) for p in function.parameters]
    return parameters, function.returns, function.is_async, function.is_generator


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _equal(old: Any, new: Any) -> bool:
    """As JSON: 1 and true are two values, and so are 1 and 1.0."""
    return json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)


def _shown(value: Any) -> str:
    text = json.dumps(_plain(value), ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}…"
