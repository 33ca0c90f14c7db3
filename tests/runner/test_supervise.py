"""Real processes: how tasks are found, called, end, fail and are ended."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from taxiway.errors import Invalid, TaskFailed, Unavailable
from taxiway.process import PIPE, spawn

pytestmark = pytest.mark.integration

COMMIT = "0123456789abcdef0123456789abcdef01234567"


# Scripts and what they import


def test_a_script_is_imported_under_its_dotted_name_and_stays_importable(bench: Any) -> None:
    bench.write(
        {
            "src/train.py": "import sys\ndef f():\n    return [__name__, sys.modules[__name__].__name__, sys.modules['src'].train is sys.modules[__name__]]"
        }
    )
    assert bench.script("src/train.py", "f") == ["src.train", "src.train", True]


def test_siblings_packages_and_relative_imports_resolve(bench: Any) -> None:
    bench.write(
        {
            "pipes/steps/train.py": "import near\nimport rooted\nfrom . import near as rel\nfrom ..common import C\nimport packed\nfrom pipes.common import C as D\ndef f():\n    return [near.V, rel.V, C, D, packed.V, rooted.V]",
            "pipes/steps/near.py": "V = 1",
            "pipes/__init__.py": "P = 1",
            "pipes/common.py": "from pipes import P\nC = P + 1",
            "src/packed/__init__.py": "V = 3",
            "rooted.py": "V = 4",
        }
    )
    assert bench.script("pipes/steps/train.py", "f") == [1, 1, 2, 2, 3, 4]


def test_sys_path_begins_with_the_scripts_folder_src_and_the_root(bench: Any) -> None:
    bench.write({"jobs/a.py": "import sys\ndef f():\n    return sys.path[:3]", "src/x.py": ""})
    root = str(bench.snapshot)
    assert bench.script("jobs/a.py", "f") == [f"{root}/jobs", f"{root}/src", root]


def test_subprocesses_find_the_same_modules(bench: Any) -> None:
    bench.write(
        {
            "src/train.py": "import subprocess, sys\ndef f():\n    return subprocess.check_output([sys.executable, '-c', 'import near, src.train; print(near.V)'], text=True)",
            "src/near.py": "V = 1",
        }
    )
    assert bench.script("src/train.py", "f") == "1\n"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_finds_functions_of_the_script(bench: Any, method: str) -> None:
    bench.write(
        {
            "src/train.py": (
                "import multiprocessing, near\n"
                "def square(x):\n    return x * x + near.ZERO\n"
                "def f(method):\n"
                "    with multiprocessing.get_context(method).Pool(2) as pool:\n"
                "        return pool.map(square, [1, 2, 3])\n"
                "if __name__ == '__main__':\n    raise SystemExit('guarded')\n"
            ),
            "src/near.py": "ZERO = 0",
        }
    )
    assert bench.script("src/train.py", "f", params={"method": method}) == [1, 4, 9]


def test_files_of_the_repository_are_read_from_the_working_directory_and_beside_the_script(
    bench: Any,
) -> None:
    bench.write(
        {
            "src/train.py": "import pathlib\ndef f():\n    return [open('data/a.csv').read(), (pathlib.Path(__file__).parent / 'b.txt').read_text()]",
            "data/a.csv": "1,2",
            "src/b.txt": "b",
        }
    )
    assert bench.script("src/train.py", "f") == ["1,2", "b"]


def test_new_files_can_be_written_and_are_gone_afterwards(bench: Any) -> None:
    source = "import os\ndef f():\n    os.makedirs('mlruns/1')\n    open('mlruns/1/plot.png', 'w').write('x')\n    os.chmod('mlruns/1', 0)\n    return os.path.getsize('mlruns')"
    assert bench.inline(source) > 0
    assert bench.workspaces == []


def test_a_missing_script_or_function_is_named(bench: Any) -> None:
    bench.write({"a.py": "x = 1"})
    with pytest.raises(Invalid, match=r"no file b\.py") as missing:
        bench.script("b.py", "f")
    assert missing.value.code == "script-not-found"
    with pytest.raises(Invalid, match=r"a\.py has no function f") as missing:
        bench.script("a.py", "f")
    assert missing.value.code == "function-not-found"


# Inline tasks


def test_inline_code_may_import_and_decorate_beside_its_one_function(bench: Any) -> None:
    source = "import functools\nN = 2\n@functools.lru_cache\ndef anything(x: int = 3):\n    return x * N\n"
    assert bench.inline(source, params={"x": 5}) == 10


def test_of_several_inline_functions_the_one_named_like_the_task_is_called(bench: Any) -> None:
    source = "def help():\n    return 1\ndef train():\n    return help() + 1\n"
    assert bench.inline(source, task="train") == 2
    with pytest.raises(Invalid, match="defines 2 functions, and none named other"):
        bench.inline(source, task="other")
    with pytest.raises(Invalid, match="defines no function"):
        bench.inline("x = 1")


def test_an_inline_traceback_shows_its_source(bench: Any) -> None:
    with pytest.raises(TaskFailed, match="ZeroDivisionError") as failed:
        bench.inline("def f():\n    a = 0\n    return 1 / a\n", task="report it")
    assert (
        'File "task report it", line 3, in f\n    return 1 / a\n'
        in failed.value.context["traceback"]
    )


def test_inline_code_sees_the_repository(bench: Any) -> None:
    bench.write({"src/near.py": "V = 7"})
    assert bench.inline("def f():\n    import near, src.near\n    return near.V + src.near.V") == 14


# Calling


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("def f(context, **kwargs)", ["2026-01-02", {"a": 1, "b": "{{ ds }}"}]),
        ("def f(context, a, b)", ["2026-01-02", {"a": 1, "b": "{{ ds }}"}]),
        ("def f(a, b, *, context)", ["2026-01-02", {"a": 1, "b": "{{ ds }}"}]),
        ("def f(context, /, a, b=0)", ["2026-01-02", {"a": 1, "b": "{{ ds }}"}]),
    ],
)
def test_params_arrive_as_written_and_context_where_it_is_taken(
    bench: Any, head: str, expected: Any
) -> None:
    body = (
        "    kwargs = locals().get('kwargs') or {'a': a, 'b': b}\n" if "kwargs" not in head else ""
    )
    source = f"{head}:\n{body}    return [context['ds'], kwargs]"
    params = {"a": 1, "b": "{{ ds }}"}
    context = {"logical_date": "2026-01-02T03:04:05+00:00"}
    assert bench.inline(source, params=params, context=context) == expected


def test_a_function_without_context_is_called_without_it(bench: Any) -> None:
    assert bench.inline("def f(a, **kw):\n    return sorted(kw)", params={"a": 1, "b": 2}) == ["b"]
    assert bench.inline("def f():\n    return 1") == 1


def test_params_that_do_not_fit_are_named(bench: Any) -> None:
    with pytest.raises(Invalid) as refused:
        bench.inline("def f(epochs, lr):\n    pass", params={"lr": 1, "depth": 2, "width": 3})
    assert refused.value.code == "params-refused"
    assert "f() does not take depth, width and needs epochs" in refused.value.message


def test_the_context_has_what_airflow_users_expect(bench: Any) -> None:
    source = (
        "def f(context):\n"
        "    c = context\n"
        "    assert c['logical_date'].tzinfo and c['data_interval_end'].tzinfo\n"
        "    return [c['ds'], c['ts'], c['data_interval_start'].isoformat(), c['run_id'], c['dag_id'],\n"
        "            c['task_id'], c['try_number'], c['params'], c['conf'], c['ti'].task_id, c['dag_run'].conf]"
    )
    context = {
        "run_id": "r1",
        "dag_id": "d",
        "task_id": "t",
        "try_number": 2,
        "conf": {"x": 1},
        "run_after": "2026-03-04T05:06:07+00:00",
    }
    assert bench.inline(source, context=context, params={}) == [
        "2026-03-04",
        "2026-03-04T05:06:07+00:00",
        "2026-03-04T05:06:07+00:00",
        "r1", "d", "t", 2, {}, {"x": 1}, "t", {"x": 1},
    ]  # fmt: skip


def test_an_async_function_is_awaited_and_a_generator_refused(bench: Any) -> None:
    assert (
        bench.inline("import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 5")
        == 5
    )
    with pytest.raises(TaskFailed, match="returned a generator") as refused:
        bench.inline("def f():\n    yield 1")
    assert refused.value.code == "value-not-storable"


# Ends


def test_a_traceback_shows_only_the_users_frames_with_the_commit(bench: Any) -> None:
    bench.write(
        {
            "src/train.py": "from deep import boom\ndef train(context, **kw):\n    try:\n        boom()\n    except ValueError as e:\n        raise RuntimeError('wrapped') from e",
            "src/deep.py": "def boom():\n    raise ValueError('inner')",
        }
    )
    with pytest.raises(TaskFailed) as failed:
        bench.script("src/train.py", "train")
    assert failed.value.code == "task-raised"
    assert failed.value.message.startswith(
        "RuntimeError: wrapped (src/train.py:6 in train, commit 0123456789ab"
    )
    assert failed.value.context["traceback"].splitlines() == [
        "Traceback (most recent call last):",
        '  File "src/train.py", line 4, in train',
        "    boom()",
        '  File "src/deep.py", line 2, in boom',
        "    raise ValueError('inner')",
        "ValueError: inner",
        "",
        "The above exception was the direct cause of the following exception:",
        "",
        "Traceback (most recent call last):",
        '  File "src/train.py", line 6, in train',
        "    raise RuntimeError('wrapped') from e",
        "RuntimeError: wrapped",
        f"at commit {COMMIT}",
    ]
    assert '  File "src/train.py", line 6, in train' in bench.host.output("taxiway")


def test_a_syntax_error_and_a_missing_package_are_told_by_their_place(bench: Any) -> None:
    bench.write({"a.py": "def f(:\n", "b.py": "import pandas\ndef f(): pass"})
    with pytest.raises(TaskFailed, match=r"SyntaxError: .*\(a.py:1\)") as failed:
        bench.script("a.py", "f")
    assert str(bench.snapshot) not in failed.value.context["traceback"]
    with pytest.raises(TaskFailed, match="No module named 'pandas'") as failed:
        bench.script("b.py", "f")
    assert "add it to requirements.txt" in failed.value.hint


def test_exit_statuses(bench: Any) -> None:
    assert bench.inline("import sys\ndef f():\n    sys.exit()") is None
    assert bench.inline("import sys\ndef f():\n    sys.exit(0)") is None
    for code in ("sys.exit(3)", "os._exit(3)"):
        with pytest.raises(TaskFailed, match="exited with status 3") as failed:
            bench.inline(f"import os, sys\ndef f():\n    {code}")
        assert failed.value.code == "task-exited"
    with pytest.raises(TaskFailed, match="status 1"):
        bench.inline("import sys\ndef f():\n    sys.exit('no data')")
    assert "no data" in bench.host.output("stderr")
    with pytest.raises(TaskFailed, match="before its function returned"):
        bench.inline("import os\ndef f():\n    os._exit(0)")


def test_a_killed_process_says_by_what(bench: Any) -> None:
    with pytest.raises(TaskFailed, match="was killed by SIGKILL") as failed:
        bench.inline("import os\ndef f():\n    os.kill(os.getpid(), 9)")
    assert failed.value.code == "task-killed"
    assert "memory" in failed.value.hint
    with pytest.raises(TaskFailed, match="SIGSEGV"):
        bench.inline("import os, signal\ndef f():\n    os.kill(os.getpid(), signal.SIGSEGV)")


def test_a_crash_after_the_value_was_returned_is_only_noted(bench: Any) -> None:
    assert (
        bench.inline(
            "import atexit, os\ndef f():\n    atexit.register(lambda: os._exit(9))\n    return 1"
        )
        == 1
    )
    assert any("exited with status 9" in line for line in bench.host.output("taxiway"))


def test_an_interpreter_that_is_gone_is_unavailable(bench: Any) -> None:
    bench.may_spawn = True
    with pytest.raises(Unavailable, match="could not be started") as failed:
        bench.inline("def f(): pass", python=bench.environment / "bin" / "activate")
    assert failed.value.code == "task-not-started"


# Output


def test_lines_arrive_while_the_task_runs(bench: Any) -> None:
    seen = threading.Event()
    log = bench.host.log

    def watch(line: str, *, stream: str, level: int) -> None:
        log(line, stream=stream, level=level)
        if line == "first":
            bench.host.variables["go"] = "1"
            seen.set()

    bench.host.log = watch
    source = (
        "import time\n"
        "def f(context):\n"
        "    print('first')\n"
        "    while context['var']['value'].get('go', None) is None:\n"
        "        time.sleep(0.01)\n"
        "    return 1\n"
    )
    assert bench.inline(source, timeout=30) == 1
    assert seen.is_set()


def test_records_keep_their_level_and_logger_and_prints_their_stream(bench: Any) -> None:
    bench.inline(
        "import logging, sys\nlog = logging.getLogger('my.lib')\ndef f():\n    log.debug('d')\n    log.info('i %s', 1)\n    log.error('two\\nlines')\n    print('out')\n    print('err', file=sys.stderr)\n    print('::group::x')"
    )
    assert ("i 1", "my.lib", logging.INFO) in bench.host.lines
    assert ("two", "my.lib", logging.ERROR) in bench.host.lines
    assert ("lines", "my.lib", logging.ERROR) in bench.host.lines
    assert ("out", "stdout", logging.INFO) in bench.host.lines
    assert ("err", "stderr", logging.INFO) in bench.host.lines
    assert ":: group::x" in bench.host.output("stdout")
    assert "d" not in bench.host.output()


def test_a_logged_exception_shows_only_the_users_frames(bench: Any) -> None:
    bench.write(
        {
            "a.py": "import logging\ndef f():\n    try:\n        1/0\n    except ZeroDivisionError:\n        logging.exception('oops')"
        }
    )
    bench.script("a.py", "f")
    assert '  File "a.py", line 4, in f' in bench.host.output("root")


def test_logging_imported_before_or_by_a_package_is_set_up_too(bench: Any) -> None:
    bench.inline("def f():\n    import asyncio\n    import logging\n    logging.info('late')")
    assert ("late", "root", logging.INFO) in bench.host.lines


def test_forked_children_may_log(bench: Any) -> None:
    bench.inline(
        "import logging, os\ndef f():\n    pid = os.fork()\n    if pid == 0:\n        logging.warning('child')\n        os._exit(0)\n    os.waitpid(pid, 0)"
    )
    assert ("child", "root", logging.WARNING) in bench.host.lines


# Questions


def test_values_variables_and_connections_are_asked_for(bench: Any) -> None:
    bench.host.xcom["load", "return_value"] = {"__taxiway__": "tuple", "items": [1, 2]}
    bench.host.variables["limit"] = "5"
    bench.host.variables["settings"] = '{"a": 1}'
    bench.host.connections["db"] = {"host": "h", "login": "u", "extra": '{"x": 2}'}
    source = (
        "def f(context):\n"
        "    ti = context['ti']\n"
        "    assert ti.xcom_pull('load') == (1, 2)\n"
        "    assert ti.xcom_pull(task_ids=['load', 'none']) == [(1, 2), None]\n"
        "    assert ti.xcom_pull(task_ids='none', default=4) == 4\n"
        "    ti.xcom_push('mine', {1: 'x'})\n"
        "    ti.xcom_push(key='big', value='y' * 300_000)\n"
        "    assert len(ti.xcom_pull(key='big')) == 300_000\n"
        "    v = context['var']['value']\n"
        "    assert v.get('limit') == v['limit'] == v.limit == '5' and v.get('no', 1) == 1\n"
        "    assert context['var']['json'].settings == {'a': 1}\n"
        "    c = context['conn'].get('db')\n"
        "    return [c.host, c.extra_dejson['x'], ti.xcom_pull(key='mine')[1]]\n"
    )
    assert bench.inline(source) == ["h", 2, "x"]


def test_threads_of_questions_and_lines_do_not_mix(bench: Any) -> None:
    for i in range(3):
        bench.host.variables[f"v{i}"] = str(i) * 1000
    source = (
        "import logging, threading\n"
        "def f(context):\n"
        "    wrong = []\n"
        "    def ask(i):\n"
        "        for _ in range(100):\n"
        "            if context['var']['value'].get(f'v{i}') != str(i) * 1000:\n"
        "                wrong.append(i)\n"
        "    def talk():\n"
        "        for i in range(1000):\n"
        "            logging.info('line %d %s', i, 'x' * 50)\n"
        "            print('out', i)\n"
        "    threads = [threading.Thread(target=ask, args=(i,)) for i in range(3)] + [threading.Thread(target=talk)]\n"
        "    [t.start() for t in threads]\n"
        "    [t.join() for t in threads]\n"
        "    return wrong\n"
    )
    assert bench.inline(source) == []
    assert bench.host.output("root") == [f"line {i} {'x' * 50}" for i in range(1000)]
    assert bench.host.output("stdout") == [f"out {i}" for i in range(1000)]


def test_what_the_host_raises_is_what_run_raises_unless_it_is_caught(bench: Any) -> None:
    def answer(question: dict[str, Any]) -> dict[str, Any]:
        raise Unavailable("airflow-down", "Airflow does not answer")

    bench.host.answer = answer
    with pytest.raises(Unavailable, match="does not answer"):
        bench.inline("def f(context):\n    context['ti'].xcom_pull('a')")
    assert bench.inline(
        "def f(context):\n    try:\n        context['ti'].xcom_pull('a')\n    except RuntimeError as e:\n        return str(e)"
    ).endswith("Airflow does not answer")


# Ending them


def test_time_out_kills_everything(bench: Any) -> None:
    source = "import os, time\ndef f():\n    if os.fork() == 0:\n        os.setsid()\n    os.write(1, b'pid %d\\n' % os.getpid())\n    time.sleep(600)"
    for seconds in (1, 4, 16):  # a busy machine gets more time to begin
        with pytest.raises(TaskFailed, match=f"did not end within {seconds} s") as failed:
            bench.inline(source, timeout=seconds)
        assert failed.value.code == "task-timed-out"
        if len(pids_of(bench)) >= 2:
            break
    assert len(pids_of(bench)) >= 2
    assert not any(lives(pid) for pid in pids_of(bench))


def test_time_out_in_the_middle_of_a_question_waits_for_its_answer(bench: Any) -> None:
    asked, answered = [], []

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        asked.append(question)
        time.sleep(seconds + 0.2)  # the time of the task is over by then
        answered.append(question)
        return {"value": 1}

    bench.host.answer = answer
    for seconds in (0.4, 2, 8):  # a busy machine gets more time to ask
        with pytest.raises(TaskFailed) as failed:
            bench.inline("def f(context):\n    context['ti'].xcom_pull('a')", timeout=seconds)
        assert failed.value.code == "task-timed-out"
        assert answered == asked
        if asked:
            break
    assert len(answered) == 1


DAEMONS = """
import os, sys, time
def f(stay=False):
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if daemon := os.fork():
                os.write(1, f"pid {daemon}\\n".encode())
                os._exit(0)
            while True:
                time.sleep(60)
    os.wait(); os.wait(); os.wait()
    print("pid", os.getpid())
    print("ready")
    while stay:
        time.sleep(60)
    time.sleep(0.3)
"""


def pids_of(bench: Any) -> list[int]:
    lines = [line for line in bench.host.output("stdout") if line.startswith("pid ")]
    return [int(line.split()[1]) for line in lines]


def lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_daemons_that_hold_the_output_end_with_the_task(bench: Any) -> None:
    bench.inline(DAEMONS, timeout=60)  # a daemon that is waited for is one that is timed out
    assert len(pids_of(bench)) == 4
    assert not any(lives(pid) for pid in pids_of(bench))


def test_cancel_from_a_signal_handler_leaves_nothing(bench: Any) -> None:
    log = bench.host.log

    def watch(line: str, *, stream: str, level: int) -> None:
        log(line, stream=stream, level=level)
        if line == "ready":
            os.kill(os.getpid(), signal.SIGUSR1)

    bench.host.log = watch
    bench.started = lambda supervision: signal.signal(signal.SIGUSR1, lambda *_: supervision.kill())
    with pytest.raises(TaskFailed, match="was canceled") as failed:
        bench.inline(DAEMONS, params={"stay": True}, timeout=30)
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    assert failed.value.code == "task-canceled"
    assert len(pids_of(bench)) == 4
    assert not any(lives(pid) for pid in pids_of(bench))


def test_cancel_before_the_start_ends_it_too(bench: Any) -> None:
    bench.started = lambda supervision: supervision.kill()
    with pytest.raises(TaskFailed, match="was canceled"):
        bench.inline("import time\ndef f():\n    time.sleep(60)", timeout=30)


def test_nothing_is_left_when_the_operators_process_is_killed(bench: Any) -> None:
    """The supervisor gets SIGKILL: daemons and workspace go away by themselves."""
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from conftest import Bench
bench = Bench(Path({str(bench.root)!r}), Path({str(bench.environment)!r}))
bench.warm_cache = {str(bench.warm_cache or "")!r} and Path({str(bench.warm_cache or "")!r})
def log(line, *, stream, level):
    print(line, flush=True)
bench.host.log = log
bench.inline({DAEMONS!r}, params={{"stay": True}})
"""
    operator = spawn([sys.executable, "-c", script], env={"PATH": os.environ["PATH"]}, stdout=PIPE)
    assert operator.stdout is not None
    pids = []
    for line in operator.stdout:
        if line.startswith(b"pid "):
            pids.append(int(line.split()[1]))
        if line == b"ready\n":
            break
    assert len(pids) == 4
    assert len(bench.workspaces) == 1
    operator.kill()
    operator.wait()
    operator.stdout.close()
    until = time.monotonic() + 60
    while any(map(lives, pids)) or bench.workspaces:
        assert time.monotonic() < until, "something is left"
        time.sleep(0.02)
