"""One logical line of a requirements file: what it asks for, by its form alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from taxiway.environment.policy import normalize_name, split_url

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?"
_EXTRAS = rf"\[\s*(?:{_NAME}(?:\s*,\s*{_NAME})*)?\s*\]"
_CLAUSE = r"(?:===|==|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9._*+!-]+"
_CLAUSES = rf"{_CLAUSE}(?:\s*,\s*{_CLAUSE})*"
_MARKER = r"[A-Za-z0-9_.\s'\"()<>=!~,*+/-]+"
_NAMED = re.compile(
    rf"(?P<name>{_NAME})\s*(?P<extras>{_EXTRAS})?\s*"
    rf"(?P<clauses>{_CLAUSES}|\(\s*{_CLAUSES}\s*\))?\s*(?:;\s*(?P<marker>{_MARKER}))?"
)
_DIRECT = re.compile(
    rf"(?P<name>{_NAME})\s*(?P<extras>{_EXTRAS})?\s*@\s*(?P<url>\S+)"
    rf"(?:\s+;\s*(?P<marker>{_MARKER}))?"
)
_BARE_URL = re.compile(rf"(?P<url>[A-Za-z][A-Za-z0-9+.-]*:\S+)(?:\s+;\s*(?P<marker>{_MARKER}))?")
_ITSELF = re.compile(rf"\./?\s*(?P<extras>{_EXTRAS})?")
_HASH = re.compile(r"(sha256|sha384|sha512):([0-9a-f]{64,128})")
_OPTION = re.compile(r"(?P<flag>--[a-z][a-z0-9-]*|-[a-z])(?:\s*=\s*|\s*)(?P<value>.*)", re.S)
_LONG = {"-r": "--requirement", "-c": "--constraint", "-e": "--editable"} | {
    "-i": "--index-url",
    "-f": "--find-links",
}
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".egg")
LONGEST = 2000  # characters of a requirement without its hashes


@dataclass(frozen=True)
class Option:
    """`--flag value`, short flags by their long name."""

    flag: str
    value: str


@dataclass(frozen=True)
class Named:
    """A package by name; `text` is the requirement as uv shall read it, without hashes."""

    name: str
    text: str


@dataclass(frozen=True)
class Direct:
    """A package at a URL; `name` is empty where the line does not tell it."""

    name: str
    url: str
    text: str

    @property
    def is_wheel(self) -> bool:
        return split_url(self.url).path.endswith(".whl")


@dataclass(frozen=True)
class Itself:
    """The repository's own package: `.`"""

    extras: str


@dataclass(frozen=True)
class Local:
    """A path, or a `file:` URL."""

    path: str


@dataclass(frozen=True)
class Unknown:
    """None of these forms."""

    text: str


Statement = Option | Named | Direct | Itself | Local | Unknown


def read_statement(line: str) -> tuple[Statement, tuple[str, ...], tuple[str, ...]]:
    """What the line asks for, its hashes, and the options after it that are not hashes."""
    if line.startswith("-"):
        return _option(line), (), ()
    body, hashes, others = _split_options(line)
    return read_requirement(body), hashes, others


def read_requirement(body: str) -> Statement:
    """One requirement without options: also what stands behind `-e`."""
    if len(body) > LONGEST or not body.isprintable():
        return Unknown(body[:80])
    if itself := _ITSELF.fullmatch(body):
        return Itself(itself["extras"] or "")
    if match := _NAMED.fullmatch(body):
        is_file = match["name"].lower().endswith(_ARCHIVES)
        return Local(body) if is_file else Named(normalize_name(match["name"]), _spaced(body))
    if match := _DIRECT.fullmatch(body):
        return _direct(match["name"], match["extras"] or "", match["url"], match["marker"])
    if match := _BARE_URL.fullmatch(body):
        return _direct(_name_in(match["url"]), "", match["url"], match["marker"])
    is_path = re.search(r"[/\\]", body.split(";")[0]) or body.lower().endswith(_ARCHIVES)
    return Local(body) if is_path else Unknown(body)


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _direct(name: str, extras: str, url: str, marker: str | None) -> Statement:
    if not re.match(r"(git|hg|svn|bzr)\+|https?://", url):
        return Local(url)
    tail = f" ; {_spaced(marker)}" if marker else ""
    name = normalize_name(name) if name else ""
    return Direct(name, url, f"{name}{extras} @ {url}{tail}")


def _name_in(url: str) -> str:
    """The package that a bare URL tells: in `#egg=`, or in the file name of a wheel."""
    parts = split_url(url)
    egg = re.match(rf"(?:.*&)?egg=({_NAME})", parts.fragment)
    if egg:
        return egg.group(1)
    wheel = re.match(rf"({_NAME})-[^-]+(-[^-]+){{3,4}}\.whl$", unquote(parts.path).split("/")[-1])
    return wheel.group(1) if wheel else ""


def _option(line: str) -> Option | Unknown:
    match = _OPTION.fullmatch(line)
    if not match:
        return Unknown(line)
    value = match["value"].strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return Option(_LONG.get(match["flag"], match["flag"]), value)


def _split_options(line: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    body, *options = re.split(r"\s+(?=--[a-z])", line)
    hashes, others = [], []
    for option in options:
        flag, _, value = option.replace("=", " ", 1).partition(" ")
        found = _HASH.fullmatch(value.strip())
        if flag == "--hash" and found:
            hashes.append(found.group())
        else:
            others.append(option)
    return body.strip(), tuple(hashes), tuple(others)
