"""Real warm processes: what their tasks share, and what they do not."""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taxiway.errors import TaskFailed
from taxiway.process import PIPE, spawn
from taxiway.runner.warm import seen
from taxiway.runner.warm.place import Place
from taxiway.storage.cache import Cache
from tests.runner.conftest import Bench, make_environment, remove_tree

pytestmark = pytest.mark.integration

PACKAGES = {
    "quiet.py": "STATE = []\nimport os\nos.environ.setdefault('QUIET_SET', 'by quiet')\n",
    "homely.py": "import os\nHOME = os.path.expanduser('~')\n",
    "threaded.py": "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n",
    "dependent.py": "import homely\n",
    "polars.py": "V = 1\n",
}
NAMES = [name.removesuffix(".py") for name in PACKAGES]
LOOK = f"import sys\ndef f():\n    return [n for n in {NAMES} if n in sys.modules]"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An environment with small packages of all kinds."""
    path = make_environment(tmp_path_factory.mktemp("environment") / "small")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for name, text in PACKAGES.items():
        (path / "lib" / version / "site-packages" / name).write_text(text)
    yield path
    os.utime(path)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("known")


@pytest.fixture
def warm(tmp_path: Path, packages: Path, known: Path) -> Iterator[Bench]:
    """Tasks of one environment that are forked from one process: `quiet` is imported in it."""
    made = Bench(tmp_path, packages, warm_cache=known)
    if seen.read(Cache(known), packages.name) is None:
        made.inline("import quiet\ndef f(): pass")
    made.warm_up()
    yield made
    remove_tree(tmp_path / "cache")


@pytest.fixture
def own(tmp_path: Path, packages: Path) -> Iterator[Bench]:
    """Tasks with a process of their own, that ends with the test."""
    made = Bench(tmp_path, packages, warm_cache=tmp_path / "own", idle=1)
    yield made
    wait_for(lambda: not any(map(lives, processes(made))))
    remove_tree(tmp_path / "cache")


def processes(bench: Bench) -> list[int]:
    """The brokers that were started for it: each holds a lock."""
    folder = warm_folder(bench)
    return [pid for pid in every() if any(one.parent == folder for one in held_by(pid))]


def warm_folder(bench: Bench) -> Path:
    return (bench.warm_cache or Path()) / "warm"


def every() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def held_by(pid: int) -> list[Path]:
    try:
        return [path.readlink() for path in sorted(Path(f"/proc/{pid}/fd").iterdir())]
    except OSError:
        return []


def server_of(broker: int) -> int:
    return next(pid for pid in every() if parent(pid) == broker)


def parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(what: Any, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


def when(bench: Bench, line: str, do: Any) -> None:
    """Do something in the middle of a task, when it says so."""
    log = bench.host.log

    def watch(said: str, *, stream: str, level: int) -> None:
        log(said, stream=stream, level=level)
        if said == line:
            do()

    bench.host.log = watch  # type: ignore[method-assign]


# What tasks share


def test_what_tasks_were_seen_to_import_is_there_and_their_own_code_is_not(warm: Bench) -> None:
    warm.write(
        {
            "mine.py": "import sys\nV = 1\ndef f():\n    import quiet\n    return 'quiet' in sys.modules"
        }
    )
    assert warm.inline(LOOK) == ["quiet"]
    assert warm.script("mine.py", "f") is True
    assert "mine" not in (seen.read(Cache(warm.warm_cache or Path()), warm.environment.name) or [])
    assert warm.inline("import sys\ndef f():\n    return 'mine' in sys.modules") is False
    assert warm.forked == [True, True, True]


def test_no_task_sees_the_state_or_the_secrets_of_another(warm: Bench) -> None:
    source = """
import os, quiet, random
def f(word):
    quiet.STATE.append(word)
    os.environ["LEFT"] = word
    parent = os.getppid()
    looks = []
    for pid in (parent, int(open(f"/proc/{parent}/stat").read().rpartition(")")[2].split()[1])):
        for name in ("environ", "mem", "maps"):
            try:
                looks.append(open(f"/proc/{pid}/{name}", "rb").read(100))
            except OSError:
                pass
    own = open("/proc/self/environ").read()
    return [quiet.STATE, sorted(k for k in os.environ if k in ("LEFT", "TOKEN")), random.random(),
            looks, "hidden" in own, os.environ["QUIET_SET"]]
"""
    first = warm.inline(
        source, params={"word": "a"}, env={"TOKEN": "hidden"}, private=frozenset({"TOKEN"})
    )
    second = warm.inline(source, params={"word": "b"})
    assert first[0] == ["a"] and second[0] == ["b"]
    assert first[1] == ["LEFT", "TOKEN"] and second[1] == ["LEFT"]
    assert first[2] != second[2]
    assert first[3] == second[3] == []
    assert first[4:] == [False, "by quiet"]
    assert warm.forked == [True, True]


def test_a_process_holds_nothing_of_who_started_it(own: Bench, tmp_path: Path) -> None:
    with (tmp_path / "held").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        own.inline("def f(): pass")
        own.warm_up()
    (broker,) = processes(own)
    for pid in (broker, server_of(broker)):
        targets = held_by(pid)
        assert not [one for one in targets if one.name == "held"]
        assert [str(one) for one in targets if one.parent == Path("/dev")] == ["/dev/null"] * 3
        assert len(targets) <= 10
        assert os.getsid(pid) not in (0, os.getsid(0))
        environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        assert not [one for one in environ if one.startswith((b"HOME=", b"PYTEST", b"TMPDIR="))]
    assert stat.S_IMODE(warm_folder(own).stat().st_mode) == 0o700


def test_a_name_of_the_repository_goes_before_a_package(warm: Bench) -> None:
    warm.write({"quiet.py": "V = 'mine'", "a.py": "import quiet\ndef f():\n    return quiet.V"})
    assert warm.script("a.py", "f") == "mine"
    assert warm.forked == [False]


def test_what_is_said_to_python_itself_needs_an_interpreter(warm: Bench) -> None:
    source = "import sys\ndef f():\n    return sys.flags.hash_randomization"
    assert warm.inline(source, env={"PYTHONHASHSEED": "0"}) == 0
    assert warm.inline(source) == 1
    assert warm.forked == [False, True]


# What is not imported ahead


def test_packages_that_do_not_survive_a_fork_are_left_to_the_task(own: Bench) -> None:
    names = "quiet, threaded, homely, dependent, polars"
    own.inline(f"import {names}\ndef f(): pass")
    own.warm_up()
    assert own.inline(LOOK) == ["quiet"]
    source = (
        f"import {names}, os\ndef f():\n    return [polars.V, homely.HOME == os.environ['HOME']]"
    )
    assert own.inline(source) == [1, True]
    assert own.forked == [True, True]


# How it ends


@pytest.mark.long
def test_a_herd_starts_one(own: Bench) -> None:
    own.inline("def f(): pass")
    wait_for(lambda: processes(own))
    (first,) = processes(own)
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: not processes(own))
    benches = [
        Bench(own.root / str(i), own.environment, warm_cache=own.warm_cache, idle=2)
        for i in range(16)
    ]
    threads = [threading.Thread(target=one.inline, args=("def f(): pass",)) for one in benches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(processes(own)) == 1


@pytest.mark.long
def test_it_ends_when_it_is_idle_and_leaves_no_socket(own: Bench) -> None:
    own.inline("def f(): pass")
    own.warm_up()
    (broker,) = processes(own)
    server = server_of(broker)
    wait_for(lambda: not lives(broker) and not lives(server))
    assert not [one for one in warm_folder(own).iterdir() if one.is_socket()]


@pytest.mark.long
def test_it_is_replaced_with_its_environment(own: Bench) -> None:
    own.idle = 60
    own.inline("def f(): pass")
    own.warm_up()
    (broker,) = processes(own)
    os.utime(own.environment)
    own.inline("def f(): pass")
    assert own.forked == [False]
    wait_for(lambda: not lives(broker))
    own.warm_up()
    os.utime(own.environment)


@pytest.mark.long
def test_a_task_outlives_the_server_and_the_next_is_spawned(own: Bench) -> None:
    own.inline("def f(): pass")
    own.warm_up()
    (broker,) = processes(own)
    when(own, "now", lambda: os.kill(server_of(broker), signal.SIGKILL))
    source = "import time\ndef f():\n    print('now')\n    time.sleep(0.5)\n    return 1"
    assert own.inline(source) == 1
    wait_for(lambda: not lives(broker))
    assert own.inline(source.replace("now", "later")) == 1
    assert own.forked == [True, False]


@pytest.mark.long
def test_a_task_outlives_the_broker_too(own: Bench) -> None:
    own.inline("def f(): pass")
    own.warm_up()
    when(own, "now", lambda: os.kill(processes(own)[0], signal.SIGKILL))
    source = "import time\ndef f():\n    print('now')\n    time.sleep(0.5)\n    return 1"
    assert own.inline(source) == 1
    assert own.forked == [True]


@pytest.mark.long
def test_one_that_cannot_come_up_is_not_tried_again_and_again(own: Bench) -> None:
    cache = Cache(own.warm_cache or Path())
    seen.add(cache, own.environment.name, ["broken"])
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    broken = own.environment / "lib" / version / "site-packages" / "broken.py"
    broken.write_text("import os\nos._exit(3)\n")
    try:
        assert own.inline("def f():\n    return 1") == 1
        folder = cache.root / "warm"
        wait_for(lambda: list(folder.glob("*.failed")) and not processes(own))
        assert own.inline("def f():\n    return 1") == 1
        assert processes(own) == [] and own.forked == [False, False]
    finally:
        broken.unlink()


# How its tasks end

FAMILY = """
import os, sys, time
def f(last="time.sleep(600)"):
    for _ in range(2):
        if os.fork() == 0:
            os.setsid()
            if daemon := os.fork():
                os.write(1, b"pid %d\\n" % daemon)
                os._exit(0)
            time.sleep(600)
    os.wait(); os.wait()
    print("pid", os.getpid())
    print("ready")
    eval(last)
"""


def pids(bench: Bench) -> list[int]:
    lines = [line for line in bench.host.output("stdout") if line.startswith("pid ")]
    return [int(line.split()[1]) for line in lines]


def test_a_cancel_kills_all_that_was_forked(warm: Bench) -> None:
    held: list[Any] = []
    warm.started = held.append
    when(warm, "ready", lambda: held[0].kill())
    with pytest.raises(TaskFailed, match="was canceled"):
        warm.inline(FAMILY, timeout=30)
    assert len(pids(warm)) == 3 and not any(map(lives, pids(warm)))
    assert warm.forked == [True]


def test_a_time_out_kills_all_that_was_forked(warm: Bench) -> None:
    with pytest.raises(TaskFailed, match="did not end within 2 s"):
        warm.inline(FAMILY, timeout=2)
    assert len(pids(warm)) == 3 and not any(map(lives, pids(warm)))


def test_a_task_that_kills_its_keeper_ends_with_it(warm: Bench) -> None:
    with pytest.raises(TaskFailed, match="was killed together with its keeper"):
        warm.inline(
            FAMILY, params={"last": "os.kill(os.getppid(), 9) or time.sleep(600)"}, timeout=30
        )
    wait_for(lambda: not any(map(lives, pids(warm))))
    assert len(pids(warm)) == 3
    assert warm.inline("def f():\n    return 1") == 1
    assert warm.forked == [True, True]


# Who may ask


def test_who_says_nothing_or_nonsense_gets_nothing_and_stops_nobody(warm: Bench) -> None:
    folder = warm_folder(warm)
    (name,) = [one.name for one in folder.iterdir() if one.is_socket()][:1]
    for message in (b"", b"nonsense"):
        connection = Place(folder, name).connect()
        assert connection is not None
        with connection:
            if message:
                connection.send(message)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(100) == b""
    assert warm.inline("def f():\n    return 1") == 1
    assert warm.forked == [True]


def test_another_user_is_not_taken_for_ours(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        return
    listening = """
import os, socket, sys
os.setuid(65534)
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(sys.argv[1])
listener.listen()
print("ready", flush=True)
listener.accept()[0].recv(1)
"""
    tmp_path.chmod(0o777)
    argv = [sys.executable, "-c", listening, "/proc/self/cwd/false"]
    other = spawn(argv, env={"PATH": "/usr/bin:/bin"}, cwd=tmp_path, stdout=PIPE)
    assert other.stdout is not None and other.stdout.readline() == b"ready\n"
    assert (tmp_path / "false").is_socket()
    assert Place(tmp_path, "false").connect() is None
    other.wait()
    other.stdout.close()
