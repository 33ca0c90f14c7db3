"""How two releases beside each other are shown."""

from __future__ import annotations

from taxiway.cli import display
from taxiway.client.http import Json

_MARKS = {"added": "+", "removed": "-", "up": "↑", "down": "↓", "changed": "~"}


def tell_comparison(found: Json, *, files: bool) -> None:
    base, head = found["base"], found["head"]
    same = ": they run the same" if found["identical"] else ""
    display.note(f"Release {base['number']} → {head['number']}{same}")
    for commit in found["commits"] or []:
        _line("commits", f"+ {commit['id'][:12]} {commit['subject']} ({commit['author']})")
    for commit in found["commits_left"] or []:
        _line("commits", f"- {commit['id'][:12]} {commit['subject']} ({commit['author']})")
    for change in found["workflow"]:
        _line("workflow", change["text"] + (" [breaks]" if change["is_breaking"] else ""))
    if base["python"] != head["python"]:
        _line("packages", f"Python {base['python']} → {head['python']}")
    for kind, packages in found["packages"].items():
        for package in packages:
            versions = " → ".join(filter(None, (package["before"], package["after"])))
            _line("packages", f"{_MARKS[kind]} {package['name']} {versions}")
    _tell_files(found, files)
    for note in found["notes"]:
        display.note(note)


def _tell_files(found: Json, texts: bool) -> None:
    for file in found["files"] or []:
        counts = f" (+{file['additions']} -{file['deletions']})"
        _line("files", f"{_MARKS[file['status']]} {file['path']}{counts}")
        if texts and file["text"]:
            display.text(file["text"])
    if found["other_files"]:
        _line("files", f"{found['other_files']} others, which no task can reach by import")


def _line(part: str, text: str) -> None:
    display.fields([(part, text)])
