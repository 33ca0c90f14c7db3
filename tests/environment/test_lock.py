from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from taxiway.environment import lock as locks
from taxiway.environment import python as pythons
from taxiway.environment import requirements, tool
from taxiway.environment.lock import Lock, Package
from taxiway.environment.policy import PackagePolicy
from taxiway.errors import Invalid, TaxiwayError, Unavailable
from taxiway.redaction import Secret
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

pytestmark = pytest.mark.integration

Resolve = Callable[..., Lock]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def refusal(resolve: Resolve, text: str, **changes: object) -> TaxiwayError:
    with pytest.raises(TaxiwayError) as caught:
        resolve(text, **changes)
    return caught.value


def test_a_lock_has_every_package_with_its_hash(
    resolve: Resolve, index: Any, storage: Storage
) -> None:
    lock = resolve("alpha\n")
    here = pythons.current()
    alpha, beta = (
        index.folder / "files" / f"{n}-py3-none-any.whl" for n in ("alpha-1.0", "beta-2.0")
    )
    assert lock.text == (
        f"# taxiway lock 2: python {here.version}\n"
        f"alpha==1.0 \\\n    --hash=sha256:{sha256(alpha)}\n"
        f"beta==2.0 \\\n    --hash=sha256:{sha256(beta)}\n"
    )
    assert lock.key == hashlib.sha256(lock.text.encode()).hexdigest()
    assert storage.get(f"locks/{lock.key}.txt").decode() == lock.text
    assert Lock.parse(lock.text) == lock


def test_equal_requirements_give_equal_bytes(
    resolve: Resolve, new_index: Callable[[str], Any], index: Any, tmp_path: Path
) -> None:
    first = resolve("alpha\nbeta<2  # older\n")
    again = resolve("beta <2\nalpha\n")
    assert again.text == first.text
    mirror = new_index("mirror")  # the same files at another address
    for path in (index.folder / "files").iterdir():
        (mirror.folder / "files" / path.name).write_bytes(path.read_bytes())
        mirror._list(path.name.split("-")[0])
    elsewhere = resolve("alpha\nbeta<2\n", default_index=mirror.url)
    assert mirror.requests
    assert elsewhere.text == first.text
    assert "127.0.0.1" not in first.text


def test_another_python_or_platform_is_another_environment(resolve: Resolve) -> None:
    lock = resolve("")
    assert len({lock.key, replace(lock, python="3.99").key, replace(lock, platform="x").key}) == 3


def test_without_requirements_nobody_is_asked(
    index: Any, resolve: Resolve, storage: Storage, cache: Cache
) -> None:
    lock = resolve("# nothing yet\n")
    assert lock.packages == ()
    assert index.requests == []
    assert not cache.root.exists()  # uv was not even started
    assert storage.exists(f"locks/{lock.key}.txt")


def test_constraints_hold(cache: Cache, storage: Storage, policy: PackagePolicy) -> None:
    found = requirements.parse(
        "alpha\n-c pins.txt\n", policy=policy, read=lambda path: b"beta<2\nunused==9\n"
    )
    lock = locks.resolve(
        found, interpreter=pythons.current(), policy=policy, cache=cache, storage=storage
    )
    assert [(p.name, p.source) for p in lock.packages] == [("alpha", "1.0"), ("beta", "1.0")]


def test_an_unpinned_requirement_moves_with_the_next_lock(resolve: Resolve, index: Any) -> None:
    before = resolve("beta\n")
    index.wheel("beta", "3.0")
    # The page of the index is read anew at each deploy.
    assert resolve("beta\n").packages[0].source == "3.0"
    assert before.packages[0].source == "2.0"


def test_requirements_that_contradict_each_other_are_explained(resolve: Resolve) -> None:
    error = refusal(resolve, "beta>=2\nbeta<2\n")
    assert (type(error), error.code) == (Invalid, "requirements-unresolvable")
    assert "beta>=2 and beta<2" in error.message
    assert "\n" not in error.message


def test_a_package_that_is_nowhere_is_named(resolve: Resolve) -> None:
    error = refusal(resolve, "nowhere-to-be-found\n")
    assert error.code == "requirements-unresolvable"
    assert "nowhere-to-be-found" in error.message


def test_a_package_without_a_wheel_fails_by_name_and_its_setup_never_runs(
    resolve: Resolve, index: Any, tmp_path: Path
) -> None:
    index.sdist("hostile", marker=tmp_path / "ran")
    for text in ("hostile\n", "hostile==1.0\nalpha\n"):
        error = refusal(resolve, text)
        assert (type(error), error.code) == (Invalid, "package-has-no-wheel")
        assert error.message.startswith("hostile has no wheel")
        assert "add hostile to TAXIWAY_ALLOW_BUILDS" in error.hint
    assert refusal(resolve, "hostile\n", allow_builds=("alpha",)).code == "package-has-no-wheel"
    assert not (tmp_path / "ran").exists()


def test_a_package_for_other_platforms_only_has_no_remedy_in_the_settings(
    resolve: Resolve, index: Any
) -> None:
    index.wheel("windows", tag="cp311-cp311-win_amd64")
    error = refusal(resolve, "windows\n")
    assert error.code == "package-has-no-wheel"
    assert "TAXIWAY_ALLOW_BUILDS" not in error.hint


def test_an_allowed_build_is_written_into_the_lock(
    resolve: Resolve, index: Any, tmp_path: Path
) -> None:
    index.sdist("source", marker=tmp_path / "ran")
    lock = resolve("source\nbeta\n", allow_builds=("source",))
    assert lock.builds == ("source",)
    assert "\n# built from source: source\n" in lock.text
    assert Lock.parse(lock.text) == lock
    assert resolve("source\nbeta\n", allow_builds=("all",)) == lock


def test_a_wheel_is_taken_where_there_is_one_even_if_a_build_is_allowed(
    resolve: Resolve, index: Any, tmp_path: Path
) -> None:
    index.sdist("beta", "2.0", marker=tmp_path / "ran")
    assert resolve("beta\n", allow_builds=("all",)).builds == ()
    assert not (tmp_path / "ran").exists()


def test_an_index_that_is_down_is_told_as_such(resolve: Resolve) -> None:
    error = refusal(resolve, "alpha\n", default_index="http://127.0.0.1:9/simple")
    assert (type(error), error.code) == (Unavailable, "index-unreachable")
    assert "http://127.0.0.1:9/simple/alpha/" in error.message


def test_an_index_of_the_settings_is_searched_where_it_is_named(
    resolve: Resolve, new_index: Callable[[str], Any]
) -> None:
    more = new_index("more")
    more.wheel("private", files={"private.py": ""})
    more.wheel("beta", "9.0")
    allowed = {"indexes": (more.url.replace("://", "://reader:hunter2@"),)}
    assert resolve("beta\n", **allowed).packages[0].source == "2.0"
    assert more.requests == []
    lock = resolve(f"--extra-index-url {more.url}\nprivate\nbeta\n", **allowed)
    assert [(p.name, p.source) for p in lock.packages] == [("beta", "9.0"), ("private", "1.0")]
    assert "hunter2" not in lock.text
    assert resolve(f"--index-url {more.url}\nprivate\n", **allowed).packages
    assert refusal(resolve, f"--index-url {more.url}\nalpha\n", **allowed).code == (
        "requirements-unresolvable"
    )


def test_an_index_of_the_operator_is_always_searched(
    resolve: Resolve, new_index: Callable[[str], Any]
) -> None:
    more = new_index("more")
    more.wheel("private")
    assert resolve("private\n", always=(more.url,)).packages[0].name == "private"


def test_a_page_of_wheels_of_the_settings_is_searched_where_it_is_named(
    resolve: Resolve, new_index: Callable[[str], Any]
) -> None:
    more = new_index("more")
    more.wheel("flat")
    page = f"{more.url}/flat/"
    html = more.folder / "simple" / "flat" / "index.html"
    error = refusal(resolve, f"-f {page}\nflat\n", find_links=(page,))
    assert error.code == "package-has-no-hash"  # uv leaves them out where such a page tells them
    html.write_text(re.sub("#sha256=[0-9a-f]+", "", html.read_text()))
    assert resolve(f"-f {page}\nflat\n", find_links=(page,)).packages[0].name == "flat"


def test_only_the_bytes_that_the_requirements_name_will_do(resolve: Resolve, index: Any) -> None:
    good = sha256(index.folder / "files" / "beta-2.0-py3-none-any.whl")
    index.wheel("beta", "2.0", tag="py2.py3-none-any")
    assert len(resolve("beta==2.0\n").packages[0].hashes) == 2
    lock = resolve(f"beta==2.0 --hash=sha256:{good}\n")
    assert lock.packages == (Package("beta", "2.0", (f"sha256:{good}",)),)
    error = refusal(resolve, f"beta==2.0 --hash=sha256:{'0' * 64}\n")
    assert (type(error), error.code) == (Invalid, "package-hash-differs")
    assert "beta 2.0" in error.message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# another file\n",
        "alpha==1.0\n",
        "# taxiway lock 1: python 3.11, x\nalpha==1.0\n",
        "# taxiway lock 1: python 3.11, x\nalpha>=1.0 --hash=sha256:" + "0" * 64,
        "# taxiway lock 1: python 3.11, x\n-r other.txt\n",
        "# taxiway lock 1: python 3.11, x\na @ git+https://x.example/a@main\n",
    ],
)
def test_what_is_no_lock_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        Lock.parse(text)
    assert caught.value.code in ("lock-broken", "package-has-no-hash")


def test_a_full_commit_needs_no_hash() -> None:
    text = f"# taxiway lock 2: python 3.11, x\na @ git+https://x.example/a@{'0a' * 20}\n"
    assert Lock.parse(text).text == text


def test_a_real_package_is_resolved_from_the_index_of_this_machine(
    cache: Cache, storage: Storage
) -> None:
    policy = PackagePolicy.from_env(os.environ)
    found = requirements.parse("six==1.16.0\n", policy=policy, read=lambda path: None)
    lock = locks.resolve(
        found, interpreter=pythons.current(), policy=policy, cache=cache, storage=storage
    )
    (six,) = lock.packages
    assert (six.name, six.source) == ("six", "1.16.0")
    # The wheel of that version, which is public and never changes.
    wheel = "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"
    assert f"sha256:{wheel}" in six.hashes


def test_a_private_index_is_logged_in_to_and_nobody_is_told_how(
    https: tuple[Any, PackagePolicy],
    cache: Cache,
    storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index, trusting = https
    index.wheel("gamma")
    index.login = "__token__:s3cr&t"
    url = f"https://localhost:{index.server.server_port}/simple"
    asked: list[str] = []

    def login(place: str) -> tuple[str, Secret] | None:
        asked.append(place)
        return "__token__", Secret("s3cr&t")

    arguments: list[str] = []
    run = tool.run
    monkeypatch.setattr(
        tool, "run", lambda args, **rest: arguments.extend(args) or run(args, **rest)
    )
    stranger = replace(trusting, indexes=(url,), default_index=url)
    text = f"--index-url {url}\ngamma\n"
    wanted = requirements.parse(text, policy=stranger, read=lambda path: None)
    given: dict[str, Any] = {"interpreter": pythons.current(), "cache": cache, "storage": storage}
    with pytest.raises(TaxiwayError) as refused:
        locks.resolve(wanted, policy=stranger, **given)
    known = replace(stranger, login=login)
    lock = locks.resolve(wanted, policy=known, **given)
    assert [package.name for package in lock.packages] == ["gamma"]
    assert set(asked) == {url}
    assert "s3cr" not in lock.text + wanted.text + str(refused.value) + " ".join(arguments)
    index.login = "__token__:changed"
    with pytest.raises(TaxiwayError) as refused:
        locks.resolve(wanted, policy=known, **given)
    assert "s3cr" not in f"{refused.value} {refused.value.context}"
