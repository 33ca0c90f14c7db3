"""Whether this machine's git behaves as the hardened call needs: by what it does, not by its
version. Distributions mend faults without a new number, and wrappers break what a number promises.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from taxiway.errors import Problem, TaxiwayError, Unavailable
from taxiway.git import call
from taxiway.git.policy import Target
from taxiway.git.url import RepositoryUrl
from taxiway.process import Completed

_SECONDS = 20.0
_PERSON = "A <a@example.com> 1700000000 +0000"
_HINT = "Install a current git (2.39 or newer) where the server runs, and nothing in its place."


class _Bench:
    """A repository with one good and one hostile commit, and an empty store to fetch into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ran = folder / "ran"
        self.origin, self.store = folder / "origin.git", folder / "store.git"
        for path in (self.origin, self.store):
            self.git("init", "-q", "--bare", "--object-format=sha1", "--", str(path))
        self.blob = self.object("blob", b"good\n")
        self.tree = self.object("tree", b"100644 f\0" + bytes.fromhex(self.blob))
        self.good = self.commit(self.tree, "good")
        hostile = self.object("tree", b"100644 .git\0" + bytes.fromhex(self.blob))
        self.bad = self.commit(hostile, "bad")
        self.other = self.commit(self.object("tree", b""), "other")
        self.target = Target(RepositoryUrl.parse(str(self.origin)), f"file://{self.origin}")

    def git(self, *arguments: str, store: Path | None = None, stdin: bytes | None = None) -> str:
        done = call.run(arguments, store=store, stdin=stdin, timeout=_SECONDS)
        if done.returncode != 0:
            raise Unavailable("git-unfit", f"git {arguments[0]} failed: {done.complaint}")
        return done.stdout.decode("utf-8", "replace").strip()

    def object(self, kind: str, data: bytes) -> str:
        arguments = ("hash-object", "-t", kind, "-w", "--literally", "--stdin")
        return self.git(*arguments, store=self.origin, stdin=data)

    def commit(self, tree: str, name: str) -> str:
        text = f"tree {tree}\nauthor {_PERSON}\ncommitter {_PERSON}\n\n{name}\n"
        commit = self.object("commit", text.encode())
        self.git("update-ref", f"refs/heads/{name}", commit, store=self.origin)
        return commit

    def fetch(self, commit: str, *options: str) -> Completed:
        arguments = ["fetch", "-q", "--no-tags", *options, "--end-of-options"]
        spec = f"{commit}:refs/taxiway/pin/{commit}"
        return call.run(
            [*arguments, self.target.text, spec],
            store=self.store,
            target=self.target,
            timeout=_SECONDS,
        )


def prove() -> None:
    """`Unavailable` (`git-unfit`) with everything in which git does not behave as it must."""
    problems = list(_look())
    if problems:
        raise Unavailable(
            "git-unfit",
            f"The git of this machine ({call.executable()}) does not behave as it must: "
            + "; ".join(problem.message for problem in problems),
            hint=_HINT,
            problems=problems,
        )


def _look() -> Iterator[Problem]:
    with tempfile.TemporaryDirectory(prefix="taxiway-git-") as folder:
        try:
            bench = _Bench(Path(folder))
        except (TaxiwayError, ValueError) as error:
            yield Problem("git-unfit", f"it cannot make a repository ({error})", hint=_HINT)
            return
        for name, holds in _BEHAVIOURS.items():
            try:
                fine = holds(bench)
            except TaxiwayError as error:
                yield Problem("git-unfit", f"it {name} could not be tried ({error.message})")
                continue
            if not fine or bench.ran.exists():
                yield Problem("git-unfit", f"not so: it {name}", hint=_HINT)


def _fetches_exactly(bench: _Bench) -> bool:
    done = bench.fetch(bench.good, "--depth=1")
    found = bench.git("rev-list", "--all", store=bench.store).split()
    return done.returncode == 0 and found == [bench.good]


def _refuses_malformed(bench: _Bench) -> bool:
    return bench.fetch(bench.bad).returncode != 0


def _ignores_replacements(bench: _Bench) -> bool:
    bench.fetch(bench.good)
    bench.fetch(bench.other)
    replacing = f"refs/replace/{bench.good}"
    bench.git("update-ref", replacing, bench.other, store=bench.store)
    tree = bench.git("rev-parse", f"{bench.good}^{{tree}}", store=bench.store)
    bench.git("update-ref", "-d", replacing, store=bench.store)
    return tree == bench.tree


def _runs_no_hook(bench: _Bench) -> bool:
    hooks = bench.store / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("reference-transaction", "post-update", "pre-receive"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch '{bench.ran}'\n")
        (hooks / name).chmod(0o755)
    bench.git("update-ref", "refs/heads/hooked", bench.good, store=bench.store)
    return not bench.ran.exists()


def _takes_no_option(bench: _Bench) -> bool:
    option = f"--upload-pack=touch {bench.ran}; git-upload-pack"
    one = call.run(["ls-remote", "--", option], target=bench.target, timeout=_SECONDS)
    fetch = ["fetch", "-q", "--end-of-options", option, "main"]
    two = call.run(fetch, store=bench.store, target=bench.target, timeout=_SECONDS)
    return one.returncode != 0 and two.returncode != 0 and not bench.ran.exists()


def _keeps_closed(url: str, bench: _Bench) -> bool:
    text = url.format(origin=bench.origin, ran=bench.ran)
    done = call.run(["ls-remote", "--", text], timeout=_SECONDS)
    return done.returncode != 0 and not bench.ran.exists()


def _keeps_carriage_returns(bench: _Bench) -> bool:
    file = str(bench.folder / "config")
    bench.git("config", "-f", file, "a.b", "p\r")
    return call.run(["config", "-f", file, "a.b"], timeout=_SECONDS).stdout == b"p\r\n"


def _refuses_passwords(bench: _Bench) -> bool:
    url = "https://user:hunter2@localhost:9/x"
    https = Target(RepositoryUrl.parse("https://localhost:9/x"), url)
    done = call.run(["ls-remote", "--", url], target=https, timeout=_SECONDS)
    return done.returncode != 0 and b"hunter2" not in done.stderr and b"plaintext" in done.stderr


_BEHAVIOURS: dict[str, Callable[[_Bench], bool]] = {
    "fetches one commit by its id, and no more": _fetches_exactly,
    "refuses malformed objects": _refuses_malformed,
    "reads commits and not their replacements": _ignores_replacements,
    "runs no hook": _runs_no_hook,
    "takes no option for an address": _takes_no_option,
    "reads nothing over a protocol that is not open": partial(_keeps_closed, "file://{origin}"),
    "starts no program for an address": partial(_keeps_closed, "ext::sh -c touch% {ran}"),
    "keeps a carriage return in its configuration (CVE-2025-48384)": _keeps_carriage_returns,
    "refuses a password in an address": _refuses_passwords,
}
BEHAVIOURS = len(_BEHAVIOURS)
