"""Which lock a deploy comes to, against a real uv and an index of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from taxiway.environment import tool
from taxiway.environment.build import use_environment
from taxiway.environment.declared import declared
from taxiway.environment.lock import load
from taxiway.environment.policy import PackagePolicy
from taxiway.environment.settle import Settled, settle
from taxiway.errors import Invalid, Unavailable
from taxiway.process import run
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

pytestmark = pytest.mark.integration

Deploy = Callable[..., Settled]


@dataclass
class InMemory:
    kept: dict[str, str] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    locks: list[str] = field(default_factory=list)

    def lock_of(self, asked: str) -> str | None:
        return self.kept.get(asked)

    def lock_elsewhere(self, asked: str) -> str | None:
        return self.elsewhere.get(asked)

    def latest(self) -> Sequence[str]:
        return self.locks

    def keep(self, asked: str, lock: str) -> None:
        self.kept[asked] = lock
        self.locks.insert(0, lock)


@pytest.fixture
def memory() -> InMemory:
    return InMemory()


@pytest.fixture
def deploy(policy: PackagePolicy, cache: Cache, storage: Storage, memory: InMemory) -> Deploy:
    def deployed(files: dict[str, str], *, upgrade: bool = False, **more: Any) -> Settled:
        [asked] = declared(
            lambda path: files[path].encode() if path in files else None,
            [("train", more.get("script", "train.py"))],
            fallback=None,
            groups=more.get("groups", ()),
            policy=policy,
        )
        return settle(
            asked,
            memory=more.get("memory", memory),
            upgrade=upgrade,
            policy=policy,
            cache=cache,
            storage=storage,
        )

    return deployed


def versions(settled: Settled) -> dict[str, str]:
    return {package.name: package.source for package in settled.lock.packages}


def stop(index: Any) -> None:
    """From now on every answer of the index is an error."""

    def fail(path: str) -> None:
        raise ConnectionResetError

    index.before_answer = fail


def test_deploying_again_resolves_only_what_was_changed(deploy: Deploy, index: Any) -> None:
    first = deploy({"requirements.txt": "beta\n"})
    assert versions(first) == {"beta": "2.0"} and first.is_new
    index.wheel("beta", "3.0")
    asked = len(index.requests)
    again = deploy({"requirements.txt": "# a note\nbeta\n"})
    assert again.lock == first.lock and not again.is_new
    assert len(index.requests) == asked  # nobody was asked
    assert "stay as they were locked" in again.notes[0]
    more = deploy({"requirements.txt": "beta\nalpha\n"})
    assert versions(more) == {"alpha": "1.0", "beta": "2.0"}  # only alpha is new
    newest = deploy({"requirements.txt": "beta\nalpha\n"}, upgrade=True)
    assert versions(newest) == {"alpha": "1.0", "beta": "3.0"}
    assert versions(deploy({"requirements.txt": "beta\nalpha\n"}))["beta"] == "3.0"


def test_with_the_index_down_a_known_lock_deploys_and_an_unknown_one_names_the_index(
    deploy: Deploy, index: Any, memory: InMemory
) -> None:
    known = {"requirements.txt": "beta\n"}
    first = deploy(known)
    stop(index)
    assert deploy(known).lock == first.lock
    with pytest.raises(Unavailable) as caught:
        deploy({"requirements.txt": "alpha\n"})
    assert caught.value.code == "index-unreachable"
    assert f"127.0.0.1:{index.server.server_port}" in caught.value.message
    other = InMemory(elsewhere=dict(memory.kept))
    borrowed = deploy(known, memory=other)  # another workflow, with the same requirements
    assert borrowed.lock == first.lock and "could not be reached" in borrowed.notes[0]
    with pytest.raises(Unavailable):
        deploy(known, upgrade=True)


def test_a_lock_holds_for_other_platforms_too(deploy: Deploy, index: Any, storage: Storage) -> None:
    for tag in ("cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux_2_17_aarch64"):
        index.wheel("native", tag=tag)
    index.wheel("native", tag="cp311-cp311-macosx_11_0_arm64")
    index.wheel("uses", requires=("native", "beta ; sys_platform == 'win32'"))
    lock = deploy({"requirements.txt": "uses\n"}).lock
    by_name = {package.name: package for package in lock.packages}
    assert lock.platform is None
    assert len(by_name["native"].hashes) == 3
    assert by_name["beta"].marker == "sys_platform == 'win32'"
    assert load(lock.key, storage) == lock


def test_a_version_that_this_platform_cannot_install_is_not_locked(
    deploy: Deploy, index: Any
) -> None:
    index.wheel("native", "1.0")
    index.wheel("native", "2.0", tag="cp311-cp311-win_amd64")
    found = deploy({"requirements.txt": "native\n"})
    assert versions(found) == {"native": "1.0"}
    assert found.lock.platform is not None and "workers have to be" in found.notes[0]


def test_a_uv_lock_is_taken_as_it_is_with_its_index_down(
    deploy: Deploy,
    index: Any,
    tmp_path: Path,
    policy: PackagePolicy,
    storage: Storage,
    cache: Cache,
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    text = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\n'
    text += 'dependencies = ["beta<2"]\n[dependency-groups]\nml = ["alpha"]\n'
    (project / "pyproject.toml").write_text(text)
    env = {"PATH": "/usr/bin:/bin", "UV_DEFAULT_INDEX": index.url, "HOME": str(tmp_path)}
    env["UV_CACHE_DIR"] = str(cache.root / "uv")
    done = run([tool.uv_binary(), "lock", "--quiet"], env=env, cwd=project, timeout=60)
    assert done.returncode == 0, done.complaint
    files = {name: (project / name).read_text() for name in ("pyproject.toml", "uv.lock")}
    index.wheel("beta", "1.5")
    stop(index)
    assert versions(deploy(files)) == {"beta": "1.0"}
    settled = deploy(files, groups=["ml"])
    assert versions(settled) == {"alpha": "1.0", "beta": "1.0"}
    index.before_answer = lambda path: None
    with use_environment(
        settled.lock.key,
        python=settled.lock.python,
        storage=storage,
        cache=cache,
        policy=policy,
    ) as environment:
        assert run(
            [str(environment.python), "-c", "import alpha, beta; assert beta.VERSION == '1.0'"],
            env={},
            timeout=30,
        ).returncode == 0  # fmt: skip
    changed = files | {"pyproject.toml": text.replace("beta<2", "beta<2,>1")}
    with pytest.raises(Invalid) as caught:
        deploy(changed)
    assert caught.value.code == "lock-outdated"
    shutil.rmtree(project)


def test_locks_of_a_workspace_and_of_the_standards_form_are_taken_as_uv_made_them(
    deploy: Deploy, index: Any, tmp_path: Path, cache: Cache
) -> None:
    files = {
        "pyproject.toml": '[tool.uv.workspace]\nmembers = ["packages/*"]\n',
        "packages/demo/pyproject.toml": '[project]\nname = "demo"\nversion = "1"\n'
        'requires-python = ">=3.11"\ndependencies = ["beta<2", "lib"]\n'
        '[dependency-groups]\nml = ["alpha"]\n[tool.uv.sources]\nlib = { workspace = true }\n',
        "packages/lib/pyproject.toml": '[project]\nname = "lib"\nversion = "1"\n'
        'requires-python = ">=3.11"\n',
    }
    for name, text in files.items():
        (tmp_path / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / name).write_text(text)
    env = {"PATH": "/usr/bin:/bin", "UV_DEFAULT_INDEX": index.url, "HOME": str(tmp_path)}
    env["UV_CACHE_DIR"] = str(cache.root / "uv")
    made = []
    for command in (["lock"], ["export", "--package", "demo", "--format", "pylock.toml", "--no-emit-workspace"]):  # fmt: skip
        done = run([tool.uv_binary(), *command, "--quiet"], env=env, cwd=tmp_path / "project", timeout=60)  # fmt: skip
        assert done.returncode == 0, done.complaint
        made.append(done.stdout.decode())
    index.wheel("beta", "1.5")
    stop(index)
    files["uv.lock"] = (tmp_path / "project/uv.lock").read_text()
    settled = deploy(files, script="packages/demo/train.py")
    assert versions(settled) == {"beta": "1.0"}
    in_group = deploy(files, script="packages/demo/train.py", groups=["ml"])
    assert versions(in_group) == {"alpha": "1.0", "beta": "1.0"}
    assert deploy({"pylock.toml": made[1]}).lock == settled.lock
