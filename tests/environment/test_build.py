from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from taxiway.environment import python as pythons
from taxiway.environment.build import Environment, broken, use_environment
from taxiway.environment.bytecode import has_bytecode, make_bytecode
from taxiway.environment.lock import Lock, Package
from taxiway.environment.policy import PackagePolicy
from taxiway.errors import Invalid, TaxiwayError, Unavailable
from taxiway.storage import marks
from taxiway.storage.cache import Cache, remove_tree
from taxiway.storage.store import Storage

pytestmark = pytest.mark.integration

Resolve = Callable[..., Lock]
Use = Callable[..., Any]
HERE = pythons.current()

CHILD = """
import sys
from pathlib import Path
from taxiway.environment import build, python
from taxiway.environment.policy import PackagePolicy
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage
key, storage, cache, index, log = sys.argv[1:]
real = build._build
def counted(*args, **kwargs):
    with open(log, "a") as file:
        file.write("built\\n")
    real(*args, **kwargs)
build._build = counted
with build.use_environment(
    key,
    python=python.current().version,
    storage=Storage(storage),
    cache=Cache(Path(cache)),
    policy=PackagePolicy(default_index=index),
) as environment:
    print(environment.python)
"""


@pytest.fixture
def use(policy: PackagePolicy, cache: Cache, storage: Storage) -> Use:
    @contextmanager
    def used(lock: Lock, **changes: Any) -> Iterator[Environment]:
        with use_environment(
            lock.key,
            python=lock.python,
            storage=storage,
            cache=cache,
            policy=replace(policy, **changes),
        ) as environment:
            yield environment

    return used


def refusal(use: Use, lock: Lock, **changes: Any) -> TaxiwayError:
    with pytest.raises(TaxiwayError) as caught, use(lock, **changes):
        pass
    return caught.value


def output(*argv: str | Path) -> str:
    done = subprocess.run(
        [str(one) for one in argv], capture_output=True, text=True, env={}, check=True, cwd="/"
    )
    return done.stdout


def store(storage: Storage, lock: Lock) -> Lock:
    storage.put(f"locks/{lock.key}.txt", lock.text.encode())
    return lock


def test_the_packages_of_the_lock_are_importable_and_nothing_else(
    resolve: Resolve, use: Use
) -> None:
    with use(resolve("alpha\n")) as environment:
        code = "import alpha, beta, sys; print(beta.VERSION, sys.prefix)"
        assert output(environment.python, "-I", "-c", code).split() == [
            "2.0",
            str(environment.path),
        ]
        find = "import importlib.util as u; print(u.find_spec('taxiway'), u.find_spec('pip'))"
        assert output(environment.python, "-I", "-c", find).split() == ["None", "None"]


def test_scripts_work_where_the_environment_came_to_lie(resolve: Resolve, use: Use) -> None:
    with use(resolve("alpha\n")) as environment:
        said = output(environment.path / "bin" / "alpha-say")
        assert said.startswith(f"alpha says {environment.path}/lib/")


def test_an_empty_lock_asks_no_index(resolve: Resolve, use: Use, index: Any) -> None:
    with use(resolve("")) as environment:
        assert output(environment.python, "-I", "-c", "print(6 * 7)") == "42\n"
    assert index.requests == []


def test_it_is_compiled_and_the_byte_code_is_used(
    resolve: Resolve, use: Use, index: Any, cache: Cache, policy: PackagePolicy
) -> None:
    index.wheel("tested", files={"tested/__init__.py": "", "tested/tests/test_a.py": ""})
    lock = resolve("beta\ntested\n")
    with use(lock) as environment:
        assert not has_bytecode(cache, "environments", lock.key, lock.python)
        make_bytecode(cache, "environments", lock.key, lock.python, policy)
        assert has_bytecode(cache, "environments", lock.key, lock.python)
        assert marks.damage(cache.root, "environments", lock.key) is None
        made = {path.name.split(".")[0] for path in environment.path.rglob("*.pyc")}
        assert made >= {"beta", "__init__"}
        assert "test_a" not in made
        done = subprocess.run(
            [environment.python, "-I", "-v", "-c", "import beta"], capture_output=True, text=True
        )
        assert "/__pycache__/beta." in done.stderr.split("code object from")[-1]


def test_everything_in_it_is_read_only(
    resolve: Resolve, use: Use, cache: Cache, policy: PackagePolicy
) -> None:
    lock = resolve("alpha\n")
    with use(lock) as environment:
        paths = [environment.path, *environment.path.rglob("*")]
        writable = [path for path in paths if not path.is_symlink() and path.stat().st_mode & 0o222]
        assert [path for path in writable if path.name != "__pycache__"] == []
        make_bytecode(cache, "environments", lock.key, lock.python, policy)
        assert [path for path in writable if path.stat().st_mode & 0o222] == []


def test_no_code_of_a_package_runs_while_it_is_built(
    resolve: Resolve, use: Use, index: Any, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    evil = f"import os; open({str(ran)!r}, 'w').close()"
    index.wheel("evil", files={"evil.pth": evil + "\n", "sitecustomize.py": evil, "evil.py": evil})
    with use(resolve("evil\n")) as environment:
        assert not ran.exists()
        output(environment.python, "-I", "-c", "pass")
        assert ran.exists(), "the package would have, had its interpreter been started"


def test_a_write_into_one_environment_reaches_neither_another_nor_the_cache(
    resolve: Resolve, use: Use, cache: Cache
) -> None:
    one, other = resolve("beta\n"), resolve("alpha\nbeta\n")
    assert one.key != other.key
    with use(one) as environment:
        (module,) = environment.path.rglob("beta.py")
        module.chmod(0o644)
        with module.open("a") as file:
            file.write("POISON = True\n")
        code = "import beta; print(hasattr(beta, 'POISON'))"
        assert output(environment.python, "-I", "-c", code) == "True\n"
    with use(other) as environment:
        assert output(environment.python, "-I", "-c", code) == "False\n"
    copies = [path for path in (cache.root / "uv").rglob("beta.py") if path.is_file()]
    assert copies, "the cache of uv holds the package unpacked"
    assert not [path for path in copies if "POISON" in path.read_text()]


def test_what_is_there_needs_neither_storage_nor_index(
    resolve: Resolve, use: Use, storage: Storage, index: Any
) -> None:
    lock = resolve("alpha\n")
    with use(lock) as first:
        pass
    assert storage.folder
    remove_tree(storage.folder)
    before = len(index.requests)
    with use(lock, default_index="http://127.0.0.1:9/simple") as again:
        assert again == first
    assert len(index.requests) == before


def test_what_uv_has_in_its_cache_is_built_without_the_index(
    resolve: Resolve, use: Use, index: Any
) -> None:
    index.max_age = 0  # or uv would not ask again anyway
    lock = resolve("alpha\n")
    with use(lock) as environment:
        path = environment.path
    remove_tree(path)
    before = len(index.requests)
    with use(lock) as environment:
        assert output(environment.path / "bin" / "alpha-say").startswith("alpha says")
    assert len(index.requests) == before


def test_an_index_that_is_down_is_told_and_leaves_nothing(
    resolve: Resolve, use: Use, cache: Cache
) -> None:
    lock = resolve("alpha\n")
    remove_tree(cache.root / "uv")
    error = refusal(use, lock, default_index="http://127.0.0.1:9/simple")
    assert (type(error), error.code) == (Unavailable, "index-unreachable")
    assert not cache.path("environments", lock.key).exists()
    assert list((cache.root / ".building").iterdir()) == []
    with use(lock) as environment:
        assert environment.python.exists()


def test_other_bytes_under_the_same_name_are_not_installed(
    resolve: Resolve, use: Use, index: Any, cache: Cache
) -> None:
    lock = resolve("beta==1.0\n")
    remove_tree(cache.root / "uv")
    index.wheel("beta", "1.0", files={"beta.py": "EVIL = True"})
    error = refusal(use, lock)
    assert (type(error), error.code) == (Unavailable, "package-unavailable")
    assert "beta==1.0" in error.message


def test_a_worker_takes_its_indexes_from_its_own_policy(
    resolve: Resolve, use: Use, cache: Cache, new_index: Callable[[str], Any]
) -> None:
    more = new_index("more")
    more.wheel("private")
    lock = resolve(f"--extra-index-url {more.url}\nprivate\n", indexes=(more.url,))
    assert more.url not in lock.text
    remove_tree(cache.root / "uv")
    assert refusal(use, lock).code == "package-unavailable"
    with use(lock, indexes=(more.url,)) as environment:
        output(environment.python, "-I", "-c", "import private")


def test_an_index_of_the_settings_hides_no_package_of_the_default_one(
    resolve: Resolve, use: Use, cache: Cache, new_index: Callable[[str], Any]
) -> None:
    more = new_index("more")
    more.wheel("beta", "0.1")
    lock = resolve("beta==2.0\n")
    remove_tree(cache.root / "uv")
    with use(lock, indexes=(more.url,)) as environment:
        code = "import beta; print(beta.VERSION)"
        assert output(environment.python, "-I", "-c", code) == "2.0\n"


def test_a_package_is_built_from_source_only_where_this_host_allows_it(
    resolve: Resolve, use: Use, index: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    index.sdist("source", marker=ran)
    lock = resolve("source\n", allow_builds=("source",))
    ran.unlink(missing_ok=True)
    error = refusal(use, lock)
    assert (type(error), error.code) == (Invalid, "package-has-no-wheel")
    assert not ran.exists()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    with use(lock, allow_builds=("source",)) as environment:
        code = "import source; print(source.BUILT)"
        assert output(environment.python, "-I", "-c", code) == "True\n"
    seen = json.loads(ran.read_text())
    assert "AWS_SECRET_ACCESS_KEY" not in seen
    assert seen["HOME"] != os.environ.get("HOME")


def test_a_package_at_an_allowed_url_is_installed(
    resolve: Resolve, use: Use, https: tuple[Any, PackagePolicy]
) -> None:
    host, policy = https
    host.wheel("direct")
    allowed = {"allow_urls": policy.allow_urls, "network": policy.network}
    address = f"https://localhost:{host.server.server_port}/files/direct-1.0-py3-none-any.whl"
    with use(resolve(address + "\n", **allowed), **allowed) as environment:
        output(environment.python, "-I", "-c", "import direct")


def test_a_package_of_an_allowed_repository_is_locked_at_its_commit(
    resolve: Resolve, use: Use, https: tuple[Any, PackagePolicy], tmp_path: Path
) -> None:
    host, policy = https
    folder = host.repository("source", marker=tmp_path / "ran")
    changes: dict[str, Any] = {"allow_urls": policy.allow_urls, "network": policy.network}
    address = f"git+https://localhost:{host.server.server_port}/git/source/.git"
    with pytest.raises(Invalid) as caught:
        resolve(f"source @ {address}@main\n", **changes)
    assert caught.value.problems[0].code == "requirement-build"
    assert not (tmp_path / "ran").exists()
    changes["allow_builds"] = ("source",)
    lock = resolve(f"source @ {address}@main\n", **changes)
    commit = (folder / ".git" / "refs" / "heads" / "main").read_text().strip()
    assert lock.packages[0].source == f"{address}@{commit}"
    with use(lock, **changes) as environment:
        output(environment.python, "-I", "-c", "import source")


def test_a_submodule_of_a_repository_reaches_no_repository_of_this_host(
    resolve: Resolve, https: tuple[Any, PackagePolicy], tmp_path: Path
) -> None:
    host, policy = https
    secret = host.repository("secret", marker=tmp_path / "ran")
    folder = host.repository("source", marker=tmp_path / "ran")
    commit = (secret / ".git" / "refs" / "heads" / "main").read_text().strip()
    module = f'[submodule "stolen"]\n\tpath = stolen\n\turl = file://{secret}/.git\n'
    (folder / ".gitmodules").write_text(module)
    (folder / "stolen").mkdir()
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{commit},stolen")
    host.commit(folder)
    address = f"git+https://localhost:{host.server.server_port}/git/source/.git"
    with pytest.raises(Invalid) as caught:
        resolve(
            f"source @ {address}@main\n",
            allow_urls=policy.allow_urls,
            network=policy.network,
            allow_builds=("source",),
        )
    assert "transport 'file' not allowed" in caught.value.message
    assert not (tmp_path / "ran").exists()


def git(folder: Path, *args: str) -> None:
    subprocess.run(["git", *args], cwd=folder, check=True)


def child(lock: Lock, storage: Storage, cache: Cache, index: Any, log: Path) -> Any:
    argv = [
        sys.executable,
        "-c",
        CHILD,
        lock.key,
        storage.url,
        str(cache.root),
        index.url,
        str(log),
    ]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_eight_processes_build_one_environment_once(
    resolve: Resolve, storage: Storage, cache: Cache, index: Any, tmp_path: Path
) -> None:
    lock = resolve("alpha\n")
    children = [child(lock, storage, cache, index, tmp_path / "log") for _ in range(8)]
    outcomes = [one.communicate(timeout=120) for one in children]
    assert [one.returncode for one in children] == [0] * 8, outcomes
    assert len({stdout for stdout, _ in outcomes}) == 1
    assert (tmp_path / "log").read_text() == "built\n"
    assert list((cache.root / ".building").iterdir()) == []


def test_a_build_that_was_killed_is_done_again(
    resolve: Resolve, use: Use, storage: Storage, cache: Cache, index: Any, tmp_path: Path
) -> None:
    lock = resolve("alpha\n")
    remove_tree(cache.root / "uv")
    asked, go_on = threading.Event(), threading.Event()

    def hold(path: str) -> None:
        if path.endswith(".whl"):
            asked.set()
            go_on.wait(60)

    index.before_answer = hold
    process = child(lock, storage, cache, index, tmp_path / "log")
    try:
        assert asked.wait(60)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    finally:
        go_on.set()
    assert process.returncode == -signal.SIGKILL
    assert not cache.path("environments", lock.key).exists()
    assert list((cache.root / ".building").iterdir()), "it was killed in the middle of the build"
    with use(lock) as environment:
        assert output(environment.path / "bin" / "alpha-say").startswith("alpha says")


def test_a_broken_environment_tells_why_and_is_made_anew(resolve: Resolve, use: Use) -> None:
    lock = resolve("beta\n")
    with use(lock) as environment:
        path = environment.path
    for damage, told in (
        (_lose_interpreter, "/nowhere/python3 is gone"),
        (lambda path: remove_tree(path / "lib"), "site-packages is missing"),
        (lambda path: _rewrite_manifest(path, "{"), "manifest cannot be read"),
        (lambda path: _rewrite_manifest(path, "{}"), "names another lock"),
    ):
        assert broken(path, lock.key) is None
        path.chmod(0o755)
        damage(path)
        assert told in str(broken(path, lock.key))
        with use(lock) as environment:
            output(environment.python, "-I", "-c", "import beta")


def _lose_interpreter(path: Path) -> None:
    (path / "bin").chmod(0o755)
    (path / "bin" / "python").unlink()
    (path / "bin" / "python").symlink_to("/nowhere/python3")


def _rewrite_manifest(path: Path, text: str) -> None:
    (path / "taxiway.json").chmod(0o644)
    (path / "taxiway.json").write_text(text)


def test_a_lock_for_another_python_names_the_one_that_is_missing(
    use: Use, storage: Storage
) -> None:
    lock = store(storage, Lock("3.99", HERE.platform))
    error = refusal(use, lock)
    assert (type(error), error.code) == (Unavailable, "python-not-found")
    assert "Python 3.99" in error.message


def test_a_lock_for_another_platform_names_both(use: Use, storage: Storage) -> None:
    lock = store(storage, Lock(HERE.version, "plan9-mips"))
    error = refusal(use, lock)
    assert (type(error), error.code) == (Invalid, "lock-platform-differs")
    assert "plan9-mips" in error.message
    assert HERE.platform in error.message


def test_a_lock_whose_bytes_differ_from_its_name_is_refused(use: Use, storage: Storage) -> None:
    lock = Lock(HERE.version, HERE.platform)
    other = replace(lock, packages=(Package("evil", "1.0", ("sha256:" + "0" * 64,)),))
    storage.put(f"locks/{lock.key}.txt", other.text.encode())
    assert refusal(use, lock).code == "lock-broken"
