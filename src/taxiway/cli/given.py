"""What is typed after an option: `name=value` pairs, JSON, and files that hold JSON or text."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from taxiway.client.http import Json
from taxiway.errors import Invalid, NotFound
from taxiway.redaction import Secret
from taxiway.workflow.names import is_env_name, steers


def present(**fields: Any) -> Json:
    """The options that were given."""
    return {name: value for name, value in fields.items() if value is not None}


def pairs(texts: Iterable[str] | None, option: str) -> dict[str, str] | None:
    """`NAME=VALUE`, as often as the option was given; nothing of an empty text."""
    if not texts:
        return None
    return dict(_split(text, option, "NAME=VALUE") for text in texts if text)


def json_pairs(texts: Iterable[str] | None, option: str) -> Json | None:
    """`NAME=JSON`."""
    found = pairs(texts, option)
    if found is None:
        return None
    return {name: _json(value, f"{option} {name}") for name, value in found.items()}


def names(texts: Iterable[str] | None) -> list[str] | None:
    """Each as often as the option was given; none of an empty text."""
    return [text for text in texts if text] if texts else None


def lists(texts: Iterable[str] | None, option: str) -> Json | None:
    """`NAME=[…]`, a list as JSON, or `NAME=TASK`, a name."""
    found = pairs(texts, option)
    if found is None:
        return None
    return {
        name: _json(text, f"{option} {name}") if text.startswith("[") else text
        for name, text in found.items()
    }


def params_by_task(texts: Iterable[str] | None) -> dict[str, Json]:
    """`TASK.NAME=JSON`; a task's name may have dots, a param's has none."""
    found: dict[str, Json] = {}
    for place, value in (json_pairs(texts, "--param") or {}).items():
        task, dot, name = place.rpartition(".")
        if not (task and dot and name):
            raise _refused("--param", place, "TASK.NAME=JSON")
        found.setdefault(task, {})[name] = value
    return found


def _split(text: str, option: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise _refused(option, text, form)
    return name, value


def _refused(option: str, text: str, form: str) -> Invalid:
    return Invalid("option-refused", f"{option} {text[:200]!r}: write it as {form}")


def _json(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(
            "option-refused",
            f"{place}: {text[:200]!r} is no JSON ({error})",
            hint="A text stands in double quotes inside the shell's: --param 'train.kind=\"svm\"'.",
        ) from None


def secrets(names: Iterable[str] | None) -> dict[str, Secret]:
    """The variables of our own environment that are handed on: a text after an option would
    stand in the list of processes. `Invalid` (`env-name-refused`,
    `secret-not-found`)."""
    found: dict[str, Secret] = {}
    for name in names or ():
        if not is_env_name(name) or steers(name):
            raise Invalid(
                "env-name-refused",
                f"--secret {name.partition('=')[0][:100]!r} cannot hold a secret of a task",
                hint="Give the name of a variable that is set here, and not its text.",
            )
        if not os.environ.get(name):
            raise Invalid(
                "secret-not-found",
                f"The environment has no {name}, which --secret names",
                hint=f"Set it first: read -rs {name} && export {name}",
            )
        found[name] = Secret(os.environ[name])
    return found


def unset(names: Iterable[str] | None, fields: Json) -> Json:
    """`fields`, and null for those that are to be as if they had never been set. `Invalid`."""
    cleared = {name.replace("-", "_") for name in names or ()}
    if both := sorted(cleared & fields.keys()):
        raise Invalid("option-refused", f"{both[0]} is both given and unset", hint="Leave one out.")
    return fields | dict.fromkeys(sorted(cleared))


def text_file(path: Path | None) -> str | None:
    """The text of a file, or of stdin for `-`."""
    if path is None:
        return None
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text("utf-8")
    except FileNotFoundError:
        raise NotFound("file-not-found", f"There is no file {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("file-refused", f"{path} cannot be read: {error}") from None


def json_file(path: Path) -> Any:
    """What a JSON file holds."""
    try:
        return json.loads(text_file(path) or "")
    except (ValueError, RecursionError) as error:
        raise Invalid(
            "file-refused", f"{path} is no JSON: {error}", hint="Mend that place."
        ) from None


def json_object(path: Path | None) -> Json:
    """What a JSON file holds, which has to be an object; nothing without a file."""
    if path is None:
        return {}
    found = json_file(path)
    if not isinstance(found, dict):
        raise Invalid("file-refused", f"{path} holds no JSON object", hint="Begin it with {.")
    return found
