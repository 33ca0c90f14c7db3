"""What a script declares in itself: the block `# /// script` of PEP 723, read as data."""

from __future__ import annotations

import re
import tomllib

from taxiway.environment.pyproject import Pyproject
from taxiway.environment.uvlock import refusal
from taxiway.errors import Problem

# As the specification has it, word for word.
_BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
MARK = b"# /// script"


def metadata(path: str, text: str) -> Pyproject | None:
    """What the script's own block asks for; None where it has none, or one without
    `dependencies`. `Invalid` where it cannot be read."""
    blocks = [match["content"] for match in _BLOCK.finditer(text) if match["type"] == "script"]
    if not blocks:
        return None
    if len(blocks) > 1:
        raise _refused(path, "it has several blocks `# /// script`")
    lines = blocks[0].splitlines()
    try:
        raw = tomllib.loads("\n".join(line[2:] if line.startswith("# ") else "" for line in lines))
    except tomllib.TOMLDecodeError as error:
        raise _refused(path, f"its block `# /// script` is no TOML: {error}") from None
    wanted = raw.get("dependencies")
    if wanted is None:
        return None
    if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted):
        raise _refused(path, "`dependencies` of its block `# /// script` is no list of texts")
    names = ("dependencies", "requires-python")
    project = {name: raw[name] for name in names if name in raw}
    return Pyproject(path, text, {"project": project, "tool": raw.get("tool", {})})


def _refused(path: str, said: str) -> Exception:
    hint = "Write it as `uv add --script` does."
    return refusal([Problem("requirement-syntax", said, path, hint)], path)
