"""Files and folders that a function made, by `pathlib.Path`.

A file keeps its name, a folder the names and links below it. Who receives one gets a path below
its own temporary folder; what is there can be read, and not written.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .outbox import TAG, type_name
from .refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .outbox import Outbox

_MOST_FILES = 10_000
_SHOWN = 20


def encode(value: Any, outbox: Outbox, place: str) -> dict[str, Any] | None:
    if type(value).__name__ not in ("PosixPath", "WindowsPath"):
        return None
    try:
        mode = value.stat().st_mode
    except OSError as error:
        raise _refused(
            f"{place} is the path {value}, and there is no such file: {error.strerror}",
            "Write the file before you return its path, or return str(path) to hand on its name.",
        ) from None
    if stat.S_ISREG(mode):
        with value.open("rb") as file:
            written = outbox.copy(file, place)
        name = value.name or "file"
        return outbox.reference("file", written, value, {"name": name}) | {"name": name}
    if not stat.S_ISDIR(mode):
        raise _refused(f"{place} is the path {value}, which is no file and no folder", "")
    return _encode_folder(value, outbox, place)


def _encode_folder(root: Path, outbox: Outbox, place: str) -> dict[str, Any]:
    entries: list[list[Any]] = []
    total = 0
    for path, name in _walk(root):
        if len(entries) >= _MOST_FILES:
            raise _refused(
                f"{place} is the folder {root}, which has more than {_MOST_FILES:,} files",
                "Pack them into one file.",
            )
        if os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114
            entries.append([name, "folder", ""])
            continue
        if os.path.islink(path) and _points_inside(root, path):  # noqa: PTH114
            entries.append([name, "link", os.readlink(path)])  # noqa: PTH115
            continue
        if not os.path.isfile(path):  # noqa: PTH113
            raise _refused(
                f"{place} is the folder {root}, and {name} in it is neither a file nor a folder, "
                "or a link to a folder elsewhere",
                "Remove it, or return the files that matter.",
            )
        with open(path, "rb") as file:  # noqa: PTH123
            digest, size = outbox.copy(file, f"{place}/{name}")
        total += size
        entries.append([name, "file", digest, size])
    summary = {"name": root.name, "files": len(entries), "first": [e[0] for e in entries[:_SHOWN]]}
    index = {"entries": entries}
    import json  # noqa: PLC0415

    data = json.dumps(index).encode("ascii")
    digest, _ = outbox.write(lambda file: file.write(data), place)
    return {
        TAG: "value",
        "digest": digest,
        "format": "folder",
        "type": type_name(root),
        "size": total,
        "summary": summary,
        "name": root.name or "folder",
    }


def _walk(root: Path) -> Iterator[tuple[str, str]]:
    for folder, folders, files in os.walk(root):
        folders.sort()
        linked = [one for one in folders if os.path.islink(os.path.join(folder, one))]  # noqa: PTH114, PTH118
        if not (folders or files) and folder != str(root):
            yield folder, os.path.relpath(folder, root)
        for name in sorted([*files, *linked]):
            path = os.path.join(folder, name)  # noqa: PTH118
            yield path, os.path.relpath(path, root)


def _points_inside(root: Path, path: str) -> bool:
    target = os.readlink(path)  # noqa: PTH115
    if os.path.isabs(target):  # noqa: PTH117
        return False
    found = os.path.normpath(os.path.join(os.path.dirname(path), target))  # noqa: PTH118, PTH120
    return os.path.realpath(found).startswith(os.path.realpath(root) + os.sep)


def decode(reference: dict[str, Any], fetch: Callable[..., str], writable: bool) -> Any:
    import tempfile  # noqa: PLC0415

    given = Path(tempfile.mkdtemp(prefix="value.")) / (reference["name"] or "value")
    if reference["format"] == "file":
        _put(fetch(reference["digest"], not writable), given, writable)
        return given
    import json  # noqa: PLC0415

    with open(fetch(reference["digest"]), "rb") as file:  # noqa: PTH123
        entries = json.load(file)["entries"]
    given.mkdir()
    for name, kind, what, *_ in entries:
        target = given / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if kind == "folder":  # an empty one
            target.mkdir(exist_ok=True)
        elif kind == "link":
            target.symlink_to(what)
        else:
            _put(fetch(what, not writable), target, writable)
    return given


def _put(source: str, target: Path, writable: bool) -> None:
    if not writable:
        target.symlink_to(source)
        return
    import shutil  # noqa: PLC0415

    shutil.copyfile(source, target)


def _refused(message: str, hint: str) -> Refused:
    return Refused("TaskFailed", "value-not-storable", message, hint)
