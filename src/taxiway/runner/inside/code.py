"""Finding the function that the task names, and calling it with what it takes."""

from __future__ import annotations

import os
import sys
from _frozen_importlib import ModuleSpec, module_from_spec
from _frozen_importlib_external import SourceFileLoader, spec_from_file_location

from .refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

_ONLY_SYNTAX = 0x400  # ast.PyCF_ONLY_AST
_FUNCTIONS = ("FunctionDef", "AsyncFunctionDef")


def import_script(root: str, script: str) -> ModuleType:
    """Import `script` (`src/train.py`) under its dotted name from `root` (`src.train`).

    It and its parents are made from the files below `root`, whatever else has those names.
    """
    path = os.path.join(root, script)  # noqa: PTH118
    if not os.path.isfile(path):  # noqa: PTH113
        raise Refused(
            "Invalid",
            "script-not-found",
            f"The repository has no file {script}",
            "Check the task's script_path against the repository at this commit.",
        )
    *folders, file = script.removesuffix(".py").split("/")
    if file == "__init__" and folders:
        file = folders.pop()
    for depth in range(1, len(folders) + 1):
        _import_parent(root, folders[:depth])
    return _execute(".".join([*folders, file.replace(".", "_")]), path)


def _import_parent(root: str, folders: list[str]) -> None:
    name, folder = ".".join(folders), os.path.join(root, *folders)  # noqa: PTH118
    known = sys.modules.get(name)
    if known is not None and folder in list(getattr(known, "__path__", ())):
        return
    init = os.path.join(folder, "__init__.py")  # noqa: PTH118
    if os.path.isfile(init):  # noqa: PTH113
        _execute(name, init, [folder])
        return
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [folder]
    _install(name, module_from_spec(spec))


def _execute(name: str, path: str, locations: list[str] | None = None) -> ModuleType:
    if locations is None and os.path.basename(path) == "__init__.py":  # noqa: PTH119
        locations = [os.path.dirname(path)]  # noqa: PTH120
    if name in sys.modules and getattr(sys.modules[name], "__file__", None) == path:
        return sys.modules[name]  # its own package imported it
    loader = SourceFileLoader(name, path)
    spec = spec_from_file_location(name, path, loader=loader, submodule_search_locations=locations)
    assert spec is not None
    module = module_from_spec(spec)
    _install(name, module)
    loader.exec_module(module)
    return sys.modules[name]


def _install(name: str, module: ModuleType) -> None:
    sys.modules[name] = module
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, module)


def inline_function(module: ModuleType, source: str, task: str) -> Callable[..., Any]:
    """The one function that the source defines at its top, or the one named like the task."""
    tree: Any = compile(source, "", "exec", _ONLY_SYNTAX)
    names = [node.name for node in tree.body if type(node).__name__ in _FUNCTIONS]
    chosen = names if len(set(names)) == 1 else [name for name in names if name == task]
    if not chosen:
        raise Refused(
            "Invalid",
            "inline-function-unclear",
            f"The code of task {task} defines {len(names)} functions, and none named {task}"
            if names
            else f"The code of task {task} defines no function",
            f"Write one function, or name the one to call {task}.",
        )
    return find_function(module, chosen[-1], "its code")


def find_function(module: ModuleType, name: str, script: str) -> Callable[..., Any]:
    found: Any = getattr(module, name, None)
    if found is None:
        raise Refused(
            "Invalid",
            "function-not-found",
            f"{script} has no function {name}",
            "Check the task's function_name against the repository at this commit.",
        )
    if not callable(found):
        raise Refused("Invalid", "function-not-found", f"{name} in {script} is not a function")
    return found  # type: ignore[no-any-return]


def call(function: Callable[..., Any], params: dict[str, Any], context: Callable[[], Any]) -> Any:
    """Call it with its params as keywords, and with the context if it takes one."""
    args, keywords = arguments(function, params, context)
    result = function(*args, **keywords)
    if hasattr(result, "cr_code"):
        import asyncio  # noqa: PLC0415

        return asyncio.run(result)
    return result


def arguments(
    function: Callable[..., Any], params: dict[str, Any], context: Callable[[], Any]
) -> tuple[list[Any], dict[str, Any]]:
    """`Refused` (`params-refused`) names what the function does not take, or needs and has not."""
    taken = parameters(function)
    if taken is None:
        return [], params
    given, args = dict(params), []
    needed: list[str] = []
    for name, kind, required in taken:
        if name == "context":
            _refuse_param_context(function, params)
            if kind == "**":  # def f(**context), as Airflow users write
                given = {**context(), **params}
            elif kind == "/":
                args.append(context())
            else:
                given["context"] = context()
        elif kind == "/" and name in given:
            args.append(given.pop(name))
        elif required and name not in given:
            needed.append(name)
    takes_all = any(kind == "**" for _, kind, _ in taken)
    names = {name for name, kind, _ in taken if kind not in ("*", "**")}
    unknown = [] if takes_all else [name for name in params if name not in names]
    _refuse_mismatch(function, unknown, needed)
    return args, given


def parameters(function: Callable[..., Any]) -> list[tuple[str, str, bool]] | None:
    """Each parameter's name, kind ("/" positional only, "=" by keyword, "*" or "**") and whether
    it must be given; None when the function does not tell."""
    if type(function).__name__ != "function" or vars(function):
        return _inspected(function)  # something wraps it: `inspect` knows all the rules
    code = function.__code__
    count, only = code.co_argcount, code.co_kwonlyargcount
    positional, keyword = code.co_varnames[:count], code.co_varnames[count : count + only]
    first_default = count - len(function.__defaults__ or ())
    taken = [
        (name, "/" if i < code.co_posonlyargcount else "=", i < first_default)
        for i, name in enumerate(positional)
    ]
    defaults = function.__kwdefaults__ or {}
    taken += [(name, "=", name not in defaults) for name in keyword]
    rest = iter(code.co_varnames[count + only :])
    return taken + [
        (next(rest), kind, False) for bit, kind in ((4, "*"), (8, "**")) if code.co_flags & bit
    ]


def _inspected(function: Callable[..., Any]) -> list[tuple[str, str, bool]] | None:
    import inspect  # noqa: PLC0415

    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin
        return None
    kinds = {0: "/", 1: "=", 2: "*", 3: "=", 4: "**"}
    return [(p.name, kinds[p.kind], p.default is p.empty and p.kind not in (2, 4)) for p in found]


def _refuse_param_context(function: Callable[..., Any], params: dict[str, Any]) -> None:
    if "context" in params:
        raise Refused(
            "Invalid",
            "params-refused",
            f"{_name(function)}() takes the context, so no param can have the name context",
            "Rename that param.",
        )


def _refuse_mismatch(function: Callable[..., Any], unknown: list[str], needed: list[str]) -> None:
    said = []
    if unknown:
        said.append(f"does not take {', '.join(unknown)}")
    if needed:
        said.append(f"needs {', '.join(needed)}")
    if said:
        raise Refused(
            "Invalid",
            "params-refused",
            f"{_name(function)}() {' and '.join(said)}; the task's params do not fit",
            "Change the params of the task, or let the function take **kwargs.",
        )


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)
