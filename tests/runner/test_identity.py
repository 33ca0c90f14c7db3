"""Who user code is, rung by rung; these run as root where that is the point."""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from taxiway.errors import Invalid
from taxiway.process import PIPE, spawn
from taxiway.runner.identity import Identity, User, Ways, choose_identity, find_user

AS_ROOT = os.geteuid() == 0

TRY_TO_WRITE = """
import os
def f(context=None):
    out = {"uid": os.getuid()}
    for name, attempt in {
        "open": lambda: open("data/a.csv", "a").write("x"),
        "create": lambda: open("data/new", "w"),
        "unlink": lambda: os.unlink("data/a.csv"),
        "rename": lambda: os.rename("data/a.csv", "data/b"),
        "module": lambda: open(__import__("near").__file__, "a").write("x"),
    }.items():
        try:
            attempt()
            out[name] = "done"
        except OSError as error:
            out[name] = error.errno
    return out
"""
FILES = {"data/a.csv": "1,2", "near.py": "V = 1", "a.py": TRY_TO_WRITE}


def refused(out: dict[str, Any]) -> bool:
    return all(
        out[name] in (1, 13, 30) for name in ("open", "create", "unlink", "rename", "module")
    )


@pytest.mark.parametrize("user", ["nobody", "root"])
def test_a_write_through_a_link_never_reaches_the_snapshot(bench: Any, user: str) -> None:
    bench.write(FILES)
    bench.run_as_user = user
    out = bench.script("a.py", "f")
    assert refused(out), out
    assert (out["uid"] == 0) == (AS_ROOT and user == "root")
    assert {p.name for p in (bench.snapshot / "data").iterdir()} == {"a.csv"}
    assert (bench.snapshot / "data/a.csv").read_text() == "1,2"


def test_chmod_does_not_help(bench: Any) -> None:
    bench.write(FILES)
    source = "import os\ndef f():\n    try:\n        os.chmod(os.path.realpath('data/a.csv'), 0o666)\n    except OSError as e:\n        return e.errno"
    if AS_ROOT:
        for bench.run_as_user in ("nobody", "root"):
            assert bench.inline(source) in (1, 30)


def test_where_mounts_are_not_permitted_root_has_no_capabilities(bench: Any) -> None:
    bench.write(FILES)
    bench.identity = Identity("root", bare=AS_ROOT)
    out = bench.script("a.py", "f")
    assert refused(out), out
    caps = bench.inline(
        "def f():\n    return [l.split()[1] for l in open('/proc/self/status') if l.startswith('Cap')]"
    )
    if AS_ROOT:
        assert set(caps) == {"0" * 16}
        warnings = [line for line in bench.host.output("taxiway") if "without capabilities" in line]
        assert len(warnings) == 2  # one a task run
    assert (
        bench.inline("def f():\n    open('new', 'w').write('x')\n    return open('new').read()")
        == "x"
    )


def test_a_worker_that_may_not_mount_falls_to_that_rung_with_a_warning(bench: Any) -> None:
    if not AS_ROOT:
        return
    bench.write(FILES)
    script = f"""
import ctypes, sys
# what a container without CAP_SYS_ADMIN is like: PR_CAPBSET_DROP
assert ctypes.CDLL(None).prctl(24, 21, 0, 0, 0) == 0
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from conftest import Bench
bench = Bench(Path({str(bench.root)!r}), Path({str(bench.environment)!r}), Path({str(bench.snapshot)!r}))
print(bench.script("a.py", "f"))
print(bench.inline("def f(): return open('new', 'w').write('x')"))
print(*bench.host.output("taxiway"), sep="|")
"""
    worker = spawn(
        [sys.executable, "-c", script],
        env={"PATH": os.environ["PATH"]},
        stdout=PIPE,
    )
    said, written, warnings = worker.communicate(timeout=60)[0].decode().splitlines()
    assert refused(ast.literal_eval(said)), said
    assert ast.literal_eval(said)["uid"] == 0
    assert written == "1"
    assert warnings.count("unshare: Operation not permitted") == 2  # one a task run


@pytest.mark.parametrize("user", ["nobody", "root"])
def test_user_code_cannot_read_the_workers_environment_nor_reach_its_descriptors(
    bench: Any, user: str
) -> None:
    bench.run_as_user = user
    source = (
        "import os\n"
        "def f():\n"
        "    out = []\n"
        "    pid = os.getppid()\n"
        "    worker = int(open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()[1])\n"
        "    for p in (pid, worker):\n"
        "        for name in ('environ', 'mem', 'fd/0'):\n"
        "            try:\n"
        "                open(f'/proc/{p}/{name}', 'rb').read(1)\n"
        "                out.append(f'{p} {name}')\n"
        "            except OSError:\n"
        "                pass\n"
        "        try:\n"
        "            os.kill(p, 0)\n"
        "            out.append(f'{p} kill')\n"
        "        except OSError:\n"
        "            pass\n"
        "    return out\n"
    )
    if AS_ROOT and user == "nobody":
        found = bench.inline(source)
        # Who forked it has its uid: it may end itself so, and is the worse for it alone.
        assert [one for one in found if not (bench.warm_cache and one.endswith("kill"))] == []


def test_user_code_has_no_stdin_no_other_descriptors_and_its_own_session(bench: Any) -> None:
    source = (
        "import os, resource\n"
        "def f():\n"
        "    fds = {int(n): os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') if os.path.lexists(f'/proc/self/fd/{n}')}\n"
        "    status = open('/proc/self/status').read()\n"
        "    return [os.read(0, 1), fds[0], sorted(fds)[:4], len(fds), os.getsid(0) == os.getpid(),\n"
        "            resource.getrlimit(resource.RLIMIT_CORE), 'NoNewPrivs:\\t1' in status]\n"
    )
    leak = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(leak, True)
    encoded = bench.inline(source)
    os.close(leak)
    assert encoded[1:4] == ["/dev/null", [0, 1, 2, 3], 4]
    assert encoded[4] is True
    assert encoded[5]["items"] == [0, 0]
    assert encoded[6] is True


def test_the_channel_is_not_inherited_by_subprocesses(bench: Any) -> None:
    source = "import subprocess, sys\ndef f():\n    return subprocess.run([sys.executable, '-c', 'import os; print(sorted(os.listdir(\"/proc/self/fd\")))'], close_fds=False, capture_output=True, text=True).stdout"
    assert bench.inline(source) == "['0', '1', '2', '3']\n"  # 3 is that very listing


def test_closed_folders_on_the_way_are_covered_and_their_secrets_gone(
    bench: Any, tmp_path: Path
) -> None:
    if not AS_ROOT:
        return
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0o644)
    bench.write(
        {
            "a.py": "import os\ndef f(path):\n    return [os.path.exists(path), os.path.exists(__file__)]"
        }
    )
    assert bench.script("a.py", "f", params={"path": str(tmp_path / "secret")}) == [False, True]


def test_user_code_cannot_uncover_them(bench: Any) -> None:
    if AS_ROOT:
        source = (
            "import ctypes\ndef f(path):\n    return ctypes.CDLL(None).umount2(path.encode(), 2)"
        )
        assert bench.inline(source, params={"path": str(bench.root.parent)}) == -1


def test_a_folder_that_closes_itself_leads_to_the_last_rung(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    if AS_ROOT:
        chosen = choose_identity("nobody", needed=[closed], written=[], owned=[])
        assert chosen.bare
    user = User("nobody", 65534, 65534, ())
    assert Ways(user).first_blocked(closed / "x") is not None or not AS_ROOT
    assert Ways(user).first_blocked(Path("/usr/bin")) is None


def test_an_unknown_user_is_refused() -> None:
    with pytest.raises(Invalid, match="no user nobody-of-that-name"):
        find_user("nobody-of-that-name")
    assert find_user("12345").uid == 12345


def test_no_folder_is_looked_at_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Path] = []
    look = Path.stat
    monkeypatch.setattr(Path, "stat", lambda path, **how: looked.append(path) or look(path, **how))
    ways = Ways(User("ada", 12345, 12345, ()))
    for name in "abc":
        ways.first_blocked(tmp_path / name)
        ways.may_enter(tmp_path)
    assert looked and len(looked) == len(set(looked))
