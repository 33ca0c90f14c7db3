"""The start-up self-test, on the git that is here and on gits that are not as they should be."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from taxiway.errors import Unavailable
from taxiway.git import selftest

pytestmark = pytest.mark.integration


def test_the_git_of_this_machine_behaves() -> None:
    selftest.prove()


REPLACING = {
    "malformed objects": ("fsckObjects=true", "fsckObjects=false"),
    "not open": ("protocol.allow=never", "protocol.allow=always"),
    "no hook": ("core.hooksPath=/dev/null", "core.editor=true"),
}


@pytest.mark.parametrize("said", [*REPLACING, "replacements"])
def test_a_git_that_does_not_is_named_with_what_it_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    before, after = REPLACING.get(said, ("none", "none"))
    wrapper = tmp_path / "git"
    script = f"""#!/bin/bash
unset GIT_NO_REPLACE_OBJECTS
[ -n "{"" if said in REPLACING else "x"}" ] || export GIT_NO_REPLACE_OBJECTS=1
[ "{said}" != "not open" ] || export GIT_ALLOW_PROTOCOL=file:ext:https
kept=()
for given in "$@"; do kept+=("${{given/{before.replace("/", chr(92) + "/")}/{after}}}"); done
exec {shutil.which("git")} "${{kept[@]}}"
"""
    wrapper.write_text(script)
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(Unavailable) as caught:
        selftest.prove()
    assert caught.value.code == "git-unfit" and caught.value.hint
    assert any(said in problem.message for problem in caught.value.problems)
