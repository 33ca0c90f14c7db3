"""Submodules: `.gitmodules` of the pinned tree, read as data. `git submodule` never runs."""

from __future__ import annotations

import re

from taxiway.errors import Invalid
from taxiway.git import call
from taxiway.git.url import RepositoryUrl

SIZE = 256 * 1024  # of a .gitmodules that is read
_KEY = re.compile(r"submodule\.(?P<name>.*)\.(?P<what>path|url|update)", re.DOTALL)


def declared(text: bytes) -> dict[str, str]:
    """The URL of each path that a `.gitmodules` tells of, as it is written there. What says
    `update = none` is left out, as git leaves it."""
    done = call.run(["config", "--null", "--no-includes", "--file", "-", "--list"], stdin=text)
    if done.returncode != 0:
        raise Invalid(
            "gitmodules-invalid",
            f".gitmodules cannot be read: {done.complaint}",
            hint="Mend it; `git config -f .gitmodules --list` shows where it is wrong.",
        )
    found: dict[str, dict[str, str]] = {}
    for row in done.stdout.decode("utf-8", "surrogateescape").split("\0"):
        key, _, value = row.partition("\n")
        if match := _KEY.fullmatch(key):
            found.setdefault(match["name"], {})[match["what"]] = value
    return {
        one["path"].rstrip("/"): one["url"]
        for one in found.values()
        if "path" in one and "url" in one and one.get("update") != "none"
    }


def address(base: RepositoryUrl, url: str) -> RepositoryUrl:
    """Where a submodule's repository is; `./x` and `../x` are relative to that of its parent."""
    if not url.startswith(("./", "../")):
        return RepositoryUrl.parse(url)
    place, rest = base.text.rstrip("/"), url
    root = len(place.partition("://")[0]) + 3
    while True:
        if rest.startswith("./"):
            rest = rest[2:]
        elif rest.startswith("../"):
            rest = rest[3:]
            cut = place.rfind("/")
            if cut < root:
                raise Invalid(
                    "submodule-url-invalid",
                    f"{url} leads out of the host of {base}",
                    hint="Mend the URL in .gitmodules.",
                )
            place = place[:cut]
        else:
            return RepositoryUrl.parse(f"{place}/{rest}")
