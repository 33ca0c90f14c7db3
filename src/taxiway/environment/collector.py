"""What the policy makes of each statement of a requirements file: taken, noted, or refused."""

from __future__ import annotations

from taxiway.environment.policy import (
    ALLOW_BUILDS,
    ALLOW_URLS,
    FIND_LINKS,
    INDEXES,
    PackagePolicy,
    normalize_name,
    normalize_url,
    split_url,
)
from taxiway.environment.statement import (
    Direct,
    Itself,
    Local,
    Option,
    Statement,
    Unknown,
    read_requirement,
)
from taxiway.environment.tool import builtin_index
from taxiway.redaction import redact

_EVERY_LOCK_DOES = {"--require-hashes", "--only-binary", "--prefer-binary", "--no-cache-dir"}
_LIST_THEM = "List the packages that it needs here, by name."


class Refused(Exception):
    """One line is refused; the reader knows where it is."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = redact(message)
        self.hint = redact(hint)


class Collector:
    """Gathers what the statements ask for, as far as `policy` allows it."""

    def __init__(self, policy: PackagePolicy) -> None:
        self.policy = policy
        self.requirements: list[str] = []
        self.constraints: list[str] = []
        self.notes: list[str] = []
        self._primary: str | None = None
        self._names_default = False
        self._extra: list[str] = []
        self.find_links: list[str] = []
        self.prerelease = False
        self.builds: set[str] = set()

    @property
    def default_index(self) -> str | None:
        """What takes the place of the operator's default index, searched last."""
        return None if self._names_default else self._primary

    @property
    def indexes(self) -> list[str]:
        """What is searched before the default, in this order."""
        ahead = [self._primary] if self._primary and self._names_default else []
        return list(dict.fromkeys((*ahead, *self._extra)))

    def take(
        self,
        statement: Statement,
        hashes: tuple[str, ...],
        options: tuple[str, ...],
        *,
        place: str,
        constraints: bool,
    ) -> None:
        """Raises `Refused`."""
        if options:
            raise Refused(
                "requirement-option",
                f"{options[0].split('=')[0].split()[0]} after a requirement is not supported",
                "Only --hash=sha256:… (or sha384, sha512) may follow a requirement.",
            )
        if isinstance(statement, Option):
            self._option(statement, place)
        elif isinstance(statement, Itself):
            self._itself(statement, place)
        elif isinstance(statement, Local):
            raise _local(statement.path)
        elif isinstance(statement, Unknown):
            raise _unknown(statement.text)
        else:
            if isinstance(statement, Direct):
                self._check_direct(statement)
            line = " ".join((statement.text, *(f"--hash={one}" for one in hashes)))
            (self.constraints if constraints else self.requirements).append(line)

    def _itself(self, statement: Itself, place: str) -> None:
        extras = f" and its extras {statement.extras}" if statement.extras else ""
        self.notes.append(
            f"{place}: the repository itself is not installed: its modules are importable "
            f"already. Its own dependencies{extras} are not read; list them in requirements.txt."
        )

    def _check_direct(self, direct: Direct) -> None:
        parts = split_url(direct.url)
        host = parts.hostname or ""
        if "@" in parts.netloc:
            raise Refused(
                "requirement-url",
                f"{redact(direct.url)} carries credentials",
                "Credentials never stand in a repository; publish the package on an index of "
                f"{INDEXES}.",
            )
        if not self.policy.may_fetch(direct.url):
            also = f", and the package to {ALLOW_BUILDS}" if not direct.is_wheel else ""
            raise Refused(
                "requirement-url",
                f"{direct.url} is not from an index",
                "Name a released version instead, or have the operator add "
                f"{host or 'its host'} to {ALLOW_URLS}{also}. Only https and git+https are taken.",
            )
        if not direct.name:
            raise Refused(
                "requirement-url",
                f"{direct.url} does not tell the package's name",
                "Write it as `name @ URL`.",
            )
        if not direct.is_wheel:
            self._allow_build(direct.name)

    def _allow_build(self, name: str) -> None:
        if not self.policy.may_build(name):
            raise Refused(
                "requirement-build",
                f"{name} would be built from source, and only wheels are installed",
                f"Choose a version with a wheel, or have the operator add {name} to {ALLOW_BUILDS}.",
            )
        self.builds.add(normalize_name(name))

    def _option(self, option: Option, place: str) -> None:
        if option.flag == "--editable":
            self._editable(option.value, place)
        elif option.flag in ("--index-url", "--extra-index-url"):
            self._index(option)
        elif option.flag == "--find-links":
            self._links(option.value)
        elif option.flag == "--pre":
            self.prerelease = True
        elif option.flag == "--no-binary":
            self._no_binary(option.value, place)
        elif option.flag in _EVERY_LOCK_DOES:
            self.notes.append(f"{place}: {option.flag} changes nothing: only wheels, with hashes.")
        elif option.flag == "--trusted-host":
            raise Refused(
                "requirement-option",
                "--trusted-host would switch off the check of the index's certificate",
                "Have the operator name the CA of the index in SSL_CERT_FILE.",
            )
        else:
            raise Refused(
                "requirement-option",
                f"{option.flag} is not supported",
                "Taken are -r, -c, -i, --extra-index-url, --pre and --hash.",
            )

    def _no_binary(self, value: str, place: str) -> None:
        for name in map(str.strip, value.split(",")):
            if name == ":all:" and self.policy.may_build("all"):
                self.notes.append(f"{place}: only what has no wheel is built from source.")
            else:
                self._allow_build(name)

    def _editable(self, value: str, place: str) -> None:
        inner = read_requirement(value)
        if isinstance(inner, Itself):
            self._itself(inner, place)
            return
        remedy = (
            f"Write `name @ {value}` without -e, and have the operator allow its host in "
            f"{ALLOW_URLS}."
            if isinstance(inner, Direct)
            else f"Modules of the repository are importable already. {_LIST_THEM}"
        )
        raise Refused("requirement-editable", f"-e {value} is not installed", remedy)

    def _index(self, option: Option) -> None:
        if self._is_default(option.value):
            self._names_default = True
            return
        if self.policy.index(option.value) is None:
            raise Refused(
                "requirement-index",
                f"{option.value} is not an index that this installation takes packages from",
                f"Have the operator add it to {INDEXES}, or leave the line out.",
            )
        url = normalize_url(option.value)
        if option.flag == "--index-url":
            self._primary = url
        else:
            self._extra.append(url)

    def _is_default(self, url: str) -> bool:
        defaults = (self.policy.default_index, builtin_index())
        return normalize_url(url) in {normalize_url(one) for one in defaults if one}

    def _links(self, value: str) -> None:
        if self.policy.links(value) is None:
            raise Refused(
                "requirement-index",
                f"--find-links {value} is not a place that this installation takes packages from",
                f"Have the operator add it to {FIND_LINKS}, or leave the line out.",
            )
        self.find_links.append(normalize_url(value))


def _local(path: str) -> Refused:
    if "feedstock_root" in path or "/croot/" in path or "conda" in path:
        return Refused(
            "requirement-local-path",
            f"{path} is a path on the machine that wrote this file",
            "Conda's pip writes such lines; make the file with `pip list --format=freeze`.",
        )
    return Refused(
        "requirement-local-path",
        f"{path} is a local path, not a package of an index",
        f"Modules of the repository are importable already. {_LIST_THEM}",
    )


def _unknown(text: str) -> Refused:
    hint = "A line is `name`, or `name==1.2`, or `name[extra]>=1,<2 ; python_version < '3.12'`."
    if "=" in text and "==" not in text:
        hint = "Versions are compared with `==`; a single `=` is conda's. " + hint
    return Refused("requirement-syntax", f"`{text[:80]}` is not a requirement", hint)
